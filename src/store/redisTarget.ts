import { isIPv6 } from 'node:net';

/** A host name, or an address without brackets. */
export interface Endpoint {
  host: string;
  port: number;
}

/** How one is let in, by a server or a sentinel. */
export interface Login {
  tls: boolean;
  /** PEM; what is missing is what Node has by itself. */
  certificates?: { ca?: string; cert?: string; key?: string; servername?: string };
  username?: string;
  password?: string;
}

export interface SentinelTarget extends Login {
  kind: 'sentinel';
  sentinels: Endpoint[];
  /** What the sentinels call the master. */
  name: string;
  sentinelLogin: Login;
  db?: number;
}

/** Which Redis is meant. */
export type RedisTarget =
  | ({ kind: 'server'; db?: number } & Endpoint & Login)
  | ({ kind: 'cluster'; nodes: Endpoint[] } & Login)
  | SentinelTarget;

/** Where it is, for a log line: never with a password. */
export function redisAddress(target: RedisTarget): string {
  if (target.kind === 'server') return address(target);
  if (target.kind === 'cluster') return target.nodes.map(address).join(',');
  return `${target.name} of the sentinels ${target.sentinels.map(address).join(',')}`;
}

export const address = ({ host, port }: Endpoint): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

export const isSamePlace = (one: Endpoint, other: Endpoint): boolean =>
  one.host === other.host && one.port === other.port;

/** For ioredis, which takes an empty object for TLS as Node does it by itself. */
export const loginOptions = ({ tls, certificates, username, password }: Login) => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
  ...(tls ? { tls: { ...certificates } } : {}),
});
