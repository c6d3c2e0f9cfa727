import { setTimeout as delay } from 'node:timers/promises';
import { ACTIVE_RUNS_KEY, queueKey, runDriverKey, runKey, runKeys } from '../../store/keys.ts';
import { holdLease, letGoOfLease } from '../../store/lease.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisDate } from '../../store/redisTime.ts';
import { stored } from '../../store/stored.ts';
import { countsOf, endUnprepared, moveOn, RUN_LEASE_MS, type Run, type RunParts, readRun } from './runs.ts';
import { sendBatch } from './sendBatch.ts';
import { countsShape, type RunCounts } from './settle.ts';
import { JOBS_AT_ONCE } from './storedJobs.ts';

/** Whether they count is seen before any other is sent. */
const FIRST = 10;
const MOST_UNDER_WAY = 1_000;
const LOOK_EVERY_MS = 50;
/**
 * Without a rate, orders of a run are sent while no more than so many wait for a worker: a fresh one then waits behind them
 * and no more. A backlog of others is let by, but for a few a second: behind one that never ends, a run would not end either.
 */
const MOST_WAITING = 50;
const LET_BY_PER_SECOND = 10;
/** Side by side: while Redis sends one batch, another is judged. */
const BATCHES = 4;

/**
 * Drives a run until it is over, held, or stopped by `signal`; at once when another process does. What one has left
 * where it died, the next goes on with. Nothing is sent twice by two who drive: that is up to the step that sends.
 */
export async function driveRun(parts: RunParts, id: string, me: string, signal: AbortSignal): Promise<void> {
  const { redis } = parts;
  const driver = runDriverKey(id);
  let turn = 0;
  let next = 0;
  let lastSent = 0;
  try {
    while (!signal.aborted && (await holdLease(redis, driver, me, RUN_LEASE_MS))) {
      const run = await readRun(parts, id);
      if (run?.state === 'preparing') return await endUnprepared(parts, run);
      if (run?.state !== 'running') {
        if (run === undefined || isOver(run)) await redis.srem(ACTIVE_RUNS_KEY, id);
        return;
      }
      const { counts } = run;
      const since = await sinceResumed(parts, run);
      if (await stopped(parts, run, since)) return;
      if (counts.todo + counts.underWay === 0) return await finish(parts, id);
      const room = Math.min(
        roomOf(run, since),
        run.rate === undefined ? await roomInQueues(parts, lastSent) : counts.todo,
      );
      if (room <= 0) {
        await delay(LOOK_EVERY_MS, undefined, { signal });
        continue;
      }
      const sent = await takeTurn(parts, run, turn, room);
      turn += 1;
      lastSent = Date.now();
      next = Math.max(next, Date.now()) + (run.rate === undefined ? 0 : (sent / run.rate) * 1_000);
      if (next > Date.now()) await delay(next - Date.now(), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await letGoOfLease(redis, driver, me);
  }
}

const isOver = ({ state }: Run) => state === 'cancelled' || state === 'done';

/** What became of what was sent since somebody let the run go on. */
type Since = Pick<RunCounts, 'sent' | 'ended' | 'failed'>;
const sinceShape = countsShape.pick({ sent: true, ended: true, failed: true });

async function sinceResumed({ redis }: RunParts, { id, counts }: Run): Promise<Since> {
  const text = await redis.hget(runKey(id), 'excused');
  const place = { key: runKey(id), field: 'excused' };
  const before = stored<Since>(redis, place, text, sinceShape) ?? { sent: 0, ended: 0, failed: 0 };
  return {
    sent: counts.sent - before.sent,
    ended: counts.ended - before.ended,
    failed: counts.failed - before.failed,
  };
}

/** How many more may be sent now: no more are on their way than have counted before them. */
function roomOf({ counts, rate }: Run, { sent, ended, failed }: Since): number {
  if (counts.todo === 0) return 0;
  if (sent < FIRST) return FIRST - sent;
  if (ended + failed < FIRST) return 0;
  const most = Math.min(MOST_UNDER_WAY, Math.max(FIRST, ended));
  const atOnce = Math.min(BATCHES * JOBS_AT_ONCE, most - counts.underWay);
  return rate === undefined ? atOnce : Math.min(atOnce, Math.max(1, Math.floor(rate / 10)));
}

/** How many more may wait for a worker. `lastSent`: when any was sent last, ms. */
export async function roomInQueues(
  { redis, partitions }: Pick<RunParts, 'redis' | 'partitions'>,
  lastSent: number,
): Promise<number> {
  const lengths = await Promise.all(partitions.all.map((each) => redis.llen(queueKey(each, 'wait'))));
  const room = MOST_WAITING - lengths.reduce((sum, length) => sum + length, 0);
  return room <= 0 && Date.now() - lastSent >= 1_000 ? LET_BY_PER_SECOND : room;
}

/** Within a partition the oldest failure first; each turn begins with the next partition. */
async function takeTurn(parts: RunParts, run: Run, turn: number, room: number): Promise<number> {
  const { all } = parts.partitions;
  const batches: [Partition, string[]][] = [];
  let left = room;
  for (let nth = 0; nth < all.length && left > 0; nth += 1) {
    const partition = all[(turn + nth) % all.length] as Partition;
    const ids = await parts.redis.zrange(runKeys(partition, run.id).todo, 0, String(left - 1));
    left -= ids.length;
    for (let from = 0; from < ids.length; from += JOBS_AT_ONCE)
      batches.push([partition, ids.slice(from, from + JOBS_AT_ONCE)]);
  }
  // Begun only now: one that failed while others are still looked for would be heard by nobody, and end the process.
  const ended = await Promise.allSettled(
    batches.map(([partition, ids]) => sendBatch(parts, run, partition, ids)),
  );
  const lost = ended.find((each) => each.status === 'rejected');
  if (lost) throw lost.reason;
  return ended.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value : 0), 0);
}

/** Whether more of what has ended has failed again than may. */
async function stopped(
  { redis }: RunParts,
  { id, counts, stopPercent }: Run,
  { ended, failed }: Since,
): Promise<boolean> {
  const all = ended + failed;
  if (counts.todo === 0 || all < FIRST || failed * 100 <= all * stopPercent) return false;
  const why = `${failed} of ${all} have failed again, more than ${stopPercent} %`;
  return moveOn(redis, id, ['running'], { state: 'stopped', why });
}

async function finish(parts: RunParts, id: string): Promise<void> {
  const { redis, partitions, audit } = parts;
  const run = await readRun(parts, id);
  if (run === undefined) return;
  await audit.change(run.who, { action: 'end run', run: id }, async () => {
    const counts = await countsOf(redis, partitions.all, id);
    const facts = { counts: JSON.stringify(counts), endedAt: await redisDate(redis) };
    return (await moveOn(redis, id, ['running'], { state: 'done', ...facts }))
      ? { result: 'done' as const, count: counts.sent }
      : { result: 'refused' as const, why: 'It was held or ended by somebody.' };
  });
  await redis.srem(ACTIVE_RUNS_KEY, id);
}
