import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { parsed } from '../../runtime/json.ts';
import { failureKeys, olderFailureKeys, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { jobFields, runsIn } from '../jobFields.ts';
import { notedOf, storedIssues } from './failure.ts';
import { INDEX_SCRIPT, noteAll } from './noteFailures.ts';

const SCRIPT = INDEX_SCRIPT + readFileSync(new URL('./reconcile.lua', import.meta.url), 'utf8');

/** Redis does nothing else meanwhile: below a millisecond where all is right, some 4 where nothing is. */
const STRETCHES = { failed: 1_000, index: 200, since: 500, retried: 500 };
/** A job may carry a megabyte, and what was sent once more beside it. */
const JOBS_AT_ONCE = 50;
/** Whoever makes a pass asks again sooner than that, unless it died. */
const LEASE_MS = 10_000;
/** A pass takes a tenth of the time at most, however often it is asked for. */
const REST = 10;
const SHORTEST_REST_MS = 1_000;
/** Equal sizes can hide that one is gone and another is missing. */
const DUE_AFTER_MS = 600_000;

const callScript = redisScript<[string, string[]] | null>('reconcileFailures', {
  numberOfKeys: 4,
  lua: SCRIPT,
});

/**
 * Makes the index what the failed set is: notes what is missing, from what BullMQ keeps on the job, and takes out what
 * has left. In small steps, beside everything else that changes both. One process at a time does so, unless `alone`,
 * which also leaves no trace of it. Says whether it did; `signal` stops it between two steps.
 */
export async function reconcileFailures(
  redis: Redis | Cluster,
  partition: Partition,
  { alone = false, signal }: { alone?: boolean; signal?: AbortSignal } = {},
): Promise<boolean> {
  const { entries, pass } = failureKeys(partition);
  const queue = ['failed', 'completed'].map((name) => queueKey(partition, name));
  const me = alone ? '' : randomUUID();
  const ask = (stretch: string, cursor: string | number, count: number) => {
    signal?.throwIfAborted();
    const keys = [entries, ...queue, pass, queueKey(partition, '')];
    return callScript(redis, ...keys, me, LEASE_MS, stretch, cursor, count);
  };
  const started = performance.now();
  for (const [stretch, count] of Object.entries(STRETCHES)) {
    for (let cursor = ''; cursor !== '0'; ) {
      const reply = await ask(stretch, cursor || '0', count);
      if (reply === null) return false;
      const missing = reply[1];
      for (let from = 0; from < missing.length; from += 2 * JOBS_AT_ONCE) {
        await noteStored(redis, partition, missing.slice(from, from + 2 * JOBS_AT_ONCE));
        signal?.throwIfAborted();
      }
      cursor = reply[0] === 'again' ? '' : reply[0];
    }
  }
  await redis.unlink(...olderFailureKeys(partition));
  const rest = Math.round(Math.max(SHORTEST_REST_MS, REST * (performance.now() - started)));
  if (!alone) await ask('end', rest, Math.max(DUE_AFTER_MS, rest));
  return true;
}

/** `jobs`: ids and scores in turn. One without data is noted all the same, or it would be missing for ever. */
export async function noteStored(
  redis: Redis | Cluster,
  partition: Partition,
  jobs: readonly string[],
): Promise<void> {
  const ids = jobs.filter((_, index) => index % 2 === 0);
  const stored = await jobFields(redis, partition, ids, ['data', 'failedReason', 'stacktrace', 'atm']);
  const found = stored.map(({ id, data, failedReason = '', stacktrace = '', atm }, index) => ({
    job: id,
    failedOn: jobs[2 * index + 1] as string,
    ...notedOf(parsed(data), storedIssues(failedReason, stacktrace), runsIn(atm)),
  }));
  await noteAll(redis, partition, found, { found: true });
}
