import { type Given, setAmong } from './given.ts';
import type { UnknownName } from './unknownNames.ts';
import { lower, oneOf } from './values.ts';

/** Whether a Redis of our own is asked for by name. SQS has said so in `SQS` from the beginning. */
export const embeddedVariables = { REDIS: oneOf(['auto', 'embedded'], lower).default('auto') };

/** What of the outside a process uses. */
export type Part = 'redis' | 'sqs' | 'http';

const REDIS_PLACES = ['REDIS_URL', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'];
const SQS_PLACES = [
  'SQS_ENDPOINT',
  'LOCALSTACK_URL',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_ENDPOINT_URL',
  'SQS_QUEUE_URL',
];
const INBOX_NAMES = ['QUEUE_NAME', 'SQS_QUEUE_URL'];

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
  return given.NODE_ENV === 'production'
    ? [...problems, ...ownRedis(given, uses, unknown), ...ownInbox(given, uses, unknown)]
    : problems;
}

/*
 * In production nothing of our own is started that was not asked for by name: after a typo in a variable it would be
 * empty, and look healthy.
 */

function ownRedis(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  const isNamed = asked(given.REDIS) === 'embedded' || setAmong(given, REDIS_PLACES).length > 0;
  if (isNamed || !uses.includes('redis')) return [];
  return [
    'NODE_ENV=production starts no Redis of its own unless told to: set REDIS_URL, REDIS_HOST, REDIS_CLUSTER_NODES ' +
      `or REDIS_SENTINELS, or REDIS=embedded${hint(unknown, ['REDIS', ...REDIS_PLACES])}`,
  ];
}

function ownInbox(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  const sqs = asked(given.SQS);
  if (sqs === 'embedded' || !uses.includes('sqs')) return [];
  if (sqs !== 'aws' && setAmong(given, SQS_PLACES).length === 0) {
    return [
      'NODE_ENV=production starts no SQS of its own unless told to: set SQS=aws, SQS_QUEUE_URL or SQS_ENDPOINT, ' +
        `or SQS=embedded, which forgets what it holds when it ends${hint(unknown, ['SQS', ...SQS_PLACES, ...INBOX_NAMES])}`,
    ];
  }
  // The default's name would be looked up, and created, in place of the inbox that was meant.
  const meant = unknown.filter(({ nearest }) => INBOX_NAMES.includes(nearest));
  if (meant.length === 0 || setAmong(given, INBOX_NAMES).length > 0) return [];
  return [
    `NODE_ENV=production needs the inbox by name when one seems to be meant: set QUEUE_NAME or SQS_QUEUE_URL${hint(meant, INBOX_NAMES)}`,
  ];
}

function hint(unknown: readonly UnknownName[], names: readonly string[]): string {
  const near = unknown.filter(({ nearest }) => names.includes(nearest));
  if (near.length === 0) return '';
  return ` (${near.map(({ name, nearest }) => `nothing reads ${name}: is ${nearest} meant?`).join(' ')})`;
}

const asked = (value: string | undefined): string | undefined => value?.toLowerCase();
