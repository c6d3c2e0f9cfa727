import type { Logger } from 'winston';
import type { DurableQueues } from '../../queue/durableQueues.ts';
import type { QueueLoad } from '../../queue/queueLoad.ts';
import { atMost } from '../../runtime/deadline.ts';
import { cannotFail, every } from '../../runtime/every.ts';
import type { Troubles } from '../../runtime/troubles.ts';
import type { Partitions } from '../../store/partitions.ts';
import type { Tally } from '../../telemetry/tally.ts';
import type { Traces } from '../../telemetry/traces/traces.ts';
import type { Sink } from '../source.ts';
import { Enqueuer, type EnqueuerOptions } from './enqueuer.ts';
import { Gate } from './gate.ts';
import { Pressure, type PressureOptions } from './pressure.ts';

interface HandOverOptions extends EnqueuerOptions, PressureOptions {}

interface HandOverParts {
  lanes: readonly DurableQueues[];
  partitions: Partitions;
  readLoad: () => Promise<QueueLoad>;
  troubles: Troubles;
  tally: Tally;
  traces?: Traces | undefined;
  logger: Logger;
  onError: (error: Error) => void;
}

export interface HandOverHealth {
  /** Why no messages are wanted at present; empty while they are. */
  paused_by: string[];
}

/** From messages to safe jobs, whatever source they come from. */
export interface HandOver extends Sink {
  health(): HandOverHealth;
  /** Resolves when everything pushed is safe, or after `limitMs`: nothing becomes safe any more then. */
  drained(limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** What a last look at a Redis that does not answer may take. */
const LOOK_LIMIT_MS = 1_500;

export function startHandOver(options: HandOverOptions, parts: HandOverParts): HandOver {
  const { lanes, partitions, readLoad, troubles, tally, traces, logger, onError } = parts;
  const gate = new Gate();
  const traffic = startTrafficLog(logger, tally);
  const pressure = new Pressure(options, readLoad, gate, troubles, logger);
  const enqueuer = new Enqueuer(options, {
    lanes,
    partitions,
    traces,
    onEnqueued: (count) => tally.add('enqueued', count),
    onAdd: (fault) => pressure.added(fault),
    onError,
  });
  return {
    push: (messages, onSafe, more = false) => enqueuer.push(messages, onSafe, more),
    untilOpen: (signal) => gate.passed(signal),
    health: () => ({ paused_by: gate.closedBy }),
    drained: (limitMs) => enqueuer.drained(limitMs),
    async stop() {
      await atMost(LOOK_LIMIT_MS, pressure.stop());
      await traffic.stop();
    },
  };
}

/** One line a second that had any messages, instead of a line for each. */
function startTrafficLog(logger: Logger, tally: Tally) {
  let told = tally.countOf('enqueued');
  const flush = () => {
    const messages = tally.countOf('enqueued') - told;
    if (messages > 0) logger.info('messages enqueued', { messages });
    told += messages;
  };
  const flushing = every(1_000, flush, { atOnce: false, onError: cannotFail });
  return {
    async stop() {
      await flushing.stop();
      flush();
    },
  };
}
