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
    const first = items.length > FEW_LINES ? new Map<string, number>() : undefined;
    let found: Finding[] | undefined;
    for (let at = 0; at < items.length; at += 1) {
      const { productId, pricePerUnit } = items[at] as Order['items'][number];
      if (isFree(pricePerUnit)) continue;
      const before = first ? first.get(productId) : paidBefore(items, at);
      if (before === undefined) {
        first?.set(productId, at);
        continue;
      }
      const price = (items[before] as Order['items'][number]).pricePerUnit;
      if (price === pricePerUnit || Math.abs(Number(price) - Number(pricePerUnit)) < A_CENT) continue;
      if (isOfAnyAmount(productId)) continue;
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

/** Up to here it is quicker to look through the lines than to write them down. */
const FEW_LINES = 8;

/** Where the product of a line was paid for first. */
function paidBefore(items: Order['items'], at: number): number | undefined {
  const { productId } = items[at] as Order['items'][number];
  for (let before = 0; before < at; before += 1) {
    const line = items[before] as Order['items'][number];
    if (line.productId === productId && !isFree(line.pricePerUnit)) return before;
  }
  return undefined;
}

/** Prices are exact decimal text without superfluous zeros, so the same price is the same text. */
const isFree = (price: string): boolean => price === '0';

/**
 * Not a product but a line for whatever amount: of two of them nobody expects the same price, and they are called whatever the
 * shop calls them. An id with a figure in it is a product's.
 */
export const isOfAnyAmount = (id: string): boolean => OF_ANY_AMOUNT.test(id) || AT_THE_END.test(id);

const OF_ANY_AMOUNT =
  /^(?:m|manual|misc(?:ellaneous)?|custom|other|post|service|donation|tip|adjustment|gift[-_ ]?(?:card|voucher|certificate))$/i;
const AT_THE_END = /^\D*(?:postage|shipping|delivery|freight|carriage|fees?|charges?|commission|discount)$/i;
