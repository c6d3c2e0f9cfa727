import { VALUE_UNKNOWN } from '../orders/identity.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import { formatMinorUnits } from '../orders/money.ts';
import type { Order } from '../orders/order.ts';
import type { ParseOrder } from '../orders/parseOrder.ts';
import { judgeJob } from '../queue/judgeJob.ts';
import type { Reading } from '../queue/orderJob.ts';
import { isReleased } from '../queue/readOrderJob.ts';
import type { RecordOrder } from '../stats/record/recordOrder.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { holdOf, type Reviewing } from './reviewing.ts';

/** How a job ends well. An order that can never count throws InvalidOrder; any other error is worth a retry. */
export type Outcome =
  | {
      outcome: 'counted' | 'duplicate';
      /** What was taken for missing although something was sent; kept with the job. */
      notes?: readonly string[];
    }
  | { outcome: 'moved'; to: number };

export interface ProcessOrderParts {
  /** Id of the job. */
  id: string;
  partition: Partition;
  partitions: Partitions;
  parse: ParseOrder;
  /** How a message delivered today is read: for orders that were refused for want of another INBOX_ENVELOPE. */
  reading: Reading;
  record: RecordOrder;
  /** Undefined where orders are not reviewed. */
  review?: Reviewing | undefined;
  /** Hands the job to another partition's queue; resolves once it is there. */
  move: (to: Partition) => Promise<void>;
}

/**
 * The story of one order: read the body, normalise and check it, review it, record it. `addedAt` (ms) dates an order when
 * neither it nor the message says when.
 */
export async function processOrder(
  data: unknown,
  addedAt: number,
  parts: ProcessOrderParts,
): Promise<Outcome> {
  const order = judgeJob(data, addedAt, parts);
  const home = parts.partitions.of(order.userId);
  if (home.index !== parts.partition.index) {
    // An operator changed the user. Added there before it completes here: a crash between the two runs it
    // twice, and the ledger there counts it once.
    await parts.move(home);
    return { outcome: 'moved', to: home.index };
  }
  const findings = parts.review?.judge(order, data) ?? NOTHING_FOUND;
  const job = { id: parts.id, partition: home.index, data };
  const hold = findings.length > 0 && !isReleased(data) ? holdOf(findings) : undefined;
  if (hold) {
    parts.review?.held(order, findings, job);
    throw hold;
  }
  const recorded = await parts.record(order);
  if (recorded.outcome === 'conflict') throw conflict(order, recorded.recordedMinorUnits);
  // Only now: what did not count is not learned from.
  if (recorded.outcome === 'counted') parts.review?.counted(order, findings, job);
  return order.notes.length > 0 ? { ...recorded, notes: order.notes } : recorded;
}

const NOTHING_FOUND = [] as const;

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
