import * as z from 'zod';
import { lower, oneOf, origins, price, proxies, share, url, whole, yesNo } from './runtime/envValues.ts';

/** What a process of this product does. `all` is the three others in one. */
export const ROLES = ['all', 'bridge', 'worker', 'api'] as const;
export type Role = (typeof ROLES)[number];

/** Thrown with every problem of the environment at once; values of secrets are not in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

const ENDPOINTS = ['SQS_ENDPOINT', 'LOCALSTACK_URL', 'AWS_ENDPOINT_URL_SQS'] as const;
const SECRETS = new Set(['REDIS_URL', 'REDIS_PASSWORD', 'ADMIN_PASSWORD', 'AWS_SECRET_ACCESS_KEY']);

const LOG_LEVELS = { debug: 'debug', info: 'info', warning: 'warn', warn: 'warn', error: 'error' } as const;

const IN_HAND_PER_PARTITION = 50;
const MOST_IN_HAND = 1_000;

/** The only description of the environment: names, defaults, and what a value may be. */
const environment = z.object({
  NODE_ENV: z.string().default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  SHUTDOWN_TIMEOUT_MS: whole(1_000, 600_000).default(10_000),

  LOG_LEVEL: oneOf(['debug', 'info', 'warning', 'warn', 'error'], lower).default('info'),
  LOG_DIR: z.string().default('logs'),
  LOG_RETENTION_DAYS: whole(1, 3_650).default(14),

  DATA_DIR: z.string().default('.data'),
  EMBEDDED_SQS_PORT: whole(1, 65_535).default(4566),

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

  SQS: oneOf(['auto', 'aws', 'embedded'], lower).default('auto'),
  SQS_ENDPOINT: url('http:', 'https:').optional(),
  LOCALSTACK_URL: url('http:', 'https:').optional(),
  AWS_ENDPOINT_URL_SQS: url('http:', 'https:').optional(),
  SQS_QUEUE_URL: url('http:', 'https:').optional(),
  QUEUE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/, 'must be 1 to 80 letters, digits, - or _')
    .default('orders'),
  AWS_REGION: z.string().default('us-east-1'),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  SQS_WAIT_SECONDS: whole(0, 20).default(20),
  SQS_VISIBILITY_SECONDS: whole(10, 43_200).default(60),
  SQS_MAX_RECEIVES: whole(1, 1_000).default(20),
  INBOX_ENVELOPE: oneOf(['auto', 'none'], lower).default('auto'),
  BRIDGE_MAX_RECEIVES: whole(1, 40).default(32),
  QUEUE_HIGH_WATER: whole(1, 100_000_000).default(50_000),
  REDIS_MEMORY_SHARE: share.default(0.9),
  DURABILITY: z
    .string()
    .regex(/^(memory|fsync|replicas:[1-9]\d?)$/, 'must be memory, fsync or replicas:N')
    .transform((level) => level as 'memory' | 'fsync' | `replicas:${number}`)
    .optional(),
  SQS_DOLLARS_PER_MILLION_CALLS: price.default(0.4),

  PARTITIONS: whole(1, 64).default(1),
  LEDGER_RETENTION_DAYS: whole(1, 3_650).default(35),
  USER_DETAIL_DAYS: whole(1, 36_500).default(400),

  WORKER_CONCURRENCY: whole(1, MOST_IN_HAND).optional(),
  JOB_ATTEMPTS: whole(1, 1_000).default(5),
  JOB_BACKOFF_MS: whole(1, 3_600_000).default(1_000),
  JOB_LOCK_MS: whole(1_000, 3_600_000).default(30_000),
  COMPLETED_KEEP: whole(0, 1_000_000).default(1_000),
  FAILED_RETENTION_DAYS: whole(1, 3_650).optional(),

  CURRENCY: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'must be a currency code of three letters')
    .transform((code) => code.toUpperCase())
    .default('USD'),
  ID_CASE: oneOf(['upper', 'preserve'], lower).default('upper'),
  MAX_ORDER_ITEMS: whole(1, 100_000).default(1_000),

  ADMIN_USER: z.string().optional(),
  ADMIN_PASSWORD: z.string().optional(),
  STATS_API: oneOf(['open', 'keys'], lower).optional(),
  RATE_LIMIT_PER_KEY: whole(0, 10_000_000).default(6_000),
  RATE_LIMIT_PER_ADDRESS: whole(0, 10_000_000).default(0),
  AUTH_FAILURES_PER_MINUTE: whole(1, 1_000_000).default(30),
  TRUST_PROXY: proxies.optional(),
  CORS_ORIGINS: origins.default([]),
  MAX_CONNECTIONS: whole(1, 1_000_000).default(1_000),
  READS_IN_FLIGHT: whole(1, 100_000).default(256),
  READ_FROM: oneOf(['primary', 'replica'], lower).default('primary'),
});

