import type { Logger } from 'winston';

/** One long-lived part of the process. */
export interface Service {
  name: string;
  /** First phase of a stop: take on nothing new. What is in hand goes on. */
  quiet?: () => Promise<void>;
  /** Second phase: finish what is in hand and let go. Called once, after `quiet`. */
  stop: () => Promise<void>;
}

/** Started services, stopped in two phases: all go quiet together, then they stop, last started first. */
export class Services {
  readonly #logger: Logger;
  readonly #services: Service[] = [];
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(service: Service): void {
    this.#services.push(service);
  }

  /** Tolerates being called twice and before anything was added. A service that fails to stop does not keep others. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const started = this.#services.toReversed();
    await Promise.all(started.map((service) => this.#attempt(service.name, 'quiet', service.quiet)));
    for (const service of started) await this.#attempt(service.name, 'stop', service.stop);
  }

  async #attempt(name: string, phase: string, step: (() => Promise<void>) | undefined): Promise<void> {
    if (!step) return;
    try {
      await step();
      this.#logger.debug('service', { name, phase });
    } catch (error) {
      this.#logger.error('service did not stop cleanly', { name, phase, error: (error as Error).message });
    }
  }
}
