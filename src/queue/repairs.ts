import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { isRecord } from '../orders/record.ts';
import { parsed } from '../runtime/json.ts';
import { DAY_MS } from '../runtime/units.ts';
import { queueKey, repairKeys } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { redisScript } from '../store/redisScript.ts';

/** Name of a job whose data somebody edited. Only for those the worker looks for what is kept beside them. */
export const EDITED_JOB = 'order-edited';

/** One edit of a job's data. Digests are SHA-256 of the data as it is stored, hex. */
export interface Edit {
  /** ISO, UTC. */
  at: string;
  by: { kind: string; name?: string; address?: string };
  before: string;
  after: string;
  /** What the data was replaced by. */
  data: unknown;
}

/** What is kept beside an edited job, and after it has counted. */
export interface Repair {
  /** The job's data as the message made it. */
  original: unknown;
  /** Why it had failed before the first edit. */
  failedReason: string;
  edits: Edit[];
  /** Once it is a repair: how the job ended. */
  outcome?: RepairOutcome;
}

export type RepairOutcome = { at: string } & (
  | { outcome: 'counted' | 'duplicate' }
  /** It went on in another partition, as this job. */
  | { outcome: 'moved'; to: number; job: string }
  /** It ended without the worker's word: its job is kept as completed, or is there no more. */
  | { outcome: 'completed' | 'gone' }
);

/** What is kept beside a job, from its text; undefined when that is nothing of ours. */
export function readRepair(text: string | null | undefined): Repair | undefined {
  const kept = parsed(text) as Partial<Repair> | null | undefined;
  const isOurs = Array.isArray(kept?.edits) && kept.edits.every(isRecord);
  return isOurs ? (kept as Repair) : undefined;
}

const SCRIPT = readFileSync(new URL('./keepRepair.lua', import.meta.url), 'utf8');

const callScript = redisScript<0 | 1>('keepRepair', { numberOfKeys: 5, lua: SCRIPT });

export interface RepairShelf {
  /** The edited job ended well: what is kept beside it moves to the repairs. Nothing happens when that was done before. */
  keep(jobId: string, outcome: RepairOutcome): Promise<void>;
  /**
   * The same for jobs that ended without it, because a worker died in between or because a retention dropped them;
   * and drops repairs that are too old. Says how many were moved.
   */
  sweep(now: number): Promise<number>;
}

/** The repairs of one partition. */
export function repairShelf(
  redis: Redis | Cluster,
  partition: Partition,
  { retentionDays }: { retentionDays: number },
): RepairShelf {
  const { edits, repairs, ended } = repairKeys(partition);
  const move = (jobId: string, now: number, outcome: string) =>
    callScript(
      redis,
      edits,
      repairs,
      ended,
      queueKey(partition, jobId),
      queueKey(partition, 'completed'),
      jobId,
      now,
      retentionDays * DAY_MS,
      outcome,
      new Date(now).toISOString(),
    );
  return {
    async keep(jobId, outcome) {
      await move(jobId, Date.parse(outcome.at), JSON.stringify(outcome));
    },
    async sweep(now) {
      let moved = 0;
      for (const jobId of await redis.hkeys(edits)) moved += await move(jobId, now, '');
      await move('', now, '');
      return moved;
    },
  };
}
