import type { Order } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { linePath, NOTHING, signed } from './rule.ts';

/** Prices that were divided out, of a discount or a tax, differ by less. */
const A_CENT = 0.00999;

/**
 * One product at two prices in one order. A line that is free beside one that is paid for is a gift, not a slip. Which of
 * the prices is right, the order does not tell.
 */
export const twoPrices: Check = {
  id: 'two_prices',
  version: 1,
  family: 'products',
  judge(order) {
    const { items } = order;
    if (items.length < 2) return NOTHING;
    const first = new Map<string, number>();
    let found: Finding[] | undefined;
    for (let at = 0; at < items.length; at += 1) {
      const { productId, pricePerUnit } = items[at] as Order['items'][number];
      if (isFree(pricePerUnit) || OF_ANY_AMOUNT.test(productId)) continue;
      const before = first.get(productId);
      if (before === undefined) {
        first.set(productId, at);
        continue;
      }
      const price = (items[before] as Order['items'][number]).pricePerUnit;
      if (price === pricePerUnit || Math.abs(Number(price) - Number(pricePerUnit)) < A_CENT) continue;
      found ??= [];
      found.push(
        signed(twoPrices, {
          path: linePath(order, at, 'price_per_unit'),
          key: productId,
          severity: 'warn',
          observed: pricePerUnit,
          expected: `${price}, as ${linePath(order, before, 'price_per_unit')} has it`,
          confidence: 0.9,
        }),
      );
    }
    return found ?? NOTHING;
  },
};

/** Prices are exact decimal text without superfluous zeros, so the same price is the same text. */
const isFree = (price: string): boolean => price === '0';

/** Not products but lines for whatever amount: of two of them nobody expects the same price. */
const OF_ANY_AMOUNT =
  /^(?:m|manual|misc(?:ellaneous)?|custom|other|post(?:age)?|shipping|delivery|freight|fee|service|donation|tip|discount|adjustment|gift[-_ ]?(?:card|voucher|certificate))$/i;
