import * as z from 'zod';
import { DEFAULT_MAX_BODY_BYTES, MAX_CONCURRENCY, SQS_MESSAGE_BYTES } from '../runtime/limits.ts';
import { whole } from './values.ts';

const IN_HAND_PER_PARTITION = 50;

/** Words that are no place in a message, and what somebody means who writes them. */
const MEANT: readonly [words: RegExp, what: string][] = [
  [/^(true|yes|on|1|sns|eventbridge)$/i, 'auto, which takes SNS and EventBridge envelopes off'],
  [/^(false|no|off|0)$/i, 'none, which leaves every envelope on'],
  [/^cloudevents?$/i, 'data, where CloudEvents have the order'],
  [/^debezium$/i, 'payload.after, where Debezium has the row'],
];
const PLACE = /^[^\s.$]+(\.[^\s.$]+)*$/;

const meant = (text: unknown): string | undefined =>
  MEANT.find(([words]) => typeof text === 'string' && words.test(text))?.[1];

/** `auto`, `none`, or the names on the way to the order. */
const envelope = z
  .string()
  .refine((text) => PLACE.test(text) && text.length <= 200 && meant(text) === undefined, {
    error: ({ input }) =>
      `must be ${meant(input) ?? 'auto, none, or where the order is in a message, such as data or payload.after'}`,
  })
  .transform((text): 'auto' | 'none' | readonly string[] => {
    const word = text.toLowerCase();
    return word === 'auto' || word === 'none' ? word : text.split('.');
  });

/** How the bridge makes jobs and the workers take them. */
export const jobVariables = {
  INBOX_ENVELOPE: envelope.default('auto'),
  MAX_BODY_BYTES: whole(1_024, SQS_MESSAGE_BYTES).default(DEFAULT_MAX_BODY_BYTES),
  BRIDGE_MAX_RECEIVES: whole(1, 40).default(32),
  QUEUE_HIGH_WATER: whole(1, 100_000_000).default(50_000),

  WORKER_CONCURRENCY: whole(1, MAX_CONCURRENCY).optional(),
  JOB_ATTEMPTS: whole(1, 1_000).default(5),
  JOB_BACKOFF_MS: whole(1, 3_600_000).default(1_000),
  JOB_LOCK_MS: whole(1_000, 3_600_000).default(30_000),
  COMPLETED_KEEP: whole(0, 1_000_000).default(1_000),
  FAILED_RETENTION_DAYS: whole(1, 3_650).optional(),
};

const variables = z.object(jobVariables);

export function jobSettings(
  env: z.output<typeof variables> & {
    PARTITIONS: number;
    REDIS_MEMORY_SHARE: number;
    SQS_DOLLARS_PER_MILLION_CALLS: number;
  },
) {
  return {
    maxBodyBytes: env.MAX_BODY_BYTES,
    bridge: {
      maxReceives: env.BRIDGE_MAX_RECEIVES,
      envelope: env.INBOX_ENVELOPE,
      highWater: env.QUEUE_HIGH_WATER,
      memoryShare: env.REDIS_MEMORY_SHARE,
      dollarsPerMillionCalls: env.SQS_DOLLARS_PER_MILLION_CALLS,
    },
    worker: { concurrency: env.WORKER_CONCURRENCY ?? inHandFor(env.PARTITIONS), lockMs: env.JOB_LOCK_MS },
    jobs: {
      attempts: env.JOB_ATTEMPTS,
      backoffMs: env.JOB_BACKOFF_MS,
      keepCompleted: env.COMPLETED_KEEP,
      failedRetentionDays: env.FAILED_RETENTION_DAYS,
    },
  };
}

/** A partition's orders travel to its server together: the fewer are in hand, the more calls they take. */
const inHandFor = (partitions: number): number =>
  Math.min(IN_HAND_PER_PARTITION * partitions, MAX_CONCURRENCY);
