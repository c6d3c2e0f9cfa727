import * as z from 'zod';
import { type Given, setAmong } from './given.ts';
import { lower, oneOf, share, url, whole, yesNo } from './values.ts';

/** Where Redis is, how safe a job must be in it, and how what is kept there is laid out. */
export const redisVariables = {
  REDIS_URL: url('redis:', 'rediss:').optional(),
  REDIS_HOST: z.string().optional(),
  REDIS_PORT: whole(1, 65_535).optional(),
  REDIS_USERNAME: z.string().optional(),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_DB: whole(0, 1_000_000).optional(),
  REDIS_TLS: yesNo.default(false),
  REDIS_CLUSTER_NODES: z
    .string()
    .refine((text) => parseNodes(text) !== undefined, 'must be host:port, comma separated')
    .optional(),
  READ_FROM: oneOf(['primary', 'replica'], lower).default('primary'),

  DURABILITY: z
    .string()
    .regex(/^(memory|fsync|replicas:[1-9]\d?)$/, 'must be memory, fsync or replicas:N')
    .transform((level) => level as 'memory' | 'fsync' | `replicas:${number}`)
    .optional(),
  REDIS_MEMORY_SHARE: share.default(0.9),

  PARTITIONS: whole(1, 64).default(1),
  LEDGER_RETENTION_DAYS: whole(1, 3_650).default(35),
  USER_DETAIL_DAYS: whole(1, 36_500).default(400),
};

export const REDIS_SECRETS = ['REDIS_URL', 'REDIS_PASSWORD'];

const variables = z.object(redisVariables);
type Environment = z.output<typeof variables>;

/** Where Redis is, and in one phrase why this one. `embedded` means we start our own. */
export type RedisTarget =
  | { kind: 'embedded'; why: string }
  | {
      kind: 'server';
      why: string;
      url?: string;
      host: string;
      port: number;
      tls: boolean;
      username?: string;
      password?: string;
      db?: number;
    }
  | {
      kind: 'cluster';
      why: string;
      nodes: { host: string; port: number }[];
      tls: boolean;
      username?: string;
      password?: string;
    };

export function redisContradictions(given: Given): string[] {
  const problems: string[] = [];
  const places = setAmong(given, ['REDIS_URL', 'REDIS_HOST', 'REDIS_CLUSTER_NODES']);
  if (places.length > 1) problems.push(`${places.join(' and ')} contradict each other: set one`);
  if (given.REDIS_URL !== undefined) {
    // Taken silently from one place and not the other, a password or TLS would be missing without a word.
    const parts = ['REDIS_PORT', 'REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_DB', 'REDIS_TLS'];
    const beside = setAmong(given, parts);
    if (beside.length > 0)
      problems.push(`REDIS_URL and ${beside.join(', ')} contradict each other: put them into the URL`);
  }
  if (given.READ_FROM?.toLowerCase() === 'replica' && given.REDIS_CLUSTER_NODES === undefined) {
    problems.push('READ_FROM=replica needs REDIS_CLUSTER_NODES: a single Redis has no replicas we know of');
  }
  return problems;
}

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
  const login = {
    ...(env.REDIS_USERNAME === undefined ? {} : { username: env.REDIS_USERNAME }),
    ...(env.REDIS_PASSWORD === undefined ? {} : { password: env.REDIS_PASSWORD }),
  };
  const nodes = env.REDIS_CLUSTER_NODES === undefined ? undefined : parseNodes(env.REDIS_CLUSTER_NODES);
  if (nodes)
    return { kind: 'cluster', why: 'REDIS_CLUSTER_NODES is set', nodes, tls: env.REDIS_TLS, ...login };
  if (env.REDIS_URL !== undefined) {
    const { hostname, port, protocol } = new URL(env.REDIS_URL);
    return {
      kind: 'server',
      why: 'REDIS_URL is set',
      url: env.REDIS_URL,
      host: hostname,
      port: Number(port || 6379),
      tls: protocol === 'rediss:',
    };
  }
  if (env.REDIS_HOST !== undefined || env.REDIS_PORT !== undefined) {
    return {
      kind: 'server',
      why: `${env.REDIS_HOST === undefined ? 'REDIS_PORT' : 'REDIS_HOST'} is set`,
      host: env.REDIS_HOST ?? '127.0.0.1',
      port: env.REDIS_PORT ?? 6379,
      tls: env.REDIS_TLS,
      ...login,
      ...(env.REDIS_DB === undefined ? {} : { db: env.REDIS_DB }),
    };
  }
  return { kind: 'embedded', why: 'no REDIS_URL, REDIS_HOST or REDIS_CLUSTER_NODES is set' };
}

function parseNodes(text: string): { host: string; port: number }[] | undefined {
  const nodes = text.split(',').map((node) => {
    const [, host, port] = /^\s*([^\s:]+):(\d{1,5})\s*$/.exec(node) ?? [];
    return { host: host ?? '', port: Number(port) };
  });
  return nodes.every(({ host, port }) => host !== '' && port >= 1 && port <= 65_535) ? nodes : undefined;
}
