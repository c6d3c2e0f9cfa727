import type { Job, Queue } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Author, Change } from '../audit/auditEntry.ts';
import type { AuditLog, Outcome } from '../audit/auditLog.ts';
import { HttpProblem } from '../http/transport/problem.ts';
import { noteAll } from '../queue/failures/noteFailures.ts';
import type { OrderJob } from '../queue/orderJob.ts';
import { type OrderQueues, titleOf } from '../queue/orderQueues.ts';
import { DAY_MS } from '../runtime/units.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { redisDate } from '../store/redisTime.ts';
import type { BoardAction } from './boardTable.ts';
import { checkEdit } from './checkEdit.ts';
import { replaceData, revised, sha256, storedData, WHY_NOT_REPLACED } from './replaceData.ts';
import { withTypedNumbers } from './typedNumbers.ts';

export interface DeskParts {
  /** Fails fast: somebody waits for the answer. */
  redis: Redis | Cluster;
  queues: OrderQueues;
  partitions: Partitions;
  audit: AuditLog;
  /** The largest order, in bytes. */
  maxBodyBytes: number;
  /** Gives every order that has failed in these partitions to the workers once more. */
  retryFailed: (partitions: readonly Partition[]) => Promise<{ failed: number; retried: number }>;
}

/** What an action is asked for, as the board's page names it. */
export interface Asked {
  queueName?: string;
  queueStatus?: string;
  jobId?: string;
  body: unknown;
  /** What `body` was read from: its numbers have all their digits there. */
  text?: string;
}

export interface Answer {
  status: 200 | 204;
  body: unknown;
}

type Act = (who: Author, asked: Asked) => Promise<Answer>;

/** A retry or a promotion does not wait for another day: an order put off for ever would be an order nobody sees. */
const LONGEST_DELAY_MS = DAY_MS;

/**
 * Everything that changes jobs by hand, and the only place that does. Each change leaves its trace: what was meant
 * before it, what came of it after it.
 *
 * @throws HttpProblem with a sentence for the operator; NoTrace when nothing could be written down, and nothing was changed
 */
