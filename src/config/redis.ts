import * as z from 'zod';
import { MAX_PARTITIONS } from '../runtime/limits.ts';
import { type Given, setAmong } from './given.ts';
import { type Endpoint, parseEndpoints, parseHost, parseRedisUrl, REDIS_PLACES } from './redisPlace.ts';
import {
  type Certificates,
  certificatesOf,
  REDIS_TLS_NAMES,
  redisTlsContradictions,
  redisTlsVariables,
} from './redisTls.ts';
import { login, lower, oneOf, share, whole, yesNo } from './values.ts';

const endpoints = readBy(
  parseEndpoints,
  'must be host:port, comma separated, an IPv6 address in brackets: [::1]:7000',
);

/** Where Redis is, how safe a job must be in it, and how what is kept there is laid out. */
export const redisVariables = {
  REDIS_URL: z
    .string()
    .transform((text, context) => {
      const parsed = parseRedisUrl(text);
      if (!('problem' in parsed)) return parsed;
      context.addIssue({ code: 'custom', message: parsed.problem });
      return z.NEVER;
    })
    .optional(),
  REDIS_HOST: readBy(
    parseHost,
    'must be a host name or an address alone: a port goes into REDIS_PORT, a URL into REDIS_URL',
  ).optional(),
  REDIS_PORT: whole(1, 65_535).optional(),
  REDIS_USERNAME: login.optional(),
  REDIS_PASSWORD: login.optional(),
  REDIS_DB: whole(0, 1_000_000).optional(),
  REDIS_TLS: yesNo.default(false),
  ...redisTlsVariables,
  REDIS_CLUSTER_NODES: endpoints.optional(),
  REDIS_SENTINELS: endpoints.optional(),
  REDIS_SENTINEL_NAME: z.string().trim().optional(),
  REDIS_SENTINEL_USERNAME: login.optional(),
  REDIS_SENTINEL_PASSWORD: login.optional(),
  REDIS_SENTINEL_TLS: yesNo.optional(),
  READ_FROM: oneOf(['primary', 'replica'], lower).default('primary'),

  DURABILITY: z
    .string()
    .regex(/^(memory|fsync|replicas:[1-9]\d?)$/, 'must be memory, fsync or replicas:N')
    .transform((level) => level as 'memory' | 'fsync' | `replicas:${number}`)
    .optional(),
  REDIS_MEMORY_SHARE: share.default(0.9),

  PARTITIONS: whole(1, MAX_PARTITIONS).default(1),
  LEDGER_RETENTION_DAYS: whole(1, 3_650).default(35),
  USER_DETAIL_DAYS: whole(1, 36_500).default(400),
};

export const REDIS_SECRETS = ['REDIS_URL', 'REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD'];

const variables = z.object(redisVariables);
type Environment = z.output<typeof variables>;

interface Login {
  tls: boolean;
  certificates?: Certificates;
  username?: string;
  password?: string;
}

/** Where Redis is, and in one phrase why this one. `embedded` means we start our own. */
export type RedisTarget =
  | { kind: 'embedded'; why: string }
  | ({ kind: 'server'; why: string; db?: number } & Endpoint & Login)
  | ({ kind: 'cluster'; why: string; nodes: Endpoint[] } & Login)
  | ({
      kind: 'sentinel';
      why: string;
      /** Where the sentinels are, and what they call the master. */
      sentinels: Endpoint[];
      name: string;
      sentinelLogin: Login;
      db?: number;
    } & Login);

/** REDIS_PORT says it too, but only beside none of the others or beside REDIS_HOST. */
const PLACES = REDIS_PLACES.filter((name) => name !== 'REDIS_PORT');
const PARTS = ['REDIS_PORT', 'REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_DB', 'REDIS_TLS'];
const OF_SENTINELS = [
  'REDIS_SENTINEL_NAME',
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_SENTINEL_TLS',
];

export function redisContradictions(given: Given): string[] {
  const places = setAmong(given, PLACES);
  return [
    ...(places.length > 1 ? [`${places.join(' and ')} contradict each other: set one`] : []),
    ...besideUrl(given),
    ...withoutPlace(given, places),
    ...besideLists(given),
    ...halfLogins(given),
    ...besideSentinels(given),
    ...redisTlsContradictions(given, usesTls(given)),
    ...(given.READ_FROM?.toLowerCase() === 'replica' && given.REDIS_CLUSTER_NODES === undefined
      ? ['READ_FROM=replica needs REDIS_CLUSTER_NODES: elsewhere the master alone is read']
      : []),
  ];
}

/** Taken silently from one place and not the other, a password or TLS would be missing without a word. */
function besideUrl(given: Given): string[] {
  const beside = setAmong(given, PARTS);
  if (given.REDIS_URL === undefined || beside.length === 0) return [];
  return [`REDIS_URL and ${beside.join(', ')} contradict each other: put them into the URL`];
}

