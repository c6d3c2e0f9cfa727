import type { Logger } from 'winston';
import type { QueueLoad } from '../../queue/queueLoad.ts';
import { cannotFail, every, type Repetition } from '../../runtime/every.ts';
import type { Troubles } from '../../runtime/troubles.ts';
import type { Gate } from './gate.ts';

export interface PressureOptions {
  /** Waiting jobs above which receiving pauses. It resumes at half of that. */
  highWater: number;
  /** Share of Redis's memory limit above which receiving pauses. */
  memoryShare: number;
  /** Bytes that may wait for PostgreSQL, where a history is kept. It resumes at half of that as well. */
  historyBytes: number;
}

const LOOK_EVERY_MS = 500;

/** As `/health` names what is wrong: no job can be made safe, and Redis is nearly full. A backlog is work, no trouble. */
const JOBS = 'jobs';
const MEMORY = 'redis memory';
const HISTORY = 'history backlog';

/**
 * Watches the queue behind the bridge and holds the gate shut while it is too long, Redis is short of memory or
 * away. SQS is the buffer: it keeps messages for days at no cost, and a message not received uses up no receive.
 */
export class Pressure {
  readonly #options: PressureOptions;
  readonly #readLoad: () => Promise<QueueLoad>;
  readonly #gate: Gate;
  readonly #troubles: Troubles;
  readonly #logger: Logger;
  readonly #looking: Repetition;
  /** From a failed add until one works. A server that answers may still take no writes: then only an add knows. */
  #addsFail = false;

  constructor(
    options: PressureOptions,
    readLoad: () => Promise<QueueLoad>,
    gate: Gate,
    troubles: Troubles,
    logger: Logger,
  ) {
    this.#options = options;
    this.#readLoad = readLoad;
    this.#gate = gate;
    this.#troubles = troubles;
    this.#logger = logger;
    this.#looking = every(LOOK_EVERY_MS, () => this.#look(), { atOnce: false, onError: cannotFail });
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  /** What an add found out: it knows sooner than the next look. `fault` is why no job could be made safe. */
  added(fault: Error | undefined): void {
    this.#addsFail = fault !== undefined;
    if (fault)
      this.#troubles.report(JOBS, `no job can be made safe, so messages stay in the inbox: ${fault.message}`);
    else this.#troubles.end(JOBS);
    this.#redis(fault ? 'away' : 'here');
  }

  #redis(state: 'here' | 'away'): void {
    const changed = state === 'away' ? this.#gate.close('redis') : this.#gate.open('redis');
    if (!changed) return;
    if (state === 'away') this.#logger.warn('receiving is paused: Redis takes no jobs');
    else this.#logger.info('receiving goes on: Redis takes jobs again');
  }

  async #look(): Promise<void> {
    const load = await this.#readLoad().catch(() => undefined);
    if (!load) return this.#redis('away');
    if (!this.#addsFail) this.#redis('here');
    const { highWater, memoryShare } = this.#options;
    if (load.memoryShare > memoryShare) {
      this.#pause('memory', load);
      const share = Math.round(load.memoryShare * 100);
      this.#troubles.report(
        MEMORY,
        `${share} % of Redis's memory limit is used, so receiving is paused: raise maxmemory`,
      );
    } else {
      this.#resume('memory', load);
      this.#troubles.end(MEMORY);
    }
    this.#history(load);
    if (load.waiting > highWater) this.#pause('backlog', load);
    else if (load.waiting <= highWater / 2) this.#resume('backlog', load);
  }

  /** What counts waits in Redis until PostgreSQL has it: none of that may be dropped, so no more may come. */
  #history(load: QueueLoad): void {
    const { historyBytes = 0 } = load;
    if (historyBytes > this.#options.historyBytes) {
      this.#pause('history', load);
      this.#troubles.report(
        HISTORY,
        `${Math.round(historyBytes / 1_000_000)} MB wait for PostgreSQL to become history, so receiving is paused`,
      );
    } else if (historyBytes <= this.#options.historyBytes / 2) {
      this.#resume('history', load);
      this.#troubles.end(HISTORY);
    }
  }

  #pause(reason: string, load: QueueLoad): void {
    if (this.#gate.close(reason)) this.#logger.warn('receiving is paused', { reason, ...load });
  }

  #resume(reason: string, load: QueueLoad): void {
    if (this.#gate.open(reason)) this.#logger.info('receiving goes on', { reason, ...load });
  }
}
