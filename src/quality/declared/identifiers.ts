import type { Order } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { linePath, NOTHING, signed } from './rule.ts';

/** So many different ids have to be known before one stands out. */
const LEAST_IDS = 8;
/** So many of them must look alike. */
const LEAST_ALIKE = 0.85;
/** More of one kind is another way of numbering, a second channel, and no slip. */
const MOST_ODD = 2;
/** Shops that have more kinds than that number nothing in one way. */
const MOST_SHAPES = 1_000;

/**
 * Ids of a batch that are built unlike nearly all of its others: `004` among `ORD1001`, `ORD1002`, … How long a run of
 * digits is says nothing, numbers grow. For a whole batch that was learned first, see `itselfLearned`.
 */
export function batchIdChecks(): readonly Check[] {
  const [orderIds, userIds, productIds] = [shapes(), shapes(), shapes()];
  const check: Check = {
    id: 'id_unlike_the_others',
    version: 1,
    family: 'identifiers',
    judge(order, { itselfLearned }) {
      if (!itselfLearned) return NOTHING;
      const found: Finding[] = [];
      const look = (id: string, path: string, all: Shapes, isPersonal = false) => {
        const odd = all.odd(id);
        if (!odd) return;
        found.push(
          signed(check, {
            path,
            key: `${path.replace(/\[\d+\]/, '[*]')} ${odd.shape}`,
            severity: 'warn',
            observed: isPersonal ? odd.shape : id,
            expected: `${isPersonal ? odd.usual : `built like ${odd.example}`}, as ${odd.alike} of ${odd.of} are`,
            from: odd.of,
            confidence: Math.min(0.95, odd.alike / odd.of),
          }),
        );
      };
      look(order.orderId, 'order_id', orderIds);
      look(order.userId, 'user_id', userIds, true);
      for (let at = 0; at < order.items.length; at += 1)
        look(
          (order.items[at] as Order['items'][number]).productId,
          linePath(order, at, 'product_id'),
          productIds,
        );
      return found;
    },
    learn({ orderId, userId, items }) {
      orderIds.saw(orderId);
      userIds.saw(userId);
      for (const { productId } of items) productIds.saw(productId);
    },
  };
  return [check];
}

interface Odd {
  shape: string;
  /** The shape that nearly all have. */
  usual: string;
  /** An id of that shape. */
  example: string;
  alike: number;
  of: number;
}

interface Shapes {
  saw: (id: string) => void;
  odd: (id: string) => Odd | undefined;
}

/** Counts are of uses, not of different ids: a product that sells well counts as often as it sells. */
function shapes(): Shapes {
  const counts = new Map<string, number>();
  let total = 0;
  let usual = '';
  let example = '';
  return {
    saw(id) {
      const shape = shapeOfId(id);
      const count = counts.get(shape);
      if (count === undefined && counts.size >= MOST_SHAPES) return;
      total += 1;
      counts.set(shape, (count ?? 0) + 1);
      if (shape !== usual && (count ?? 0) + 1 > (counts.get(usual) ?? 0)) [usual, example] = [shape, id];
    },
    odd(id) {
      if (total <= LEAST_IDS || counts.size >= MOST_SHAPES) return undefined;
      const alike = counts.get(usual) as number;
      if (alike < LEAST_ALIKE * total) return undefined;
      const shape = shapeOfId(id);
      if (shape === usual || (counts.get(shape) ?? 0) > MOST_ODD) return undefined;
      return { shape, usual, example, alike, of: total };
    },
  };
}

/** A run of digits is `9`, of letters `A`, the rest as it is: `ORD-1001` → `A-9`. */
const shapeOfId = (id: string): string => id.replace(/\p{N}+/gu, '9').replace(/\p{L}[\p{L}\p{M}]*/gu, 'A');