/** Somebody who sets a password means a Redis of theirs: they must not end in one of our own. */
function withoutPlace(given: Given, places: readonly string[]): string[] {
  if (places.length > 0 || given.REDIS_PORT !== undefined) return [];
  const how = ['REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_DB', ...REDIS_TLS_NAMES];
  const names = [...setAmong(given, how), ...(isYes(given.REDIS_TLS) ? ['REDIS_TLS'] : [])];
  if (names.length === 0) return [];
  return [`${names.join(', ')} needs one of ${PLACES.join(', ')}: no Redis is named`];
}

function besideLists(given: Given): string[] {
  const list = setAmong(given, ['REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'])[0];
  if (list === undefined) return [];
  const problems: string[] = [];
  if (given.REDIS_PORT !== undefined)
    problems.push(`REDIS_PORT and ${list} contradict each other: the ports are in the list`);
  if (list === 'REDIS_CLUSTER_NODES' && Number(given.REDIS_DB ?? 0) !== 0)
    problems.push(
      'REDIS_DB and REDIS_CLUSTER_NODES contradict each other: a Redis Cluster has database 0 alone',
    );
  return problems;
}

function halfLogins(given: Given): string[] {
  return ['REDIS', 'REDIS_SENTINEL']
    .filter((of) => given[`${of}_USERNAME`] !== undefined && given[`${of}_PASSWORD`] === undefined)
    .map((of) => `${of}_USERNAME needs ${of}_PASSWORD`);
}

function besideSentinels(given: Given): string[] {
  const names = setAmong(given, OF_SENTINELS);
  if (given.REDIS_SENTINELS === undefined)
    return names.length > 0 ? [`${names.join(', ')} needs REDIS_SENTINELS: no sentinel is named`] : [];
  return given.REDIS_SENTINEL_NAME === undefined
    ? ['REDIS_SENTINELS needs REDIS_SENTINEL_NAME: what the sentinels call the master, often mymaster']
    : [];
}

const usesTls = (given: Given): boolean =>
  /^\s*rediss:/i.test(given.REDIS_URL ?? '') || isYes(given.REDIS_TLS) || isYes(given.REDIS_SENTINEL_TLS);

const isYes = (text: string | undefined): boolean => yesNo.safeParse(text).data === true;

export function redisSettings(env: Environment) {
  return {
    redis: redisTarget(env),
    durability: env.DURABILITY,
    partitions: env.PARTITIONS,
    ledgerRetentionDays: env.LEDGER_RETENTION_DAYS,
    userDetailDays: env.USER_DETAIL_DAYS,
  };
}

function redisTarget(env: Environment): RedisTarget {
  const certificates = certificatesOf(env);
  const own = {
    tls: env.REDIS_TLS,
    ...certificates,
    ...credentials(env.REDIS_USERNAME, env.REDIS_PASSWORD),
  };
  const db = env.REDIS_DB === undefined ? {} : { db: env.REDIS_DB };
  if (env.REDIS_CLUSTER_NODES !== undefined)
    return { kind: 'cluster', why: 'REDIS_CLUSTER_NODES is set', nodes: env.REDIS_CLUSTER_NODES, ...own };
  if (env.REDIS_SENTINELS !== undefined) {
    return {
      kind: 'sentinel',
      why: 'REDIS_SENTINELS is set',
      sentinels: env.REDIS_SENTINELS,
      name: env.REDIS_SENTINEL_NAME ?? '',
      sentinelLogin: {
        tls: env.REDIS_SENTINEL_TLS ?? env.REDIS_TLS,
        ...certificates,
        ...credentials(env.REDIS_SENTINEL_USERNAME, env.REDIS_SENTINEL_PASSWORD),
      },
      ...own,
      ...db,
    };
  }
  if (env.REDIS_URL !== undefined)
    return { kind: 'server', why: 'REDIS_URL is set', ...env.REDIS_URL, ...certificates };
  if (env.REDIS_HOST !== undefined || env.REDIS_PORT !== undefined) {
    return {
      kind: 'server',
      why: `${env.REDIS_HOST === undefined ? 'REDIS_PORT' : 'REDIS_HOST'} is set`,
      host: env.REDIS_HOST ?? '127.0.0.1',
      port: env.REDIS_PORT ?? 6379,
      ...own,
      ...db,
    };
  }
  return { kind: 'embedded', why: `none of ${PLACES.join(', ')} is set` };
}

const credentials = (username: string | undefined, password: string | undefined) => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
});

function readBy<T>(parse: (text: string) => T | undefined, message: string) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}
