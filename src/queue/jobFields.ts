import type { Cluster, Redis } from 'ioredis';
import { queueKey } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { isWrongType } from '../store/redisFaults.ts';

/** What BullMQ keeps of a job; `aside` is the desk's. */
type Field =
  | 'data'
  | 'timestamp'
  | 'finishedOn'
  | 'atm'
  | 'returnvalue'
  | 'failedReason'
  | 'stacktrace'
  | 'aside';

/** The text of each field; undefined where there is none. */
export type JobFields<F extends Field> = Record<F, string | undefined> & {
  id: string;
  /** Something else stands under its key. */
  isForeign: boolean;
};

/**
 * Some fields of jobs of a partition, in the same order. Beside its jobs BullMQ keeps lists and sets (`wait`, `failed`), and
 * anybody may have written anything: a key that is no job of ours must not keep the others from being read.
 */
export async function jobFields<F extends Field>(
  redis: Redis | Cluster,
  partition: Partition,
  ids: readonly string[],
  names: readonly F[],
): Promise<JobFields<F>[]> {
  const pipe = redis.pipeline();
  for (const id of ids) pipe.hmget(queueKey(partition, id), ...names);
  const replies = (await pipe.exec()) ?? [];
  return ids.map((id, at) => {
    const [error, values] = replies[at] ?? [new Error('Redis sent no reply')];
    if (error && !isWrongType(error)) throw error;
    const texts = error ? [] : (values as (string | null)[]);
    const fields = Object.fromEntries(names.map((name, nth) => [name, texts[nth] ?? undefined]));
    return { ...(fields as Record<F, string | undefined>), id, isForeign: error !== null };
  });
}

/** A time, ms since 1970; undefined when it is none that a date can be of. */
export function timeIn(text: string | null | undefined): number | undefined {
  const time = Number(text || Number.NaN);
  return Number.isNaN(new Date(time).getTime()) ? undefined : time;
}

/** Runs of a job; none when it is no number of them. */
export const runsIn = (text: string | undefined): number => (/^\d{1,9}$/.test(text ?? '') ? Number(text) : 0);
