import type { Logger } from 'winston';

/** One long-lived part of the process. */
export interface Service {
  name: string;
  /** First phase of a stop: take on nothing new. What is in hand goes on. */
  quiet?: () => Promise<void>;
  /** Second phase: finish what is in hand and let go. Called once, after `quiet`. */
  stop: () => Promise<void>;
}

/**
 * Of the time there is for a stop: until the first share, each step may take what is left. After that, half of what
 * remains, so that however many of them hang, those behind them are still told.
 */
const FREELY = 0.7;
/** The rest is for the last lines of the log. */
const AT_MOST = 0.9;

/** Started services, stopped in two phases: all go quiet together, then they stop, last started first. */
export class Services {
  readonly #logger: Logger;
  readonly #services: Service[] = [];
  #stopping: Promise<boolean> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(service: Service): void {
    this.#services.push(service);
  }

  /**
   * Resolves within `withinMs`, when one is given, to whether every step ended: one that hangs, because what it waits for
   * is gone, is named in the log and passed over. Tolerates being called twice and before anything was added.
   * A service that fails to stop does not keep others.
   */
  stop(withinMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  async #stop(withinMs: number): Promise<boolean> {
    const begun = performance.now();
    const allowance = () => {
      const taken = performance.now() - begun;
      return Math.max(withinMs * FREELY - taken, (withinMs * AT_MOST - taken) / 2, 0);
    };
    const started = this.#services.toReversed();
    const quiet = await Promise.all(
      started.map((service) => this.#attempt(service.name, 'quiet', service.quiet, allowance())),
    );
    let ended = quiet.every(Boolean);
    for (const service of started) {
      ended = (await this.#attempt(service.name, 'stop', service.stop, allowance())) && ended;
    }
    return ended;
  }

  /** Whether it ended, well or not. */
  async #attempt(
    name: string,
    phase: string,
    step: (() => Promise<void>) | undefined,
    allowedMs: number,
  ): Promise<boolean> {
    if (!step) return true;
    const ended = await within(allowedMs, this.#take(name, phase, step));
    if (!ended) {
      this.#logger.warn('service does not stop, going on without it', {
        name,
        phase,
        waited_ms: Math.round(allowedMs),
      });
    }
    return ended;
  }

  async #take(name: string, phase: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
      this.#logger.debug('service', { name, phase });
    } catch (error) {
      this.#logger.error('service did not stop cleanly', { name, phase, error: (error as Error).message });
    }
  }
}

/** Whether the work ended in time. It goes on otherwise, and nobody waits for it. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  const ended = work.then(() => true);
  if (ms === Number.POSITIVE_INFINITY) return ended;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([ended, late]).finally(() => clearTimeout(timer));
}
