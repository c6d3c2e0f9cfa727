import { isIPv6 } from 'node:net';

/** Each says where Redis is; set to nothing, all of them, it is one of our own. */
export const REDIS_PLACES = [
  'REDIS_URL',
  'REDIS_HOST',
  'REDIS_PORT',
  'REDIS_CLUSTER_NODES',
  'REDIS_SENTINELS',
];

/** One server: a host name, or an address without brackets. */
export interface Endpoint {
  host: string;
  port: number;
}

/** What a REDIS_URL says. ioredis would take options of any kind from its query; nothing here comes from there. */
export interface RedisUrl extends Endpoint {
  tls: boolean;
  username?: string;
  password?: string;
  db?: number;
}

const DEFAULT_PORT = 6379;
const SCHEME = /^rediss?:\/\//i;
const HOST_NAME = /^[^\s:/@[\]?#,]+$/;

/** A host name or address, in brackets or not; undefined when it is neither. */
export function parseHost(text: string): string | undefined {
  const host = text.trim();
  const inBrackets = /^\[(.*)\]$/.exec(host)?.[1];
  if (inBrackets !== undefined) return isIPv6(inBrackets) ? inBrackets : undefined;
  return isIPv6(host) || HOST_NAME.test(host) ? host : undefined;
}

/** `host:port,[::1]:port`; undefined when anything in it is not that. One named twice is there once. */
export function parseEndpoints(text: string): Endpoint[] | undefined {
  const found = new Map<string, Endpoint>();
  for (const part of text.split(',')) {
    const [, name = '', digits] = /^\s*(\[[^\]]+\]|[^\s:[\]]+):(\d{1,5})\s*$/.exec(part) ?? [];
    const host = parseHost(name);
    const port = Number(digits);
    if (host === undefined || !isPort(port)) return undefined;
    found.set(`${host} ${port}`, { host, port });
  }
  return [...found.values()];
}

/** The parts of a URL, or what is wrong with it, as the end of a sentence that begins with the variable's name. */
export function parseRedisUrl(given: string): RedisUrl | { problem: string } {
  const text = given.trim();
  if (!SCHEME.test(text)) return { problem: 'must be a URL starting with redis:// or rediss://' };
  const [login, rest] = splitLogin(text.replace(SCHEME, ''));
  if (login !== undefined && isUnescaped(login)) return { problem: UNESCAPED };
  if (login !== undefined && /^[^:]+:?$/.test(login)) return { problem: HALF_LOGIN };
  if (!URL.canParse(text)) return { problem: 'must be a URL like redis://:password@host:6379/0' };
  const { hostname, port, protocol, pathname, searchParams } = new URL(text);
  const host = parseHost(hostname);
  if (host === undefined) return { problem: 'must name a host, as redis://host:6379 does' };
  if (port !== '' && !isPort(Number(port))) return { problem: 'must have a port from 1 to 65535' };
  if (rest.includes('?')) return { problem: `must have no parameters${namesOf(searchParams)}: ${ELSEWHERE}` };
  if (rest.includes('#')) return { problem: 'must not contain a #: in a password it is written %23' };
  const db = pathname.replace(/^\//, '');
  if (!/^\d{0,7}$/.test(db)) {
    return {
      problem: `must end in the number of a database, as in /2, and ends in ${JSON.stringify(`/${db}`)}`,
    };
  }
  return {
    host,
    port: Number(port || DEFAULT_PORT),
    tls: protocol === 'rediss:',
    ...loginOf(login ?? ''),
    ...(db === '' ? {} : { db: Number(db) }),
  };
}

const isPort = (port: number): boolean => port >= 1 && port <= 65_535;

const UNESCAPED =
  'must have its password percent-encoded: percent-encode the password, # as %23, / as %2F, ? as %3F, @ as %40, % as %25';

const HALF_LOGIN =
  'must have a password with its user: redis://user:password@host, or redis://:password@host without a user';

const ELSEWHERE =
  'what it needs is set by REDIS_ variables, TLS by rediss:// and the database by /2 at its end';

/** Whoever writes a password as it is may have an @ in it: the host comes after the last. */
function splitLogin(text: string): [string | undefined, string] {
  const at = text.lastIndexOf('@');
  return at < 0 ? [undefined, text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Such a URL ends, for a parser, in the middle of the password; or its password is another one than was meant. */
const isUnescaped = (login: string): boolean => /[/?#]|%(?![0-9a-f]{2})/i.test(login);

function loginOf(login: string): { username?: string; password?: string } {
  const colon = login.indexOf(':');
  const username = decode(colon < 0 ? login : login.slice(0, colon));
  const password = decode(colon < 0 ? '' : login.slice(colon + 1));
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** Bytes that are no UTF-8 stand for themselves: there is nothing better to do with them. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function namesOf(parameters: URLSearchParams): string {
  const names = [...new Set(parameters.keys())].filter((name) => /^[\w-]{1,40}$/.test(name));
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
