import { describe, expect, it } from '@jest/globals';
import Big from 'big.js';
import fc from 'fast-check';
import { formatMinorUnits, MAX_AMOUNT, TOTAL_ROOM, toJsonAmount } from '../../src/orders/money.ts';
import { issuesOf, parsed, refused } from './parsing.ts';

/** Amounts that are larger than any order, so that the arithmetic is what is tried. */
const HUGE = { maxOrderValue: MAX_AMOUNT };

type Line = [quantity: number | string, price: number | string];

const orderOf = (lines: Line[], orderValue: number) => ({
  order_value: orderValue,
  items: lines.map(([quantity, price_per_unit], index) => ({
    product_id: `P${index}`,
    quantity,
    price_per_unit,
  })),
});

describe('the sum of the items', () => {
  it.each<[Line[], number, number]>([
    [[[3, 0.1]], 0.3, 30],
    [[[3, 33.333]], 100, 10_000],
    [[[3, '33.333']], 100, 10_000],
    [[[1, 0.005]], 0.01, 1],
    [[[1, 1.005]], 1.01, 101],
    [[[1, 1.115]], 1.12, 112],
    [[[1, '1.00499999999999999999999999']], 1, 100],
    [[[3, 0.335]], 1.01, 101],
    [
      [
        [3, 19.99],
        [7, 0.07],
      ],
      60.46,
      6_046,
    ],
    // Rounded once at the end: rounded line by line this would be 0.02.
    [
      [
        [1, 0.005],
        [1, 0.005],
      ],
      0.01,
      1,
    ],
    [
      [
        [1, 0.0025],
        [1, 0.0025],
      ],
      0.01,
      1,
    ],
    [
      [
        [1, 9_999_999_999_999.98],
        [1, 0.01],
      ],
      9_999_999_999_999.99,
      999_999_999_999_999,
    ],
    [[[9_007_199_254_740_991, 0.001]], 9_007_199_254_740.99, 900_719_925_474_099],
  ])('%j is %d', (lines, orderValue, cents) => {
    expect(parsed(orderOf(lines, orderValue), HUGE).minorUnits).toBe(cents);
  });

  it('is compared with order_value rounded the same way', () => {
    expect(parsed(orderOf([[1, 10]], 9.995)).minorUnits).toBe(1_000);
    expect(parsed(orderOf([[3, 33.333]], 99.999)).minorUnits).toBe(10_000);
    expect(issuesOf(orderOf([[1, 10]], 9.994))).toEqual(['order_value_mismatch at order_value']);
  });

  it('names both values when it is another one', () => {
    const error = refused({ order_value: 201 });
    expect(error.message).toBe('order_value_mismatch: order_value is 201.00 but its items add up to 2000.00');
    expect(error.issues).toMatchObject([{ path: 'order_value', expected: '2000.00', received: '201.00' }]);
  });

  it('is refused one cent away, in either direction', () => {
    expect(issuesOf({ order_value: 2000.01 })).toEqual(['order_value_mismatch at order_value']);
    expect(issuesOf({ order_value: 1999.99 })).toEqual(['order_value_mismatch at order_value']);
  });

  it('is written out in digits when it is far too large', () => {
    const error = refused(orderOf([[9_007_199_254_740_991, 9_999_999_999_999.99]], 1));
    expect(error.issues[0]?.expected).toBe('90071992547409819928007452590.09');
  });
});

/** Half up to the cent, in whole numbers only: what the rule says, written another way. */
function centsOf(numerator: bigint, decimals: number): bigint {
  const unit = 10n ** BigInt(decimals);
  return (2n * numerator * 100n + unit) / (2n * unit);
}

function decimalText(numerator: bigint, decimals: number): string {
  const digits = String(numerator).padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

describe('any list of items', () => {
  const DECIMALS = 6;
  const price = fc.tuple(fc.bigInt(0n, 10n ** 9n), fc.integer({ min: 0, max: DECIMALS }));
  const lines = fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), price, fc.boolean()), {
    minLength: 1,
    maxLength: 8,
  });

  it('counts exactly what whole-number arithmetic says, and one cent more or less is refused', () => {
    fc.assert(
      fc.property(lines, (generated) => {
        const scaled = generated.reduce(
          (sum, [quantity, [numerator, decimals]]) =>
            sum + BigInt(quantity) * numerator * 10n ** BigInt(DECIMALS - decimals),
          0n,
        );
        const cents = Number(centsOf(scaled, DECIMALS));
        const order = (total: number) =>
          orderOf(
            generated.map(([quantity, [numerator, decimals], asText]) => {
              const text = decimalText(numerator, decimals);
              return [asText ? String(quantity) : quantity, asText ? text : Number(text)];
            }),
            total / 100,
          );
        expect(parsed(order(cents), HUGE).minorUnits).toBe(cents);
        const { issues } = refused(order(cents + 1), HUGE);
        expect(issues).toMatchObject([
          {
            code: 'order_value_mismatch',
            expected: formatMinorUnits(cents),
            received: formatMinorUnits(cents + 1),
          },
        ]);
        if (cents > 0)
          expect(issuesOf(order(cents - 1), HUGE)).toEqual(['order_value_mismatch at order_value']);
      }),
    );
  });
});

describe('cents as a JSON number', () => {
  const nearTheEnd = fc.integer({ min: TOTAL_ROOM - 1_000, max: TOTAL_ROOM });

  it('lose one right after the room of a total ends', () => {
    const [last, next] = [toJsonAmount(TOTAL_ROOM), toJsonAmount(TOTAL_ROOM + 1)];
    expect(last).toBe(2 ** 46);
    expect(JSON.stringify(next)).not.toBe(formatMinorUnits(TOTAL_ROOM + 1));
  });

  it('has the two decimals that were counted, for any total there is room for', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0, max: TOTAL_ROOM }), nearTheEnd), (cents) => {
        const text = JSON.stringify(toJsonAmount(cents));
        expect(text).toMatch(/^\d+(\.\d{1,2})?$/);
        expect(new Big(text).toFixed(2)).toBe(formatMinorUnits(cents));
      }),
    );
  });
});
