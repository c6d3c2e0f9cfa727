import { hash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

export interface AdminLogin {
  user: string;
  password: string;
}

/** What a request shows to be let in. */
export type Presented =
  | { kind: 'nothing' }
  | { kind: 'key'; key: string }
  /** `text` is `user:password`. */
  | { kind: 'password'; text: string };

/**
 * `X-API-Key` goes before `Authorization`: a browser that is logged in as admin adds the latter by itself. A key in
 * the URL is not accepted, because URLs are logged on their way.
 */
export function presentedBy(request: Request): Presented {
  const header = request.headers['x-api-key'];
  if (header !== undefined) return { kind: 'key', key: String(header).trim() };
  const { authorization } = request.headers;
  if (authorization === undefined) return { kind: 'nothing' };
  const [scheme = '', rest = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'bearer') return { kind: 'key', key: rest };
  const text = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : '';
  return { kind: 'password', text };
}

/** Whether a text is `user:password` of the admin. Nobody is, without one configured. */
export function adminCheck(admin: AdminLogin | undefined): (text: string) => boolean {
  if (!admin) return () => false;
  const expected = digest(`${admin.user}:${admin.password}`);
  // Digests have one length: the comparison takes the same time however wrong the guess is.
  return (text) => timingSafeEqual(digest(text), expected);
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
