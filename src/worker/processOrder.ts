import { VALUE_UNKNOWN } from '../orders/identity.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import { lookalike } from '../orders/lookalikes.ts';
import { formatMinorUnits } from '../orders/money.ts';
import type { Order, ParseOrder } from '../orders/parseOrder.ts';
import type { Partition, Partitions } from '../queue/partitions.ts';
import { orderOf, receivedAt, sentIn } from '../queue/readOrderJob.ts';
import type { RecordOrder } from '../stats/recordOrder.ts';

/** How a job ends well. An order that can never count throws InvalidOrder; any other error is worth a retry. */
export type Outcome = { outcome: 'counted' | 'duplicate' } | { outcome: 'moved'; to: number };

export interface ProcessOrderParts {
  partition: Partition;
  partitions: Partitions;
  parse: ParseOrder;
  /** A longer body is refused. */
  maxBodyBytes: number;
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
  return recorded;
}

/** A refusal says what was sent instead of an order, when that can be told. */
function read(data: unknown, addedAt: number, { parse, maxBodyBytes }: ProcessOrderParts): Order {
  try {
    return parse(orderOf(data, maxBodyBytes), receivedAt(data, addedAt));
  } catch (error) {
    throw error instanceof InvalidOrder ? new InvalidOrder(error.issues, lookalike(sentIn(data))) : error;
  }
}

function conflict(order: Order, recordedMinorUnits: number): InvalidOrder {
  const counted =
    recordedMinorUnits === VALUE_UNKNOWN ? 'a larger value' : formatMinorUnits(recordedMinorUnits);
  const received = formatMinorUnits(order.minorUnits);
  return new InvalidOrder([
    {
      code: 'conflicting_duplicate',
      path: 'order_id',
      message:
        `order ${order.orderId} of user ${order.userId} was already counted with other content: ` +
        `order_value ${counted} then, ${received} now`,
      expected: counted,
      received,
    },
  ]);
}
