import { setMaxListeners } from 'node:events';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { archiveLine, type Origin } from '../orders/archivedOrder.ts';
import { MAX_ID_LENGTH } from '../orders/ids.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import type { Order, OrderRules } from '../orders/order.ts';
import { makeParseOrder } from '../orders/parseOrder.ts';
import type { DurableQueues } from '../queue/durableQueues.ts';
import { worthOf } from '../queue/failures/failure.ts';
import { type FailureNotes, noteFailures } from '../queue/failures/noteFailures.ts';
import { readFleetConcurrency } from '../queue/fleetConcurrency.ts';
import type { OrderJob, Reading } from '../queue/orderJob.ts';
import { idsOf, receivedAt } from '../queue/readOrderJob.ts';
import { EDITED_JOB, type RepairOutcome, repairShelf } from '../queue/repairs.ts';
import { forgetDetail } from '../stats/forgetDetail.ts';
import { makeRecordOrder } from '../stats/record/recordOrder.ts';
import { ORDER_QUEUE, queueKey } from '../store/keys.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { retryStart } from '../store/retryStart.ts';
import type { Tally } from '../telemetry/tally.ts';
import type { Traces } from '../telemetry/traces/traces.ts';
import { followConcurrency, keepDetail, sweepRepairs } from './housekeeping.ts';
import { type OutcomeLog, startOutcomeLog } from './outcomes.ts';
import { type Outcome, processOrder } from './processOrder.ts';
import { retryUntilTaken } from './retryUntilTaken.ts';
import type { Reviewing } from './reviewing.ts';
import { type Run, tracedRun } from './tracedRun.ts';

export interface WorkerOptions {
  /** Jobs in hand at once in this process, shared out over the partitions. */
  concurrency: number;
  /** How long a worker may be silent before others take its jobs over, in milliseconds. */
  lockMs: number;
  rules: OrderRules;
  /** How a message delivered today is read. */
  reading: Reading;
  ledgerRetentionDays: number;
  /** Days for which the stats keep what single users did by day; by month they keep it for ever. */
  userDetailDays: number;
  /** Days for which what a repaired order was before is kept. */
  auditRetentionDays: number;
  /** While a history is kept; whether with addresses. */
  archive?: { addresses: boolean } | undefined;
}

export interface WorkerParts {
  /** For BullMQ: it waits for Redis as long as it takes (maxRetriesPerRequest null). */
  queueRedis: Redis | Cluster;
  /** For recording, of the same profile: while Redis is away an order waits instead of using up its attempts. */
  recordRedis: Redis | Cluster;
  /** Fails fast: a setting that cannot be read is looked at again a second later. */
  settingsRedis: Redis | Cluster;
  /** Where an order goes that belongs to another partition: safe there before it completes here. */
  queues: DurableQueues;
  partitions: Partitions;
  /** What this process did, for whoever asks. */
  tally: Tally;
  /** Undefined where orders are not reviewed. */
  review?: Reviewing | undefined;
  traces?: Traces | undefined;
  logger: Logger;
  onError: (error: Error) => void;
}

export interface OrderWorkers {
  health(): { concurrency: number };
  /** Takes no new jobs and waits for those in hand. */
  stop(): Promise<void>;
}

/** A worker per partition, so that every process serves them all. Resolves when all of them take jobs. */
export async function startOrderWorkers(options: WorkerOptions, parts: WorkerParts): Promise<OrderWorkers> {
  const outcomes = startOutcomeLog(parts.logger, parts.tally);
  const stopping = new AbortController();
  // Every order that waits for Redis listens for the stop: that many are no leak.
  setMaxListeners(0, stopping.signal);
  const notes = parts.partitions.all.map((each) => noteFailures(parts.settingsRedis, each, parts.onError));
  const start = (partition: Partition) =>
    retryStart(
      parts.queueRedis,
      () =>
        startWorker(partition, options, parts, {
          outcomes,
          notes: notes[partition.index] as FailureNotes,
          stopping: stopping.signal,
        }),
      parts.onError,
    );
  const workers = await Promise.all(parts.partitions.all.map(start));
  const following = followConcurrency({
    own: options.concurrency,
    read: () => readFleetConcurrency(parts.settingsRedis),
    apply: (concurrency) => {
      for (const worker of workers) worker.concurrency = shareOf(concurrency, workers.length);
    },
    logger: parts.logger,
  });
  const detail = keepDetail({
    days: options.userDetailDays,
    today: async () => Number((await parts.settingsRedis.time())[0]) * 1_000,
    forget: async (firstDay) => {
      const dropped = parts.partitions.all.map((each) => forgetDetail(parts.settingsRedis, each, firstDay));
      return (await Promise.all(dropped)).reduce((sum, count) => sum + count, 0);
    },
    logger: parts.logger,
    onError: parts.onError,
  });
  const repairs = sweepRepairs({
    shelves: parts.partitions.all.map((each) =>
      repairShelf(parts.settingsRedis, each, { retentionDays: options.auditRetentionDays }),
    ),
    logger: parts.logger,
    onError: parts.onError,
  });
  return {
    health: () => ({ concurrency: following.current() }),
    async stop() {
      await Promise.all([following.stop(), detail.stop(), repairs.stop()]);
      stopping.abort();
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([...notes.map((each) => each.settled()), parts.review?.stop()]);
      await outcomes.stop();
    },
  };
}

