import { isIP } from 'node:net';

/**
 * Whether a Host header names this machine rather than somebody's domain: `localhost`, an IP address, or the name it
 * listens on. A page can make its own domain point here and then count as the same site (DNS rebinding), but the
 * browser goes on saying that domain's name.
 */
export function isOwnName(hostHeader: string | undefined, listensOn: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d*)?$/.exec(hostHeader ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  return name === 'localhost' || isIP(name) !== 0 || (name !== '' && name === listensOn.toLowerCase());
}
