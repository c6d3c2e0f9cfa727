import type { Order } from '../orders/order.ts';
import type { Finding } from './finding.ts';

/** What a check may know beside the order. */
export interface Circumstances {
  /** Now by the clock of Redis, ms since 1970. */
  now: number;
  /** That clock cannot be believed: of what time it is nobody may make anything. */
  clockIsWrong?: boolean;
  /** The order is a mended one that is tried out: nothing is remembered of it. */
  trial?: boolean;
  /**
   * What was learned has this very order in it: the second pass over a file, whose own orders are the best baseline.
   * A value that only this order has is then one that was never seen.
   */
  itselfLearned?: boolean;
}

/** A check of one order: pure to look at, synchronous, without I/O. One that throws is left out of the review. */
export interface Check {
  id: string;
  version: number;
  /** The family it is shown under: `times`, `amounts`, `products`, `payment`, `address`, `identifiers`, `repeats`. */
  family: string;
  judge: (order: Order, circumstances: Circumstances) => readonly Finding[];
  /**
   * Told once per order that counted, with what the whole review found in it: the only moment of learning. A rule that
   * looks at one order alone has none.
   */
  learn?: (order: Order, findings: readonly Finding[], circumstances: Circumstances) => void;
}
