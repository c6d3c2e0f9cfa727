import { VALUE_UNKNOWN } from '../orders/identity.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import { lookalike } from '../orders/lookalikes.ts';
import { formatMinorUnits } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import type { ParseOrder } from '../orders/parseOrder.ts';
import type { Reading } from '../queue/orderJob.ts';
import { readAgain } from '../queue/readAgain.ts';
import { orderOf, receivedAt, sentIn } from '../queue/readOrderJob.ts';
import type { RecordOrder } from '../stats/record/recordOrder.ts';
import type { Partition, Partitions } from '../store/partitions.ts';

/** How a job ends well. An order that can never count throws InvalidOrder; any other error is worth a retry. */
export type Outcome =
  | {
      outcome: 'counted' | 'duplicate';
      /** What was taken for missing although something was sent; kept with the job. */
      notes?: readonly string[];
    }
  | { outcome: 'moved'; to: number };

export interface ProcessOrderParts {
  partition: Partition;
  partitions: Partitions;
  parse: ParseOrder;
  /** How a message delivered today is read: for orders that were refused for want of another INBOX_ENVELOPE. */
  reading: Reading;
  record: RecordOrder;
  /** Hands the job to another partition's queue; resolves once it is there. */
  move: (to: Partition) => Promise<void>;
}

/**
 * The story of one order: read the body, normalise and check it, record it. `addedAt` (ms) dates an order when
 * neither it nor the message says when.
 */
export async function processOrder(
  data: unknown,
  addedAt: number,
  parts: ProcessOrderParts,
): Promise<Outcome> {
  const order = read(data, addedAt, parts);
  const home = parts.partitions.of(order.userId);
  if (home.index !== parts.partition.index) {
    // An operator changed the user. Added there before it completes here: a crash between the two runs it
    // twice, and the ledger there counts it once.
    await parts.move(home);
    return { outcome: 'moved', to: home.index };
  }
  const recorded = await parts.record(order);
  if (recorded.outcome === 'conflict') throw conflict(order, recorded.recordedMinorUnits);
  return order.notes.length > 0 ? { ...recorded, notes: order.notes } : recorded;
}

/** A refused one is read once more as its message would be today: "mend the cause, then retry" holds for settings too. */
function read(data: unknown, addedAt: number, { parse, reading }: ProcessOrderParts): Order {
  const arrived = receivedAt(data, addedAt);
  const judged = (job: unknown) => parse(orderOf(job, reading.maxBodyBytes), arrived);
  try {
    return judged(data);
  } catch (error) {
    if (!(error instanceof InvalidOrder)) throw error;
    const again = readAgain(data, reading);
    if (!again) throw told(error, data, reading);
    try {
      return judged(again);
    } catch (refusal) {
      throw told(refusal, again, reading);
    }
  }
}

/** A refusal says what was sent instead of an order, when that can be told. */
const told = (error: unknown, job: unknown, { envelope }: Reading): unknown =>
  error instanceof InvalidOrder
    ? new InvalidOrder(
        error.issues,
        lookalike(sentIn(job), typeof envelope === 'string' ? envelope : envelope.join('.')),
      )
    : error;

/** Names both values; where they are the same it says where the difference must be. */
function conflict(order: Order, recordedMinorUnits: number): InvalidOrder {
  const isTold = recordedMinorUnits !== VALUE_UNKNOWN;
  const counted = isTold
    ? formatMinorUnits(recordedMinorUnits)
    : `over ${formatMinorUnits(VALUE_UNKNOWN - 1)}`;
  const received = formatMinorUnits(order.minorUnits);
  const sameValue = recordedMinorUnits === order.minorUnits && isTold;
  const difference = sameValue
    ? `with the same order_value ${received}, but its items, currency or time differ`
    : `with other content: order_value ${counted} then, ${received} now`;
  return new InvalidOrder([
    {
      code: 'conflicting_duplicate',
      path: 'order_id',
      message: `order ${order.orderId} of user ${order.userId} was already counted ${difference}`,
      ...(sameValue ? {} : { expected: counted, received }),
    },
  ]);
}
