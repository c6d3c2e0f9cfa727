import { type Given, setAmong } from './given.ts';
import { REDIS_PLACES } from './redisPlace.ts';
import type { UnknownName } from './unknownNames.ts';
import { lower, oneOf } from './values.ts';

/** Whether a Redis of our own is asked for by name. SQS has said so in `SQS` from the beginning. */
export const embeddedVariables = { REDIS: oneOf(['auto', 'embedded'], lower).default('auto') };

/** What of the outside a process uses. */
export type Part = 'redis' | 'sqs' | 'http' | 'history';

const SQS_PLACES = [
  'SQS_ENDPOINT',
  'LOCALSTACK_URL',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_ENDPOINT_URL',
  'SQS_QUEUE_URL',
];
const INBOX_NAMES = ['QUEUE_NAME', 'SQS_QUEUE_URL'];
/** Of each part, what leads to another one. */
const LEADS: Record<Part, readonly string[]> = {
  redis: ['REDIS', ...REDIS_PLACES, 'REDIS_DB', 'REDIS_SENTINEL_NAME'],
  sqs: ['SQS', ...SQS_PLACES, ...INBOX_NAMES, 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'],
  http: [],
  // A mistyped one would switch the history off without a word.
  history: ['DATABASE_URL', 'HISTORY'],
};

export function embeddedContradictions(
  given: Given,
  uses: readonly Part[],
  unknown: readonly UnknownName[],
): string[] {
  const rivals = setAmong(given, REDIS_PLACES);
  const problems =
    asked(given.REDIS) === 'embedded' && rivals.length > 0
      ? [`REDIS=embedded and ${rivals.join(', ')} contradict each other: set one`]
      : [];
  if (given.NODE_ENV !== 'production') return problems;
  problems.push(...ownRedis(given, uses, unknown), ...ownInbox(given, uses, unknown));
  return [...problems, ...elsewhere(uses, unknown, problems)];
}

/*
 * In production nothing of our own is started that was not asked for by name, and no place is taken by default: after a
 * typo in a variable it would be empty, and look healthy.
 */

function ownRedis(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  const [place, ...more] = setAmong(given, REDIS_PLACES);
  if (!uses.includes('redis') || asked(given.REDIS) === 'embedded') return [];
  if (place === 'REDIS_PORT' && more.length === 0) {
    return [
      `NODE_ENV=production needs REDIS_HOST beside REDIS_PORT, also for 127.0.0.1${hint(unknown, LEADS.redis)}`,
    ];
  }
  if (place !== undefined) return [];
  return [
    'NODE_ENV=production starts no Redis of its own unless told to: set REDIS_URL, REDIS_HOST, REDIS_CLUSTER_NODES ' +
      `or REDIS_SENTINELS, or REDIS=embedded${hint(unknown, LEADS.redis)}`,
  ];
}

function ownInbox(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  const sqs = asked(given.SQS);
  if (sqs === 'embedded' || !uses.includes('sqs')) return [];
  if (sqs !== 'aws' && setAmong(given, SQS_PLACES).length === 0) {
    return [
      'NODE_ENV=production starts no SQS of its own unless told to: set SQS=aws, SQS_QUEUE_URL or SQS_ENDPOINT, ' +
        `or SQS=embedded, which forgets what it holds when it ends${hint(unknown, LEADS.sqs)}`,
    ];
  }
  // The default's name would be looked up, and created, in place of the inbox that was meant.
  if (setAmong(given, INBOX_NAMES).length > 0) return [];
  return [
    `NODE_ENV=production needs to be told which inbox: set SQS_QUEUE_URL or QUEUE_NAME${hint(unknown, LEADS.sqs)}`,
  ];
}

/** Beside a place that is named, a mistyped one may be the one that was meant. Said once, so not after a hint. */
function elsewhere(
  uses: readonly Part[],
  unknown: readonly UnknownName[],
  said: readonly string[],
): string[] {
  const leads = uses.flatMap((part) => LEADS[part]);
  return unknown
    .filter(({ nearest }) => leads.includes(nearest))
    .filter(({ name }) => !said.some((problem) => problem.includes(`nothing reads ${name}:`)))
    .map(
      ({ name, nearest }) =>
        `NODE_ENV=production takes no place while another may be meant: nothing reads ${name}: is ${nearest} meant?`,
    );
}

function hint(unknown: readonly UnknownName[], names: readonly string[]): string {
  const near = unknown.filter(({ nearest }) => names.includes(nearest));
  if (near.length === 0) return '';
  return ` (${near.map(({ name, nearest }) => `nothing reads ${name}: is ${nearest} meant?`).join(' ')})`;
}

const asked = (value: string | undefined): string | undefined => value?.toLowerCase();