/** At least one each: a partition without a worker would never move. */
const shareOf = (concurrency: number, partitions: number): number => Math.ceil(concurrency / partitions);

async function startWorker(
  partition: Partition,
  { concurrency, lockMs, rules, reading, ledgerRetentionDays, auditRetentionDays, archive }: WorkerOptions,
  { queueRedis, recordRedis, queues, partitions, tally, review, traces, onError }: WorkerParts,
  { outcomes, notes, stopping }: { outcomes: OutcomeLog; notes: FailureNotes; stopping: AbortSignal },
): Promise<Worker<OrderJob>> {
  const parse = makeParseOrder(rules);
  const recordNow = makeRecordOrder(recordRedis, partition, {
    retentionDays: ledgerRetentionDays,
    archive: archive && ((order, origin, digest) => archiveLine(order, origin, digest, archive)),
  });
  const record = retryUntilTaken(recordNow, { stopping, onError });
  const shelf = repairShelf(recordRedis, partition, { retentionDays: auditRetentionDays });
  const keepRepair = retryUntilTaken(shelf.keep, { stopping, onError });

  const run: Run = async (job, recordOrder) => {
    const jobId = job.id as string;
    const began = performance.now();
    let order: Order | undefined;
    const move = (to: Partition) =>
      queues.add([{ partition: to, jobs: [{ id: movedId(jobId, { to: to.index }), data: job.data }] }]);
    try {
      const outcome = await processOrder(job.data, job.timestamp, {
        id: jobId,
        partition,
        partitions,
        parse,
        reading,
        review,
        record: (one) => {
          order = one;
          // That it counted is asked of an edited order later on, by the receipt of its repair.
          const told = job.name === EDITED_JOB ? queueKey(partition, jobId) : undefined;
          return recordOrder(one, told, archive && originOf(job));
        },
        move,
      });
      outcomes.ended(outcome.outcome);
      if (order && outcome.outcome === 'counted') tally.counted(order, receivedAt(job.data, job.timestamp));
      // Before the job ends: killed in between, it runs again, is a duplicate, and what was edited moves then. An order
      // that has counted does not fail over it, the sweep finds what was left.
      if (job.name === EDITED_JOB) await keepRepair(jobId, ending(jobId, outcome)).catch(onError);
      return outcome;
    } catch (error) {
      throw error instanceof InvalidOrder ? unrecoverable(error) : error;
    } finally {
      tally.add('busy_ms', performance.now() - began);
    }
  };

  const told = traces ? tracedRun(run, traces, partition) : run;
  const worker = new Worker<OrderJob>(ORDER_QUEUE, (job) => told(job, record), {
    connection: queueRedis,
    prefix: partition.tag,
    autorun: false,
    concurrency: shareOf(concurrency, partitions.all.length),
    lockDuration: lockMs,
    stalledInterval: lockMs,
    // A stall says that a process died, nothing about the order: it must run again however often that happens.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  worker.on('error', onError);
  worker.on('failed', (job, error) => {
    if (!job) return;
    tellFailure(outcomes, partition, job, error);
    if (job.finishedOn !== undefined) notes.failed(job, error);
  });
  // Most orders run once and were never failed: nothing is asked for them.
  worker.on('completed', (job) => {
    if (job.attemptsStarted > 1) notes.left(job.id as string);
  });
  try {
    // BullMQ keeps what came of its first command for ever, see openOrderQueues: one that failed would take no job.
    await worker.waitUntilReady();
  } catch (error) {
    await worker.close(true).catch(() => {});
    throw error;
  }
  worker.run().catch(onError);
  return worker;
}

/**
 * The id changes with every move. With the same one, an order moved away and back would be ignored, because its
 * first job is still kept there as completed: it would be lost.
 */
const movedId = (jobId: string, { to }: { to: number }): string => `${jobId}~${to}`;

/** Whatever an edit has left of it. A job that changed its partition has the message's id in its own. */
function originOf(job: Job<OrderJob>): Origin {
  const id: unknown = job.data?.message?.id;
  return {
    messageId: typeof id === 'string' ? id.slice(0, MAX_ID_LENGTH) : (job.id as string),
    receivedAt: receivedAt(job.data, job.timestamp),
  };
}

function ending(jobId: string, outcome: Outcome): RepairOutcome {
  const at = new Date().toISOString();
  return outcome.outcome === 'moved'
    ? { at, ...outcome, job: movedId(jobId, outcome) }
    : { at, outcome: outcome.outcome };
}

/**
 * BullMQ says so once the job is where it belongs now, also when it gave up an order that was never processed. Only a
 * job that is not tried again has an end.
 */
function tellFailure(outcomes: OutcomeLog, { index }: Partition, job: Job<OrderJob>, error: Error): void {
  const jobId = job.id as string;
  if (error.cause instanceof InvalidOrder)
    outcomes.refused(jobId, index, { ...idsOf(job.data), worth: worthOf(job.data) }, error.cause);
  else if (job.finishedOn !== undefined) outcomes.failed(jobId, job.attemptsMade, error);
  else outcomes.retried(jobId, error);
}

function unrecoverable(error: InvalidOrder): UnrecoverableError {
  const wrapped = new UnrecoverableError(error.message);
  wrapped.cause = error;
  wrapped.stack = error.stack ?? error.message;
  return wrapped;
}
