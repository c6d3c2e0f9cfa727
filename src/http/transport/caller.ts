import { isIP, isIPv6 } from 'node:net';
import type { Request, Response } from 'express';
import type { Person } from '../../access/person.ts';
import { type AccessRole, includesRole } from '../../access/roles.ts';
import { HttpProblem } from './problem.ts';

/** The client's address, as far as TRUST_PROXY lets it be known. */
export function clientAddress(request: Request): string {
  const forwarded = withoutPort(request.ip ?? '');
  const address = isIP(forwarded) === 0 ? (request.socket.remoteAddress ?? '') : forwarded;
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/**
 * Whom requests are counted against when there is no key. Behind a proxy that TRUST_PROXY names it is the client's
 * address, otherwise that of whoever holds the connection; so it is when the proxy writes something else than an
 * address, which clients could make up anew for each request. Of IPv6 it is the first half: one customer has the rest.
 */
export function addressOf(request: Request): string {
  const address = clientAddress(request);
  return isIPv6(address) ? networkOf(address) : address;
}

/** Some proxies write the client's port as well, another one for each connection. */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

/** Notes who makes a request to the operators' pages, and what they may there; where nobody must sign in that is everything. */
export function setPerson(response: Response, person: Person, role: AccessRole = 'admin'): void {
  response.locals.person = person;
  response.locals.role = role;
}

/** @throws HttpProblem when whoever makes a request may less */
export function refuseBelow(wanted: AccessRole, response: Response): void {
  const { kind } = personOf(response);
  const role = response.locals.role as AccessRole;
  if (includesRole(role, wanted)) return;
  throw new HttpProblem(403, {
    kind: 'forbidden',
    detail: `This needs the role ${wanted}, and this ${kind} has ${role}`,
  });
}

/** Who makes it. Throws when no guard has asked: then nobody would know who changed something. */
export function personOf(response: Response): Person {
  const person = response.locals.person as Person | undefined;
  if (person === undefined) throw new Error('nobody asked who makes this request');
  return person;
}

/** What a request shows to be let in. */
type Presented =
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
