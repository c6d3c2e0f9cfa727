import * as z from 'zod';
import { type Given, setAmong } from './given.ts';
import { queueNameOf, queueUrl, sqsRegionOf, sqsUrl } from './sqsUrl.ts';
import { lower, oneOf, price, whole } from './values.ts';

const ENDPOINTS = ['SQS_ENDPOINT', 'LOCALSTACK_URL', 'AWS_ENDPOINT_URL_SQS'] as const;
const DEFAULT_NAME = 'orders';
const FALLBACK_REGION = 'us-east-1';

/** A zone (`eu-west-1a`) is taken for a region often enough to be worth a word at the start. */
const region = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(?!.*-\d+[a-z]$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a region such as eu-west-1');

/** Where the inbox is, and how the bridge empties it. */
export const sqsVariables = {
  SQS: oneOf(['auto', 'aws', 'embedded'], lower).default('auto'),
  SQS_ENDPOINT: sqsUrl().optional(),
  LOCALSTACK_URL: sqsUrl().optional(),
  AWS_ENDPOINT_URL_SQS: sqsUrl().optional(),
  AWS_ENDPOINT_URL: sqsUrl().optional(),
  SQS_QUEUE_URL: queueUrl().optional(),
  QUEUE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,80}$|^[A-Za-z0-9_-]{1,75}\.fifo$/, 'must be 1 to 80 letters, digits, - or _')
    .default(DEFAULT_NAME),
  AWS_REGION: region.optional(),
  AWS_DEFAULT_REGION: region.optional(),
  AWS_PROFILE: z.string().optional(),
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

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** Where SQS is, and why. Without `endpoint` the SDK finds AWS itself. */
export interface SqsTarget {
  kind: 'embedded' | 'endpoint' | 'aws';
  why: string;
  endpoint?: string;
  /** The one that was named, and by what; absent means the SDK's own chain. */
  region?: string;
  regionWhy?: string;
  queueName: string;
  /** The inbox, when it must not be looked up or created by name. */
  queueUrl?: string;
  /** For an SQS of our own; absent means the SDK's own credential chain. */
  credentials?: Credentials;
  /** What to take where that chain finds nothing: an endpoint that is not AWS may ask for neither. */
  fallback?: { region: string; credentials: Credentials };
  waitSeconds: number;
  visibilitySeconds: number;
  /** Deliveries before SQS moves a message to the dead-letter queue. */
  maxDeliveries: number;
}

export function sqsContradictions(given: Given): string[] {
  return [...places(given), ...regions(given), ...names(given), ...halfKey(given)];
}

