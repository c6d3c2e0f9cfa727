import * as z from 'zod';
import { type Given, setAmong } from './given.ts';
import { lower, oneOf, price, url, whole } from './values.ts';

const ENDPOINTS = ['SQS_ENDPOINT', 'LOCALSTACK_URL', 'AWS_ENDPOINT_URL_SQS'] as const;

/** Where the inbox is, and how the bridge empties it. */
export const sqsVariables = {
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
  EMBEDDED_SQS_PORT: whole(1, 65_535).default(4566),
  SQS_WAIT_SECONDS: whole(0, 20).default(20),
  SQS_VISIBILITY_SECONDS: whole(10, 43_200).default(60),
  SQS_MAX_RECEIVES: whole(1, 1_000).default(20),
  SQS_DOLLARS_PER_MILLION_CALLS: price.default(0.4),
};

export const SQS_SECRETS = ['AWS_SECRET_ACCESS_KEY'];

const variables = z.object(sqsVariables);
type Environment = z.output<typeof variables>;

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

export function sqsContradictions(given: Given): string[] {
  const problems: string[] = [];
  const endpoints = setAmong(given, ENDPOINTS);
  if (new Set(endpoints.map((name) => given[name])).size > 1) {
    problems.push(`${endpoints.join(' and ')} name different endpoints: set one`);
  }
  const sqs = given.SQS?.toLowerCase();
  const isEmbeddedBesideUrl = sqs === 'embedded' && given.SQS_QUEUE_URL !== undefined;
  const rival = endpoints[0] ?? (isEmbeddedBesideUrl ? 'SQS_QUEUE_URL' : undefined);
  if (rival !== undefined && (sqs === 'aws' || sqs === 'embedded')) {
    problems.push(`SQS=${sqs} and ${rival} contradict each other: set one`);
  }
  return problems;
}

export function sqsSettings(env: Environment) {
  return { sqs: sqsTarget(env), embeddedSqsPort: env.EMBEDDED_SQS_PORT };
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
