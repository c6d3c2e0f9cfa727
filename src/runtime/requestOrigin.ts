import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** "Any address of this machine" is no address to ask at, but browsers take it for one, and for nobody's in particular. */
const ANY_ADDRESS = new Set(['0.0.0.0', '[::]', '[::ffff:0:0]']);

/**
 * Whether a Host header names this machine rather than somebody's domain: `localhost`, an IP address, or one of
 * `names`. A page can make its own domain point here and then count as the same site (DNS rebinding), but the
 * browser goes on saying that domain's name.
 */
export function isOwnName(hostHeader: string | undefined, ...names: readonly string[]): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d*)?$/.exec(hostHeader ?? '') ?? [];
  const name = (bracketed ?? plain ?? '').toLowerCase();
  if (isIP(name) !== 0) return !ANY_ADDRESS.has(new URL(`http://${bracketed ? `[${name}]` : name}`).hostname);
  return name === 'localhost' || (name !== '' && names.some((own) => own.toLowerCase() === name));
}

/**
 * Whether a browser sent this on behalf of a page from elsewhere. `hosts` are the names by which the page would have to
 * have come from here, the Host header first of all. Schemes are not compared: TLS may end in front.
 *
 * Browsers say where a page is from in `Origin` on whatever is no plain GET; `Sec-Fetch-Site` they send to addresses
 * they trust only. What sends neither is no browser.
 */
export function isFromElsewhere(
  headers: IncomingHttpHeaders,
  ...hosts: readonly (string | undefined)[]
): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  // `null` is a page that does not say where it is from: a sandbox, a file, a redirect.
  const from = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!from || !/^https?:$/.test(from.protocol)) return true;
  return !hosts.some((host) => host !== undefined && hostOf(from.protocol, host) === from.host);
}

/** As URLs have it: lower case, and without the port that the scheme has anyway. */
function hostOf(protocol: string, host: string): string | undefined {
  const url = `${protocol}//${host}`;
  return URL.canParse(url) ? new URL(url).host : undefined;
}