function places(given: Given): string[] {
  const problems: string[] = [];
  const endpoints = setAmong(given, ENDPOINTS);
  if (new Set(endpoints.map((name) => normal(given[name]))).size > 1) {
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

/** AWS_REGION may name another than a URL: platforms set it to where the process runs. Two URLs may not. */
function regions(given: Given): string[] {
  const [name] = setAmong(given, ENDPOINTS);
  const [atEndpoint, atQueue] = [name && given[name], given.SQS_QUEUE_URL].map((text) =>
    URL.canParse(text ?? '') ? sqsRegionOf(text as string) : undefined,
  );
  return atEndpoint === undefined || atQueue === undefined || atEndpoint === atQueue
    ? []
    : [`${name} is in ${atEndpoint} and SQS_QUEUE_URL in ${atQueue}: set one`];
}

/** Of two names the URL's is taken, and that is said; a FIFO inbox that is meant to be none, or the other way, is a slip. */
function names(given: Given): string[] {
  const { SQS_QUEUE_URL, QUEUE_NAME } = given;
  if (QUEUE_NAME === undefined || !URL.canParse(SQS_QUEUE_URL ?? '')) return [];
  const named = queueNameOf(SQS_QUEUE_URL as string);
  return named.endsWith('.fifo') === QUEUE_NAME.endsWith('.fifo')
    ? []
    : [`SQS_QUEUE_URL names ${JSON.stringify(named)} and QUEUE_NAME ${JSON.stringify(QUEUE_NAME)}: set one`];
}

/** Half a key is no key for the SDK, which then goes on to find other ones without a word. */
function halfKey(given: Given): string[] {
  return (given.AWS_ACCESS_KEY_ID === undefined) === (given.AWS_SECRET_ACCESS_KEY === undefined)
    ? []
    : ['AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one is missing'];
}

export function sqsSettings(env: Environment) {
  return { sqs: sqsTarget(env), embeddedSqsPort: env.EMBEDDED_SQS_PORT };
}

function sqsTarget(env: Environment): SqsTarget {
  const common = {
    queueName: env.SQS_QUEUE_URL === undefined ? env.QUEUE_NAME : queueNameOf(env.SQS_QUEUE_URL),
    waitSeconds: env.SQS_WAIT_SECONDS,
    visibilitySeconds: env.SQS_VISIBILITY_SECONDS,
    maxDeliveries: env.SQS_MAX_RECEIVES,
    ...(env.SQS_QUEUE_URL === undefined ? {} : { queueUrl: env.SQS_QUEUE_URL }),
  };
  const name = endpointName(env);
  const inboxUrl = env.SQS_QUEUE_URL;
  const isOtherName = env.QUEUE_NAME !== DEFAULT_NAME && env.QUEUE_NAME !== common.queueName;
  const although = isOtherName ? `, whatever QUEUE_NAME=${env.QUEUE_NAME} says` : '';
  if (name !== undefined)
    return { kind: 'endpoint', why: `${name} is set${although}`, ...at(env, name), ...common };
  if (env.SQS === 'aws') {
    const there = inboxUrl === undefined ? regionOf(env, 'AWS_ENDPOINT_URL') : at(env, 'SQS_QUEUE_URL');
    return { kind: 'aws', why: `SQS=aws${although}`, ...there, ...common };
  }
  if (inboxUrl !== undefined) {
    const kind = sqsRegionOf(inboxUrl) === undefined ? 'endpoint' : 'aws';
    const why = kind === 'aws' ? 'SQS_QUEUE_URL is set' : 'SQS_QUEUE_URL is not at AWS';
    return { kind, why: why + although, ...at(env, 'SQS_QUEUE_URL'), ...common };
  }
  return {
    kind: 'embedded',
    why: env.SQS === 'embedded' ? 'SQS=embedded' : 'no SQS_ENDPOINT, SQS_QUEUE_URL or SQS=aws is set',
    endpoint: `http://127.0.0.1:${env.EMBEDDED_SQS_PORT}`,
    credentials: LOCAL_CREDENTIALS,
    ...{ region: FALLBACK_REGION, ...regionOf(env) },
    ...common,
  };
}

/**
 * The SDK's own AWS_ENDPOINT_URL is for all services of AWS: it yields to whatever speaks of SQS alone, but not to the
 * URL of a queue elsewhere, because LocalStack's name a host that is only reached from its own machine.
 */
function endpointName(env: Environment): (typeof ENDPOINTS)[number] | 'AWS_ENDPOINT_URL' | undefined {
  const ours = ENDPOINTS.find((name) => env[name] !== undefined);
  if (ours !== undefined || env.SQS !== 'auto' || env.AWS_ENDPOINT_URL === undefined) return ours;
  const isQueueAtAws = env.SQS_QUEUE_URL !== undefined && sqsRegionOf(env.SQS_QUEUE_URL) !== undefined;
  return isQueueAtAws ? undefined : 'AWS_ENDPOINT_URL';
}

/** What follows from the variable that says where SQS is. */
function at(
  env: Environment,
  name: (typeof ENDPOINTS)[number] | 'AWS_ENDPOINT_URL' | 'SQS_QUEUE_URL',
): Pick<SqsTarget, 'endpoint' | 'region' | 'regionWhy' | 'fallback'> {
  const place = env[name] as string;
  const isAws = env.SQS === 'aws' || sqsRegionOf(place) !== undefined;
  return {
    endpoint: name === 'SQS_QUEUE_URL' ? new URL(place).origin : place,
    ...regionOf(env, name),
    ...(isAws ? {} : { fallback: { region: FALLBACK_REGION, credentials: LOCAL_CREDENTIALS } }),
  };
}

/** A URL at AWS knows its region better than a variable that a platform may have set. */
function regionOf(
  env: Environment,
  place?: (typeof ENDPOINTS)[number] | 'AWS_ENDPOINT_URL' | 'SQS_QUEUE_URL',
): Pick<SqsTarget, 'region' | 'regionWhy'> {
  const set = (['AWS_REGION', 'AWS_DEFAULT_REGION'] as const).find((name) => env[name] !== undefined);
  const named = set === undefined ? undefined : env[set];
  for (const name of ['SQS_QUEUE_URL' as const, place]) {
    const atUrl = name === undefined || env[name] === undefined ? undefined : sqsRegionOf(env[name]);
    if (atUrl === undefined) continue;
    const other = named === undefined || named === atUrl ? '' : `, whatever ${set}=${named} says`;
    return { region: atUrl, regionWhy: `${name} is there${other}` };
  }
  return named === undefined ? {} : { region: named, regionWhy: `${set} is set` };
}

/** With and without a slash at the end it is the same endpoint. */
const normal = (text = ''): string => (URL.canParse(text) ? new URL(text).href : text);

/** The SDK signs no request without any; endpoints other than AWS take whatever they get. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
