import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';

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
