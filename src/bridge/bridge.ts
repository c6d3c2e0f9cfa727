import type { HandOver, HandOverHealth } from './handOver/handOver.ts';
import type { Source } from './source.ts';

/*
 * The bridge carries messages from a source into BullMQ:
 *
 *   1. the source takes messages from where they are safe and pushes them     source.ts; sqs/
 *   2. a job is added per message in bulk, under the message's id             handOver/enqueuer.ts
 *   3. the source acknowledges the message, only after its job is safe        OnSafe in source.ts
 *
 * Beside that step 1 is paused while the queue is too long or Redis away (handOver/pressure.ts, gate.ts). The bridge
 * never validates: any body becomes a job. It would rather deliver an order twice than lose it, because twice is
 * recognised later and lost is not.
 */

export interface Bridge {
  /** The source's figures and the hand-over's. */
  health(): HandOverHealth;
  /** Takes no more messages. What came is still enqueued and acknowledged. */
  quiet(): Promise<void>;
  /** Enqueues what came, acknowledges it, hands the rest back to the source; within ten seconds, whatever answers. */
  stop(): Promise<void>;
}

/** What Redis may take for the last jobs when it does not answer. */
const ENQUEUE_LIMIT_MS = 4_000;

export function startBridge(source: Source, handOver: HandOver): Bridge {
  source.start(handOver);
  return {
    health: () => ({ ...source.health(), ...handOver.health() }),
    quiet: () => source.quiet(),
    async stop() {
      await source.quiet();
      await handOver.drained(ENQUEUE_LIMIT_MS);
      await Promise.all([source.stop(), handOver.stop()]);
    },
  };
}
