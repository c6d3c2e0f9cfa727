import type { Logger } from 'winston';
import type { Issue } from '../orders/invalidOrder.ts';

/** An order that was refused, by ids alone. */
export interface RefusedOrder {
  job: string;
  orderId: string;
  userId: string;
}

interface Cause {
  reason: string;
  path: string;
}

/** Orders of one cause that no line has told of yet, and the newest of them. */
interface Gathered extends Cause {
  count: number;
  example: RefusedOrder & { received?: string };
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
        const gathered = { ...cause, count, example: { ...order, ...harmless(issue) } };
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

/** Where people are named, or cards: nothing of it is told. The order's and the user's id stand on the line anyway. */
const PERSONAL = /^(?:order_id|user_id|shipping_address|payment_method)\b/;
/** Numbers and times, as text too, and the kinds of what is neither. Columns that slipped may bring a name anywhere. */
const NUMBER_OR_KIND = /^(?:"?[-+\d\s.,:/TZeE]{1,38}"?|object|array|null|nothing|true|false)$/;
const CODE = /^"[A-Za-z\p{Sc}]{1,4}"$/u;

/** What was received, where it cannot be personal data. */
function harmless({ path, received = '' }: Issue): { received?: string } {
  if (PERSONAL.test(path)) return {};
  return NUMBER_OR_KIND.test(received) || (path === 'currency' && CODE.test(received)) ? { received } : {};
}
