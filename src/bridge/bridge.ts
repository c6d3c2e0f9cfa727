import type { Logger } from 'winston';
import type { DurableQueues } from '../queue/durableQueues.ts';
import type { QueueLoad } from '../queue/queueLoad.ts';
import type { Partitions } from '../store/partitions.ts';
import { atMost } from './atMost.ts';
import { Enqueuer, type EnqueuerOptions } from './handOver/enqueuer.ts';
import { Gate } from './handOver/gate.ts';
import { Pressure, type PressureOptions } from './handOver/pressure.ts';
import type { CallCounts, CallReport } from './sqs/callCounts.ts';
import { Deleter } from './sqs/deleter.ts';
import type { Inbox } from './sqs/inbox.ts';
import { InFlight } from './sqs/inFlight.ts';
import type { Polling, SqsState } from './sqs/polling.ts';
import { Receivers } from './sqs/receivers.ts';
import { Keeper } from './sqs/visibilityExtender.ts';
import { startTrafficLog } from './trafficLog.ts';

/*
 * The bridge carries messages from the inbox into BullMQ:
 *
 *   1. receive up to 10 at a time, with a place reserved for each        receivers.ts, inFlight.ts
 *   2. add a job per message in bulk, under the message's id             enqueuer.ts
 *   3. delete the message, only after its job is safe                    deleter.ts
 *
 * Beside that it pauses step 1 while the queue is too long or Redis away (pressure.ts, gate.ts), and keeps hidden
 * from others what it holds for long (keeper.ts). It never validates: any body becomes a job. It would rather
 * deliver an order twice than lose it, because twice is recognised later and lost is not.
 */

export interface BridgeOptions extends EnqueuerOptions, PressureOptions {
  /** Most receives under way at once. */
  maxReceives: number;
  waitSeconds: number;
  visibilitySeconds: number;
}

export interface BridgeParts {
  inbox: Inbox;
  counts: CallCounts;
  lanes: readonly DurableQueues[];
  partitions: Partitions;
  readLoad: () => Promise<QueueLoad>;
  /** Hears how calls to the inbox go. */
  polling: Polling;
  logger: Logger;
  onError: (error: Error) => void;
}

export interface BridgeHealth extends CallReport {
  sqs: SqsState;
  last_poll_age_ms: number;
  receives_under_way: number;
  in_flight: number;
  free_places: number;
  paused_by: string[];
}

export interface Bridge {
  health(): BridgeHealth;
  /** Stops receiving. What came is still enqueued and deleted. */
  quiet(): Promise<void>;
  /** Enqueues what came, flushes deletes, hands the rest back to SQS; within ten seconds, whatever answers. */
  stop(): Promise<void>;
}

/** Room for what is received while the batches before are added and deleted. */
const PLACES_PER_RECEIVE = 40;
/** What each step of a stop may take when Redis or SQS does not answer. */
const ENQUEUE_LIMIT_MS = 4_000;
const DELETE_LIMIT_MS = 3_500;
const RELEASE_LIMIT_MS = 1_500;

export function startBridge(options: BridgeOptions, parts: BridgeParts): Bridge {
  const { inbox, counts, partitions, polling, logger, onError } = parts;
  const gate = new Gate();
  const inFlight = new InFlight(options.maxReceives * PLACES_PER_RECEIVE, options.visibilitySeconds);
  const traffic = startTrafficLog(logger);
  const pressure = new Pressure(options, parts.readLoad, gate, logger);
  const keeper = new Keeper(inbox, inFlight, options.visibilitySeconds, onError);
  const deleter = new Deleter(inbox, inFlight, {
    onError,
    onEnded: (error) => polling.deleted(error),
  });
  const enqueuer = new Enqueuer(options, {
    lanes: parts.lanes,
    partitions,
    onEnqueued: (ids) => {
      traffic.enqueued(ids.length);
      deleter.push(ids, receivers.active > 1);
    },
    onRedis: (state) => pressure.redisIs(state),
    onError,
  });
  const receivers = new Receivers({
    inbox,
    inFlight,
    gate,
    max: options.maxReceives,
    waitSeconds: options.waitSeconds,
    onMessages: (messages, more) => enqueuer.push(messages, more),
    onPolled: () => polling.worked(),
    onFailed(error) {
      polling.failed(error);
      onError(error);
    },
  });

  return {
    health: () => ({
      sqs: polling.state,
      last_poll_age_ms: Date.now() - receivers.lastSuccess,
      receives_under_way: receivers.active,
      in_flight: inFlight.size,
      free_places: inFlight.free,
      paused_by: gate.closedBy,
      ...counts.report(),
    }),
    quiet: () => receivers.stop(),
    async stop() {
      await receivers.stop();
      await enqueuer.drained(ENQUEUE_LIMIT_MS);
      await deleter.drained(DELETE_LIMIT_MS);
      const released = keeper.stop().then(() => keeper.release());
      await atMost(RELEASE_LIMIT_MS, Promise.all([released, pressure.stop()]));
      traffic.stop();
      inbox.close();
    },
  };
}
