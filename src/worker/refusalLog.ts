import type { Logger } from 'winston';
import type { Issue } from '../orders/invalidOrder.ts';

/** An order that was refused. Who ordered is not told: shops have people's addresses for ids. */
export interface RefusedOrder {
  job: string;
  orderId: string;
}

interface Cause {
  reason: string;
  path: string;
}

/** Orders of one cause that no line has told of yet, and the newest of them. */
interface Gathered extends Cause {
  count: number;
  example: { job: string; orderId?: string; received?: string };
}

const MOST_CAUSES = 100;
/** Where the others are counted once there are so many. */
const ANY_PLACE = '*';

/**
 * Thousands of orders with the same fault are one thing to know. The first of a cause is told at once, those after it by
 * `tell` in one line, with their number and one of them. An order with several faults stands under each.
 */
export function refusalLog(logger: Logger) {
  const causes = new Map<string, Gathered | undefined>();
  const line = ({ example, ...gathered }: Gathered) =>
    logger.warn('orders refused', { ...gathered, ...example });
  return {
    add(order: RefusedOrder, issues: readonly Issue[]): void {
      for (const [issue, key, cause] of distinct(issues, causes)) {
        const count = (causes.get(key)?.count ?? 0) + 1;
        const gathered = { ...cause, count, example: { ...idsOf(order), ...harmless(issue) } };
        if (!causes.has(key)) line(gathered);
        causes.set(key, causes.has(key) ? gathered : undefined);
      }
    },
    /** What came since it was told last. A cause that nothing came of is new when it comes again. */
    tell(): void {
      for (const [key, gathered] of causes) {
        if (gathered) line(gathered);
        if (gathered) causes.set(key, undefined);
        else causes.delete(key);
      }
    },
  };
}

/** The first issue of each cause. */
function distinct(
  issues: readonly Issue[],
  known: ReadonlyMap<string, unknown>,
): Iterable<[Issue, string, Cause]> {
  const found = new Map<string, [Issue, string, Cause]>();
  for (const issue of issues) {
    const path = issue.path.replaceAll(/\[\d+\]/g, '[*]');
    const named = `${issue.code} ${path}`;
    const hasRoom = known.has(named) || known.size + found.size < MOST_CAUSES;
    const key = hasRoom ? named : `${issue.code} ${ANY_PLACE}`;
    if (!found.has(key))
      found.set(key, [issue, key, { reason: issue.code, path: hasRoom ? path : ANY_PLACE }]);
  }
  return found.values();
}

/** Where people are named, or cards: nothing of it is told. */
const PERSONAL = /^(?:order_id|user_id|shipping_address|payment_method)\b/;
const KIND = /^(?:object|array|null|nothing|true|false)$/;
/** As text too. Columns that slipped may bring a telephone number anywhere, and a card's: those have more digits. */
const AMOUNT = /^"?[-+]?(?:\d{1,9}|\d{1,3}(?:[ .,']\d{3}){1,2})(?:[.,]\d{1,4})?"?$/;
const DAY = /^"?(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}([./-])\d{1,2}\1\d{2,4})(?:[T ][\d:.+Z-]{0,24})?"?$/;
const CODE = /^"[A-Za-z\p{Sc}]{1,4}"$/u;
/** An address of mail, a name or a telephone number is none; ids that somebody counts have digits. */
const ID = /^(?=.*\d)[A-Za-z\d_.:#/-]{1,64}$/;

const idsOf = ({ job, orderId }: RefusedOrder) => ({ job, ...(ID.test(orderId) ? { orderId } : {}) });

/** What was received, where it cannot be personal data. */
function harmless({ path, received = '' }: Issue): { received?: string } {
  if (PERSONAL.test(path)) return {};
  const isKnown = [KIND, AMOUNT, DAY].some((shape) => shape.test(received));
  return isKnown || (path === 'currency' && CODE.test(received)) ? { received } : {};
}
