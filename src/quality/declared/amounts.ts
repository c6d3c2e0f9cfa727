import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { linePath, NOTHING, signed } from './rule.ts';

/*
 * Limits that hold for any shop; what is too much for one shop is for its own rules, and for what was learned of it.
 */

const MOST_OF_ONE = 100_000;
const MOST_PER_UNIT = 1_000_000;

export const quantityOverLimit: Check = {
  id: 'quantity_over_limit',
  version: 1,
  family: 'amounts',
  judge(order) {
    const { items } = order;
    let found: Finding[] | undefined;
    for (let at = 0; at < items.length; at += 1) {
      const { quantity, productId } = items[at] as (typeof items)[number];
      if (quantity <= MOST_OF_ONE) continue;
      const barcode = isBarcode(String(quantity));
      found ??= [];
      found.push(
        signed(quantityOverLimit, {
          path: linePath(order, at, 'quantity'),
          key: productId,
          severity: 'warn',
          observed: barcode ? `${quantity}, a product's barcode` : String(quantity),
          expected: `at most ${MOST_OF_ONE}`,
          confidence: barcode ? 0.99 : 0.8,
        }),
      );
    }
    return found ?? NOTHING;
  },
};

export const priceOverLimit: Check = {
  id: 'price_over_limit',
  version: 1,
  family: 'amounts',
  judge(order) {
    const { items } = order;
    let found: Finding[] | undefined;
    for (let at = 0; at < items.length; at += 1) {
      const { pricePerUnit, productId } = items[at] as (typeof items)[number];
      // No shorter text can be more: most prices are spared the conversion.
      if (pricePerUnit.length < 7 || Number(pricePerUnit) <= MOST_PER_UNIT) continue;
      const barcode = isBarcode(pricePerUnit);
      found ??= [];
      found.push(
        signed(priceOverLimit, {
          path: linePath(order, at, 'price_per_unit'),
          key: productId,
          severity: 'warn',
          observed: barcode ? `${pricePerUnit}, a product's barcode` : pricePerUnit,
          expected: `at most ${MOST_PER_UNIT}`,
          confidence: barcode ? 0.99 : 0.8,
        }),
      );
    }
    return found ?? NOTHING;
  },
};

/** EAN-13, UPC-A as 12 digits and GTIN-14 end in a check digit that one number in ten has by chance. */
function isBarcode(digits: string): boolean {
  if (!/^\d{12,14}$/.test(digits)) return false;
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 1 : 3), 0);
  return sum % 10 === 0;
}
