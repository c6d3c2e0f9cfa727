/** Something that operators should know although this process goes on. Times are ISO, UTC. */
export interface Trouble {
  /** What is in trouble, in a word or two: `sqs`, `queue paused`, `totals`. */
  what: string;
  since: string;
  /** Plain sentence; no personal data, no secret. */
  reason: string;
}

/**
 * What is wrong at present, for `/health`, which is `degraded` while there is any. Whoever finds a trouble reports it
 * under a name of its own and takes it back; `since` is when it began, however often it is reported again.
 */
export class Troubles {
  readonly #current = new Map<string, Trouble>();
  readonly #openly = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * `since` is for troubles that began before this process looked; `openly` says the same to those who may not read the
   * stats, where `reason` tells amounts.
   */
  report(what: string, reason: string, since?: string, openly = reason): void {
    const began = since ?? this.#current.get(what)?.since ?? new Date(this.#now()).toISOString();
    this.#current.set(what, { what, since: began, reason });
    this.#openly.set(what, openly);
  }

  end(what: string): void {
    this.#current.delete(what);
  }

  get current(): Trouble[] {
    return [...this.#current.values()];
  }

  /** The same without amounts. */
  get openly(): Trouble[] {
    return this.current.map((each) => ({ ...each, reason: this.#openly.get(each.what) as string }));
  }
}