type Environment = z.output<typeof environment>;

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

/** Where SQS is, and why. Without `endpoint` the SDK finds AWS itself. */
export interface SqsTarget {
  kind: 'embedded' | 'endpoint' | 'aws';
  why: string;
  endpoint?: string;
  region: string;
  queueName: string;
  /** The inbox, when it must not be looked up or created by name. */
  queueUrl?: string;
  /** Given for endpoints that check none; absent means the SDK's own credential chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  waitSeconds: number;
  visibilitySeconds: number;
  /** Deliveries before SQS moves a message to the dead-letter queue. */
  maxDeliveries: number;
}

export type Config = ReturnType<typeof shape>;

/** Reads and checks the environment. An empty value counts as not set, as compose files produce it. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given: Given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environment.safeParse(given);
  const wrongValues = parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given));
  const problems = [...wrongValues, ...contradictions(given)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return shape(parsed.data);
}

/** Defaults by name, for the README's table and the test that holds it to this file. */
export function environmentDefaults(): Record<string, string> {
  const defaults = environment.parse({}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(environment.shape).map((name) => [name, String(defaults[name] ?? '')]),
  );
}

type Given = Record<string, string | undefined>;

function problemOf(issue: z.core.$ZodIssue, given: Given): string {
  const name = String(issue.path[0]);
  const value = SECRETS.has(name) ? '***' : JSON.stringify(given[name]);
  return `${name} ${issue.message}, got ${value}`;
}

/** Looks at what is set, not at what it parsed to, so that it adds to the list whatever else is wrong. */
function contradictions(env: Given): string[] {
  const problems: string[] = [];
  const isSet = (name: string) => env[name] !== undefined;
  const redis = ['REDIS_URL', 'REDIS_HOST', 'REDIS_CLUSTER_NODES'].filter(isSet);
  if (redis.length > 1) problems.push(`${redis.join(' and ')} contradict each other: set one`);
  if (isSet('REDIS_URL')) {
    // Taken silently from one place and not the other, a password or TLS would be missing without a word.
    const parts = ['REDIS_PORT', 'REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_DB', 'REDIS_TLS'].filter(isSet);
    if (parts.length > 0)
      problems.push(`REDIS_URL and ${parts.join(', ')} contradict each other: put them into the URL`);
  }
  const endpoints = ENDPOINTS.filter(isSet);
  if (new Set(endpoints.map((name) => env[name])).size > 1) {
    problems.push(`${endpoints.join(' and ')} name different endpoints: set one`);
  }
  const sqs = env.SQS?.toLowerCase();
  const rival = endpoints[0] ?? (sqs === 'embedded' && isSet('SQS_QUEUE_URL') ? 'SQS_QUEUE_URL' : undefined);
  if (rival !== undefined && (sqs === 'aws' || sqs === 'embedded')) {
    problems.push(`SQS=${sqs} and ${rival} contradict each other: set one`);
  }
  if (isSet('ADMIN_USER') !== isSet('ADMIN_PASSWORD')) {
    problems.push('ADMIN_USER and ADMIN_PASSWORD belong together: one is missing');
  }
  if (env.NODE_ENV === 'production') {
    if (!isSet('ADMIN_USER')) problems.push('NODE_ENV=production needs ADMIN_USER and ADMIN_PASSWORD');
    if (!isSet('STATS_API')) {
      problems.push(
        'NODE_ENV=production needs a choice who may read the stats: STATS_API=keys, with keys made by npm run keys, or STATS_API=open, behind your own gateway',
      );
    }
  }
  if (env.READ_FROM?.toLowerCase() === 'replica' && !isSet('REDIS_CLUSTER_NODES')) {
    problems.push('READ_FROM=replica needs REDIS_CLUSTER_NODES: a single Redis has no replicas we know of');
  }
  return problems;
}

