import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import { INDEX_SCRIPT } from '../../queue/failures/noteFailures.ts';
import { noteStored } from '../../queue/failures/reconcile.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { redisDate } from '../../store/redisTime.ts';
import { type FailedJob, inWords, type Meant, matching } from '../matching.ts';
import { Refused } from '../refused.ts';
import { sha256 } from '../replaceData.ts';
import type { RunParts } from '../runs/runs.ts';
import { JOBS_AT_ONCE, storedJobs } from '../runs/storedJobs.ts';
import { ASIDE, asideJobs } from './readAside.ts';

const SCRIPT = INDEX_SCRIPT + readFileSync(new URL('./moveJobs.lua', import.meta.url), 'utf8');

const callScript = redisScript<string[]>('moveFailedJobs', { numberOfKeys: 3, lua: SCRIPT });

/** Orders set aside that are meant: all, or the jobs that are named. */
export interface AsideMeant {
  jobs?: string[] | undefined;
}

export interface Moved {
  orders: number;
  /** Retried, repaired or removed by somebody else meanwhile. */
  gone: number;
}

/**
 * Takes failed orders out of the way: they are in no cause and no run, and are kept until they are restored or deleted.
 * A message that SQS delivers again is still known by its job.
 *
 * @throws NoTrace, as do all of these
 */
export const setAside = (parts: RunParts, who: Author, where: Meant, reason: string): Promise<Moved> =>
  moveAll(parts, who, 'aside', reason, inWords(where), (partition) =>
    matching(parts.redis, partition, where),
  );

/** Puts them back among the failed ones, with the time of their first failure. */
export const restore = (parts: RunParts, who: Author, where: AsideMeant, reason: string): Promise<Moved> =>
  moveAll(parts, who, 'restore', reason, asideInWords(where), (partition) =>
    asideJobs(parts.redis, partition, where.jobs),
  );

/**
 * Removes failed orders for good, or with `aside` some that were set aside. What they were is in the audit log by then, by
 * their digests.
 *
 * @throws Refused when it would be another number than `count`, and nothing is deleted
 */
export async function deleteOrders(
  parts: RunParts,
  who: Author,
  where: (Meant & { aside?: false }) | (AsideMeant & { aside: true }),
  { count, reason }: { count: number; reason: string },
): Promise<Moved> {
  const { aside, ...meant } = where;
  const find = (partition: Partition) =>
    aside ? asideJobs(parts.redis, partition, meant.jobs) : matching(parts.redis, partition, meant);
  let found = 0;
  for (const partition of parts.partitions.all) {
    for await (const jobs of find(partition)) found += jobs.length;
  }
  if (found !== count) {
    throw new Refused(
      `It would be ${found} orders, not ${count}, so nothing was deleted: look again, and type the number there is.`,
    );
  }
  const does = aside ? 'delete aside' : 'delete';
  return moveAll(parts, who, does, reason, aside ? asideInWords(meant) : inWords(meant), find, count);
}

/** Others that are meant are moved, and such ones counted as gone. */
const NO_JOB =
  'What stands in Redis under its key is no job: somebody else wrote it there. It can be deleted, and nothing else.';

const asideInWords = ({ jobs }: AsideMeant): string => (jobs ? inWords({ jobs }) : 'set aside');

async function moveAll(
  parts: RunParts,
  who: Author,
  does: 'aside' | 'restore' | 'delete' | 'delete aside',
  reason: string,
  filter: string,
  find: (partition: Partition) => AsyncGenerator<FailedJob[], void, undefined>,
  most = Number.POSITIVE_INFINITY,
): Promise<Moved> {
  const moves = does === 'aside' || does === 'restore';
  const moved: Moved = { orders: 0, gone: 0 };
  const action = { aside: 'set aside', restore: 'restore', delete: 'delete', 'delete aside': 'delete' }[does];
  const note = JSON.stringify({ at: await redisDate(parts.redis), by: who, reason });
  for (const partition of parts.partitions.all) {
    // Listed before the first one moves: what is looked through would change otherwise.
    const jobs: FailedJob[] = [];
    for await (const some of find(partition)) jobs.push(...some);
    for (let from = 0; from < jobs.length; from += JOBS_AT_ONCE) {
      // What has failed since the count was typed is not among those that were counted.
      const some = jobs.slice(from, Math.min(from + JOBS_AT_ONCE, from + most - moved.orders - moved.gone));
      if (some.length === 0) break;
      const stored = await storedJobs(
        parts.redis,
        partition,
        some.map(({ id }) => id),
      );
      if (
        moves &&
        moved.orders === 0 &&
        stored.every(({ isForeign }) => isForeign) &&
        stored.length === jobs.length
      )
        throw new Refused(NO_JOB);
      const digests = stored.map(({ id, text }) => [id, sha256(text)] as const);
      const change = {
        action,
        partition: partition.index,
        filter,
        reason,
        count: some.length,
        jobs: digests,
      };
      const { count } = await parts.audit.change(who, change, async () => ({
        result: 'done' as const,
        count: (await move(parts.redis, partition, does, note, some)).length,
      }));
      moved.orders += count;
      moved.gone += some.length - count;
    }
  }
  return moved;
}

async function move(
  redis: Redis | Cluster,
  partition: Partition,
  does: string,
  note: string,
  jobs: readonly FailedJob[],
): Promise<string[]> {
  const done = await callScript(
    redis,
    failureKeys(partition).entries,
    queueKey(partition, 'failed'),
    queueKey(partition, ASIDE),
    queueKey(partition, ''),
    does,
    note,
    ...jobs.flatMap(({ id, failedOn }) => [id, failedOn]),
  );
  if (does === 'restore') {
    const back = jobs.filter(({ id }) => done.includes(id));
    await noteStored(
      redis,
      partition,
      back.flatMap(({ id, failedOn }) => [id, failedOn]),
    );
  }
  return done;
}
