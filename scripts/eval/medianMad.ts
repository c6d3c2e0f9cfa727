import type { Order } from '../../src/orders/order.ts';

const WINDOW = 100;
const LEAST = 5;
const FAR = 3.5;

interface Series {
  prices: number[];
  quantities: number[];
}

/**
 * What one would write first: a value is odd when its modified z-score (Iglewicz and Hoaglin) among the last 100 of its
 * product passes 3.5. It learns whatever counted.
 */
export function medianMad(): { review(order: Order): string[]; learn(order: Order): void } {
  const products = new Map<string, Series>();
  return {
    review: ({ items }) =>
      items.flatMap(({ productId, pricePerUnit, quantity }, at) => {
        const series = products.get(productId);
        if (!series || series.prices.length < LEAST) return [];
        const found = [];
        if (isOdd(Number(pricePerUnit), series.prices)) found.push(`items[${at}].price_per_unit`);
        if (isOdd(quantity, series.quantities)) found.push(`items[${at}].quantity`);
        return found;
      }),
    learn({ items }) {
      for (const { productId, pricePerUnit, quantity } of items) {
        const series = products.get(productId) ?? { prices: [], quantities: [] };
        series.prices.push(Number(pricePerUnit));
        series.quantities.push(quantity);
        for (const values of [series.prices, series.quantities]) if (values.length > WINDOW) values.shift();
        products.set(productId, series);
      }
    },
  };
}

function isOdd(value: number, values: readonly number[]): boolean {
  const middle = median(values);
  const off = values.map((each) => Math.abs(each - middle));
  const mad = median(off);
  // Where more than half are the same, their mean deviation stands in.
  const spread = mad > 0 ? 1.4826 * mad : 1.2533 * (off.reduce((sum, each) => sum + each, 0) / off.length);
  if (spread === 0) return value !== middle;
  return Math.abs(value - middle) / spread > FAR;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}
