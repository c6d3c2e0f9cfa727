import { isIPv6 } from 'node:net';
import type { Request } from 'express';

/**
 * Whom requests are counted against when there is no key. Behind a proxy that TRUST_PROXY names it is the client's
 * address, otherwise that of whoever holds the connection. Of IPv6 it is the first half: one customer has the rest.
 */
export function addressOf(request: Request): string {
  const address = request.ip ?? '';
  if (address.startsWith('::ffff:')) return address.slice('::ffff:'.length);
  return isIPv6(address) ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