function shape(env: Environment) {
  return {
    production: env.NODE_ENV === 'production',
    http: { host: env.HOST, port: env.PORT, maxConnections: env.MAX_CONNECTIONS },
    api: {
      keysNeeded: env.STATS_API === 'keys',
      perKey: env.RATE_LIMIT_PER_KEY,
      perAddress: env.RATE_LIMIT_PER_ADDRESS,
      authFailures: env.AUTH_FAILURES_PER_MINUTE,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      readsInFlight: env.READS_IN_FLIGHT,
      readFromReplicas: env.READ_FROM === 'replica',
    },
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
    log: { level: LOG_LEVELS[env.LOG_LEVEL], dir: env.LOG_DIR, retentionDays: env.LOG_RETENTION_DAYS },
    dataDir: env.DATA_DIR,
    embeddedSqsPort: env.EMBEDDED_SQS_PORT,
    redis: redisTarget(env),
    sqs: sqsTarget(env),
    bridge: {
      maxReceives: env.BRIDGE_MAX_RECEIVES,
      unwrap: env.INBOX_ENVELOPE === 'auto',
      highWater: env.QUEUE_HIGH_WATER,
      memoryShare: env.REDIS_MEMORY_SHARE,
      dollarsPerMillionCalls: env.SQS_DOLLARS_PER_MILLION_CALLS,
    },
    durability: env.DURABILITY,
    partitions: env.PARTITIONS,
    ledgerRetentionDays: env.LEDGER_RETENTION_DAYS,
    userDetailDays: env.USER_DETAIL_DAYS,
    worker: { concurrency: env.WORKER_CONCURRENCY ?? inHandFor(env.PARTITIONS), lockMs: env.JOB_LOCK_MS },
    jobs: {
      attempts: env.JOB_ATTEMPTS,
      backoffMs: env.JOB_BACKOFF_MS,
      keepCompleted: env.COMPLETED_KEEP,
      failedRetentionDays: env.FAILED_RETENTION_DAYS,
    },
    rules: { currency: env.CURRENCY, idCase: env.ID_CASE, maxItems: env.MAX_ORDER_ITEMS },
    admin:
      env.ADMIN_USER === undefined || env.ADMIN_PASSWORD === undefined
        ? undefined
        : { user: env.ADMIN_USER, password: env.ADMIN_PASSWORD },
  };
}

/** A partition's orders travel to its server together: the fewer are in hand, the more calls they take. */
const inHandFor = (partitions: number): number => Math.min(IN_HAND_PER_PARTITION * partitions, MOST_IN_HAND);

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

function sqsTarget(env: Environment): SqsTarget {
  const common = {
    region: env.AWS_REGION,
    queueName: env.QUEUE_NAME,
    waitSeconds: env.SQS_WAIT_SECONDS,
    visibilitySeconds: env.SQS_VISIBILITY_SECONDS,
    maxDeliveries: env.SQS_MAX_RECEIVES,
    ...(env.SQS_QUEUE_URL === undefined ? {} : { queueUrl: env.SQS_QUEUE_URL }),
  };
  const given = ENDPOINTS.find((name) => env[name] !== undefined);
  const queueOrigin = env.SQS_QUEUE_URL === undefined ? undefined : new URL(env.SQS_QUEUE_URL);
  const atAws = queueOrigin === undefined || /\.amazonaws\.com(\.cn)?$/.test(queueOrigin.hostname);
  if (given !== undefined || !atAws) {
    const ownKeys = env.AWS_ACCESS_KEY_ID !== undefined && env.AWS_SECRET_ACCESS_KEY !== undefined;
    return {
      kind: 'endpoint',
      why: given === undefined ? 'SQS_QUEUE_URL is not at AWS' : `${given} is set`,
      endpoint: given === undefined ? (queueOrigin as URL).origin : (env[given] as string),
      ...(ownKeys ? {} : LOCAL_CREDENTIALS),
      ...common,
    };
  }
  if (env.SQS === 'aws') return { kind: 'aws', why: 'SQS=aws', ...common };
  if (env.SQS_QUEUE_URL !== undefined) return { kind: 'aws', why: 'SQS_QUEUE_URL is set', ...common };
  return {
    kind: 'embedded',
    why: 'no SQS_ENDPOINT, SQS_QUEUE_URL or SQS=aws is set',
    endpoint: `http://127.0.0.1:${env.EMBEDDED_SQS_PORT}`,
    ...LOCAL_CREDENTIALS,
    ...common,
  };
}

/** The SDK signs no request without any; endpoints other than AWS take whatever they get. */
const LOCAL_CREDENTIALS = { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

function parseNodes(text: string): { host: string; port: number }[] | undefined {
  const nodes = text.split(',').map((node) => {
    const [, host, port] = /^\s*([^\s:]+):(\d{1,5})\s*$/.exec(node) ?? [];
    return { host: host ?? '', port: Number(port) };
  });
  return nodes.every(({ host, port }) => host !== '' && port >= 1 && port <= 65_535) ? nodes : undefined;
}
