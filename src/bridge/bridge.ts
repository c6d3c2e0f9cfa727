import type { Logger } from 'winston';
import type { IdCase } from '../orders/ids.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import type { Partitions } from '../queue/partitions.ts';
import { Deleter } from './deleter.ts';
import { Enqueuer } from './enqueuer.ts';
import type { Inbox } from './inbox.ts';
import { InFlight } from './inFlight.ts';
import { Receivers } from './receivers.ts';

/*
 * The bridge carries messages from the inbox into BullMQ:
 *
 *   1. receive up to 10 at a time, with a place reserved for each        receivers.ts, inFlight.ts
 *   2. add a job per message in bulk, under the message's id             enqueuer.ts
 *   3. delete the message, only after its job is in Redis                deleter.ts
 *
 * It never validates: any body becomes a job. It would rather deliver an order twice than lose it, because twice
 * is recognised later and lost is not.
 */

export interface BridgeOptions {
  /** Most receives under way at once. */
  receivers: number;
  waitSeconds: number;
  idCase: IdCase;
}

export interface BridgeParts {
  inbox: Inbox;
  queues: OrderQueues;
  partitions: Partitions;
  logger: Logger;
  onError: (error: Error) => void;
}

export interface Bridge {
  /** Stops receiving. What came is still enqueued and deleted. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** Room for what is received while the previous batches are added and deleted. */
const IN_FLIGHT_PER_RECEIVER = 40;

export function startBridge(
  options: BridgeOptions,
  { inbox, queues, partitions, logger, onError }: BridgeParts,
): Bridge {
  const inFlight = new InFlight(options.receivers * IN_FLIGHT_PER_RECEIVER);
  const deleter = new Deleter(inbox, inFlight, onError);
  const traffic = startTrafficLog(logger);
  const enqueuer = new Enqueuer({
    queues,
    partitions,
    idCase: options.idCase,
    onEnqueued: (ids) => {
      traffic.enqueued(ids.length);
      deleter.push(ids);
    },
    onError,
  });
  const receivers = new Receivers({
    inbox,
    inFlight,
    max: options.receivers,
    waitSeconds: options.waitSeconds,
    onMessages: (messages, more) => enqueuer.push(messages, more),
    onError,
  });
  return {
    quiet: () => receivers.stop(),
    async stop() {
      await receivers.stop();
      await enqueuer.drained();
      await deleter.drained();
      traffic.stop();
      inbox.close();
    },
  };
}

function startTrafficLog(logger: Logger): { enqueued(count: number): void; stop(): void } {
  let messages = 0;
  const flush = () => {
    if (messages > 0) logger.info('messages enqueued', { messages });
    messages = 0;
  };
  const timer = setInterval(flush, 1_000);
  timer.unref();
  return {
    enqueued(count) {
      messages += count;
    },
    stop() {
      clearInterval(timer);
      flush();
    },
  };
}
