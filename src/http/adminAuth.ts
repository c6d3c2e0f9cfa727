import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { sendProblem } from './problem.ts';

/** Basic authentication for the operators' pages. Without credentials configured they are open. */
export function adminAuth(admin: { user: string; password: string } | undefined): RequestHandler {
  if (!admin) return (_request, _response, next) => next();
  const expected = digest(`${admin.user}:${admin.password}`);
  return (request, response, next) => {
    const [scheme, encoded = ''] = (request.headers.authorization ?? '').split(' ');
    const given = scheme?.toLowerCase() === 'basic' ? Buffer.from(encoded, 'base64').toString('utf8') : '';
    // Digests have one length: the comparison takes the same time however wrong the guess is.
    if (timingSafeEqual(digest(given), expected)) return next();
    response.set('WWW-Authenticate', 'Basic realm="order-pipeline", charset="UTF-8"');
    sendProblem(response, 401, {
      kind: 'unauthorized',
      detail: 'These pages need the admin user and password',
    });
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
