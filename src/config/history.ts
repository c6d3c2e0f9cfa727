import * as z from 'zod';
import type { Part } from './embedded.ts';
import { type Given, setAmong } from './given.ts';
import { certificatesIn, pemFile } from './redisTls.ts';
import { lower, oneOf, whole } from './values.ts';

/** Whether every counted order is kept in PostgreSQL, and in which. */
export const historyVariables = {
  DATABASE_URL: z
    .string()
    .transform((text, context) => {
      const parsed = parseDatabaseUrl(text);
      if (!('problem' in parsed)) return parsed;
      context.addIssue({ code: 'custom', message: parsed.problem });
      return z.NEVER;
    })
    .optional(),
  DATABASE_TLS_CA: pemFile(certificatesIn).optional(),
  HISTORY: oneOf(['on', 'off', 'embedded'], lower).optional(),
  HISTORY_ADDRESSES: oneOf(['on', 'off'], lower).default('off'),
  HISTORY_BACKLOG_BYTES: whole(1_000_000, 1_000_000_000_000).default(1_000_000_000),
};

export const HISTORY_SECRETS = ['DATABASE_URL'];

interface DatabaseUrl {
  host: string;
  port: number;
  database: string;
  user: string;
  password?: string;
  tls: boolean;
}

const DEFAULT_PORT = 5432;
/** What the mode asks for is TLS or not; who is at the other end is proved in any case. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/** The parts of a URL, or what is wrong with it, as the end of a sentence that begins with the variable's name. */
function parseDatabaseUrl(text: string): DatabaseUrl | { problem: string } {
  if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(text))
    return {
      problem: 'must be a URL like postgres://user:password@host:5432/database, the password percent-encoded',
    };
  const { hostname, port, username, password, pathname, searchParams, hash } = new URL(text);
  const database = decode(pathname.slice(1));
  if (hostname === '' || database === '' || database.includes('/') || username === '')
    return {
      problem: 'must name a user, a host and a database: postgres://user:password@host:5432/database',
    };
  if (hash !== '') return { problem: 'must not contain a #: in a password it is written %23' };
  const unknown = [...searchParams.keys()].filter((name) => name !== 'sslmode');
  const mode = searchParams.get('sslmode') ?? 'disable';
  if (unknown.length > 0 || !SSL_MODES.includes(mode))
    return {
      problem: `must have no parameter but sslmode, which is one of ${SSL_MODES.join(', ')}; DATABASE_TLS_CA names an authority`,
    };
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || DEFAULT_PORT),
    database,
    user: decode(username),
    ...(password === '' ? {} : { password: decode(password) }),
    tls: mode !== 'disable',
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `asked`: whether a PostgreSQL is used by the process at all; those that only write to Redis need none. */
export function historyContradictions(given: Given, uses: readonly Part[]): string[] {
  const asked = given.HISTORY?.toLowerCase();
  const problems: string[] = [];
  if (asked === 'embedded' && given.DATABASE_URL !== undefined)
    problems.push('HISTORY=embedded and DATABASE_URL contradict each other: set one');
  if (asked === 'on' && given.DATABASE_URL === undefined && uses.includes('history'))
    problems.push('HISTORY=on needs DATABASE_URL, or HISTORY=embedded for a PostgreSQL of its own');
  const useless = setAmong(given, ['DATABASE_TLS_CA']);
  if (useless.length > 0 && given.DATABASE_URL === undefined)
    problems.push('DATABASE_TLS_CA needs DATABASE_URL: no PostgreSQL is named');
  return problems;
}

const variables = z.object(historyVariables);

export interface HistorySettings {
  /** Whether what counts is put aside for the history. */
  on: boolean;
  /** Said to be off, not only unset. */
  off: boolean;
  /** Where it is kept; undefined where a process need not know. */
  target:
    | { kind: 'embedded'; why: string }
    | ({ kind: 'server'; why: string; tls: false | { ca?: string } } & Omit<DatabaseUrl, 'tls'>)
    | undefined;
  /** Whether shipping addresses are kept. */
  addresses: boolean;
  /** What may wait in Redis for PostgreSQL before receiving pauses. */
  backlogBytes: number;
}

export function historySettings(env: z.output<typeof variables>): { history: HistorySettings } {
  const on = env.HISTORY === undefined ? env.DATABASE_URL !== undefined : env.HISTORY !== 'off';
  return {
    history: {
      on,
      off: env.HISTORY === 'off',
      target: on ? targetOf(env) : undefined,
      addresses: env.HISTORY_ADDRESSES === 'on',
      backlogBytes: env.HISTORY_BACKLOG_BYTES,
    },
  };
}

function targetOf(env: z.output<typeof variables>): HistorySettings['target'] {
  if (env.HISTORY === 'embedded') return { kind: 'embedded', why: 'HISTORY is embedded' };
  if (env.DATABASE_URL === undefined) return undefined;
  const { tls, ...place } = env.DATABASE_URL;
  const ca = env.DATABASE_TLS_CA;
  const trusts = ca === undefined ? {} : { ca };
  return {
    kind: 'server',
    why: 'DATABASE_URL is set',
    ...place,
    tls: tls || ca !== undefined ? trusts : false,
  };
}
