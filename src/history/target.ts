import { isIPv6 } from 'node:net';

/** Which PostgreSQL the history is kept in. */
export interface HistoryTarget {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  /** Without `ca`, those are trusted whom Node trusts. */
  tls: false | { ca?: string };
}

/** Where it is, for a log line: never with a password. */
export const historyAddress = ({ host, port, database }: HistoryTarget): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}/${database}`;
