import { HOUR_MS } from '../runtime/units.ts';
import { COUNTERS, type Counter, type NewestCounted, type NewestRefused, refusedFor } from './figures.ts';
import { BINS, binOf } from './latency.ts';

const MOST_NEWEST = 20;

/** Further apart are no two clocks that anybody has set. As much as the review lets the time of an order lie ahead. */
const MOST_APART_MS = 15 * HOUR_MS;

const PLACES = Object.fromEntries(COUNTERS.map((name, place) => [name, place])) as Record<Counter, number>;

/** ms since 1970: of thousands a second, only the newest are ever written out. */
interface At {
  at: number;
}

const withIsoTime = <T extends At>(entry: T): Omit<T, 'at'> & { at: string } => ({
  ...entry,
  at: new Date(entry.at).toISOString(),
});

/**
 * What this process did since it started. Adding is all that happens per order; whoever wants to tell others reads it:
 * the pulse once a second, Prometheus when it asks.
 */
export class Tally {
  /** Redis's clock less ours, ms: latencies are between two machines, and neither may be a year off. */
  clockOffsetMs = 0;
  /** Ours, ms. */
  readonly clock: () => number;
  /** From sent to counted, of all counted orders together. */
  latencySumMs = 0;
  readonly #counts = new Float64Array(COUNTERS.length);
  readonly #latency = new Float64Array(BINS);
  #counted: (Omit<NewestCounted, 'at'> & At)[] = [];
  #refused: (Omit<NewestRefused, 'at'> & At)[] = [];

  constructor(clock: () => number = Date.now) {
    this.clock = clock;
  }

  /** Whether Redis's clock or ours is wrong. */
  get clocksDisagree(): boolean {
    return Math.abs(this.clockOffsetMs) > MOST_APART_MS;
  }

  add(counter: Counter, count = 1): void {
    const place = PLACES[counter];
    this.#counts[place] = (this.#counts[place] as number) + count;
  }

  /** Now, by Redis's clock, ms. */
  now(): number {
    return this.clock() + this.clockOffsetMs;
  }

  /** An order that counted, and when SQS took its message, ISO. */
  counted(order: { orderId: string; userId: string; minorUnits: number }, sentAt: string): void {
    const now = this.now();
    this.add('revenue', order.minorUnits);
    const latency = Math.max(0, now - Date.parse(sentAt) || 0);
    this.latencySumMs += latency;
    const bin = binOf(latency);
    this.#latency[bin] = (this.#latency[bin] as number) + 1;
    if (this.#counted.length === MOST_NEWEST) this.#counted.shift();
    const { orderId, userId, minorUnits } = order;
    this.#counted.push({ order_id: orderId, user_id: userId, minorUnits, at: now });
  }

  refused(refused: Omit<NewestRefused, 'at'>, value: number | undefined): void {
    this.add(refusedFor(refused.reason));
    if (value !== undefined) this.add('refused_value', value);
    if (this.#refused.length === MOST_NEWEST) this.#refused.shift();
    this.#refused.push({ ...refused, at: this.now() });
  }

  countOf(counter: Counter): number {
    return this.#counts[PLACES[counter]] as number;
  }

  /** Counted orders by the bins of latency.ts. */
  get latency(): readonly number[] {
    return [...this.#latency];
  }

  /** The newest since this was asked last, oldest first. */
  takeNewest(): { counted: NewestCounted[]; refused: NewestRefused[] } {
    const taken = { counted: this.#counted.map(withIsoTime), refused: this.#refused.map(withIsoTime) };
    this.#counted = [];
    this.#refused = [];
    return taken;
  }
}