export function makeDesk(parts: DeskParts): Record<BoardAction | 'look', Act> {
  const { redis, queues, partitions, audit, maxBodyBytes, retryFailed } = parts;
  const byTitle = new Map(
    queues.all.map((queue, index) => {
      const partition = partitions.all[index] as Partition;
      return [titleOf(partition, queues.all.length), { queue, partition }];
    }),
  );

  const placeOf = ({ queueName = '' }: Asked) => {
    const place = byTitle.get(queueName);
    if (!place) throw notFound('There is no such queue');
    return place;
  };
  const jobOf = async (asked: Asked) => {
    const { queue, partition } = placeOf(asked);
    const { jobId = '' } = asked;
    const seen = await storedData(redis, partition, jobId);
    const job = seen === undefined ? undefined : await queue.getJob(jobId);
    if (seen === undefined || job === undefined) throw notFound('There is no such job');
    return { partition, jobId, job, seen };
  };
  /** Makes the change with its trace. What the job's state does not allow is an answer, and an outcome. */
  const make = async (who: Author, change: Change, act: () => Promise<Outcome>): Promise<Outcome> => {
    const outcome = await audit.change(who, change, act);
    if (outcome.result === 'refused') throw conflict(outcome.why ?? 'It cannot be done now');
    return outcome;
  };
  const onOne =
    (
      action: string,
      may: (job: Job<OrderJob>, asked: Asked) => Promise<string | undefined>,
      act: (job: Job<OrderJob>, asked: Asked) => Promise<void>,
    ): Act =>
    async (who, asked) => {
      const { partition, jobId, job, seen } = await jobOf(asked);
      const why = await may(job, asked);
      if (why !== undefined) throw conflict(why);
      const change = { action, partition: partition.index, job: jobId, before: sha256(seen) };
      await make(who, change, () => act(job, asked).then(() => DONE, leftItsState));
      return NOTHING;
    };
  const onAll =
    (action: string, act: (all: readonly Queue<OrderJob>[]) => Promise<Partial<Change>>, one: boolean): Act =>
    async (who, asked) => {
      const place = one ? placeOf(asked) : undefined;
      const change = { action, ...(place ? { partition: place.partition.index } : {}) };
      await make(who, change, async () => ({ ...DONE, ...(await act(place ? [place.queue] : queues.all)) }));
      return { status: 200, body: {} };
    };

  const pause = async (all: readonly Queue<OrderJob>[]) => {
    await Promise.all(all.map((queue) => queue.pause()));
    return {};
  };
  const resume = async (all: readonly Queue<OrderJob>[]) => {
    await Promise.all(all.map((queue) => queue.resume()));
    return {};
  };
  const promote = async (all: readonly Queue<OrderJob>[]) => {
    const counts = await Promise.all(all.map((queue) => queue.getDelayedCount()));
    await Promise.all(all.map((queue) => queue.promoteJobs()));
    return { count: counts.reduce((sum, count) => sum + count, 0) };
  };

  return {
    /** Changes nothing: it is there, or the answer is 404. */
    async look(_who, asked) {
      await jobOf(asked);
      return NOTHING;
    },
    async edit(who, asked) {
      const jobData = (asked.body as { jobData?: unknown } | undefined)?.jobData;
      const data =
        jobData === undefined ? undefined : withTypedNumbers(jobData, asked.text ?? '', maxBodyBytes);
      checkEdit(data, maxBodyBytes);
      const { partition, jobId, job, seen } = await jobOf(asked);
      const state = await job.getState();
      if (state !== 'failed' && state !== 'delayed') throw conflict(WHY_NOT_REPLACED.state);
      const text = JSON.stringify(revised(data, JSON.parse(seen)));
      const [before, after] = [sha256(seen), sha256(text)];
      await make(who, { action: 'edit', partition: partition.index, job: jobId, before, after }, async () => {
        const edit = { at: await redisDate(redis), by: who, before, after };
        const replaced = await replaceData(redis, partition, jobId, { seen, text, edit });
        return replaced === 'done' ? DONE : { result: 'refused', why: WHY_NOT_REPLACED[replaced] };
      });
      return { status: 200, body: {} };
    },
    retry: onOne(
      'retry',
      async (job) => {
        const state = await job.getState();
        if (state === 'failed') return undefined;
        return state === 'completed'
          ? COMPLETED
          : `Only failed orders are retried, and this one is ${state}.`;
      },
      // With all its attempts: a repaired order that meets a passing fault would fail for good at once otherwise.
      async (job, asked) => {
        await job.retry('failed', { resetAttemptsMade: true });
        // Done, whatever becomes of this: who reconciles the index finds it gone.
        await noteAll(redis, placeOf(asked).partition, [{ job: job.id as string }]).catch(() => {});
      },
    ),
    async 'retry all'(who, asked) {
      const { partition } = placeOf(asked);
      if (asked.queueStatus !== 'failed') throw conflict(COMPLETED);
      let retried = { failed: 0, retried: 0 };
      await make(who, { action: 'retry all', partition: partition.index, filter: 'failed' }, async () => {
        retried = await retryFailed([partition]);
        return { ...DONE, count: retried.retried };
      });
      return {
        status: 200,
        body: { retried: retried.retried, skipped: retried.failed - retried.retried },
      };
    },
    promote: onOne('promote', onlyDelayed, (job) => job.promote()),
    'promote all': onAll('promote all', promote, true),
    delay: onOne(
      'delay',
      async (job, { body }) => {
        const runAt = (body as { runAt?: unknown } | undefined)?.runAt;
        if (typeof runAt !== 'number' || !Number.isFinite(runAt))
          return 'runAt must be a time in milliseconds.';
        if (runAt > Date.now() + LONGEST_DELAY_MS) return 'An order can be put off for a day at most.';
        return onlyDelayed(job);
      },
      (job, { body }) => job.changeDelay(Math.max(0, (body as { runAt: number }).runAt - Date.now())),
    ),
    pause: onAll('pause', pause, true),
    'pause all': onAll('pause all', pause, false),
    resume: onAll('resume', resume, true),
    'resume all': onAll('resume all', resume, false),
  };
}

const DONE = { result: 'done' } as const;
const NOTHING: Answer = { status: 204, body: undefined };

const COMPLETED =
  'This order was counted or recognised as a duplicate. Run again it would change nothing, or count twice once it ' +
  'is forgotten. Only failed orders are retried.';
async function onlyDelayed(job: Job<OrderJob>): Promise<string | undefined> {
  const state = await job.getState();
  return state === 'delayed'
    ? undefined
    : `Only an order that waits for its next attempt can be moved, and this one is ${state}.`;
}

/** It was in another state by the time the change arrived: BullMQ says so in its own words. */
function leftItsState(error: Error): Outcome {
  if (!/is not in the \w+ state|Missing key for job/.test(error.message)) throw error;
  return { result: 'refused', why: 'It has gone on meanwhile: look at it again.' };
}

const notFound = (detail: string) => new HttpProblem(404, { kind: 'not-found', detail });
const conflict = (detail: string) => new HttpProblem(409, { kind: 'conflict', detail });
