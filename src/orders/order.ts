import type { Accepted } from './accepts.ts';
import type { IdCase } from './ids.ts';
import type { SumField } from './sumFields.ts';

export interface OrderRules {
  /** The only currency whose amounts may be added up. */
  currency: string;
  idCase: IdCase;
  maxItems: number;
  /** The most that order_value may be, in units of the currency, as decimal text. */
  maxOrderValue: string;
  /** Which rules are open. */
  accepts: readonly Accepted[];
  /** What belongs to the sum beside the items. */
  sumFields: readonly SumField[];
}

export interface OrderItem {
  productId: string;
  /** Whole, or of at most three decimals where such are accepted; never 0. */
  quantity: number;
  /** Exact decimal text, e.g. `19.9`. */
  pricePerUnit: string;
  /** Its place among the lines as sent, where it is another: lines of quantity 0 before it were dropped. */
  line?: number;
}

/** A validated, normalised order event. Money is whole minor units (cents). */
export interface Order {
  orderId: string;
  userId: string;
  minorUnits: number;
  items: OrderItem[];
  /** As sent, in UTC; undefined when the event had none. Part of what makes two orders the same. */
  timestamp: string | undefined;
  /** When it counts: its timestamp, else the time SQS received the message. ISO, UTC. */
  placedAt: string;
  /** UTC day of `placedAt`, `YYYY-MM-DD`. */
  day: string;
  /** The one that is added up, also when the event does not say. */
  currency: string;
  paymentMethod: string | undefined;
  shippingAddress: string | undefined;
  /** What was taken for missing although something was sent, a sentence each; for those who look at the job. */
  notes: readonly string[];
}
