import type { Logger } from 'winston';
import type { Troubles } from '../../runtime/troubles.ts';

/** Whether SQS can be asked for messages. `since` is ISO, UTC; `reason` is there while it cannot. */
export interface SqsState {
  state: 'polling' | 'failing';
  since: string;
  reason?: string;
}

const POLLS = 'sqs';
const DELETES = 'sqs deletes';

/**
 * What the calls to SQS say about the way to it, for operators: as long as polls fail nothing is received, and as long
 * as deletes fail SQS delivers what is counted already until it gives it up as undeliverable.
 */
export class SqsReachable {
  readonly #troubles: Troubles;
  readonly #logger: Logger;
  #state: SqsState = { state: 'polling', since: new Date().toISOString() };

  constructor(troubles: Troubles, logger: Logger) {
    this.#troubles = troubles;
    this.#logger = logger;
  }

  get state(): SqsState {
    return this.#state;
  }

  worked(): void {
    if (this.#state.state === 'polling') return;
    this.#state = { state: 'polling', since: new Date().toISOString() };
    this.#troubles.end(POLLS);
    this.#logger.info('SQS answers polls again');
  }

  failed({ message }: Error): void {
    const since = this.#state.state === 'failing' ? this.#state.since : new Date().toISOString();
    this.#state = { state: 'failing', since, reason: message };
    this.#troubles.report(POLLS, message, since);
  }

  /** `error` is why a delete was given up; undefined when one worked. */
  deleted(error: Error | undefined): void {
    if (error) this.#troubles.report(DELETES, error.message);
    else this.#troubles.end(DELETES);
  }
}
