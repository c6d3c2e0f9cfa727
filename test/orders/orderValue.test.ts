import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { issuesOf, oneItem, parsed, refused } from './parsing.ts';

/** An order whose one item costs what the order says. */
const priced = (value: number) => parsed(oneItem({ price_per_unit: value }, value)).minorUnits;

describe('order_value', () => {
  it.each([
    { value: 0, cents: 0 },
    { value: -0, cents: 0 },
    { value: 2000, cents: 200_000 },
    { value: 19.9, cents: 1_990 },
    { value: 0.1 + 0.2, cents: 30 },
    { value: 1.005, cents: 101 },
    { value: 0.004999, cents: 0 },
    { value: 1e-7, cents: 0 },
    { value: 1e9, cents: 100_000_000_000 },
  ])('$value is $cents cents', ({ value, cents }) => {
    expect(priced(value)).toBe(cents);
  });

  it.each([
    ['missing', undefined, 'missing_field'],
    ['null', null, 'missing_field'],
    ['a numeric string', '2000', 'wrong_type'],
    ['NaN as text', 'NaN', 'wrong_type'],
    ['an empty string', '', 'wrong_type'],
    ['a boolean', true, 'wrong_type'],
    ['an object', { amount: 2000 }, 'wrong_type'],
    ['an array', [2000], 'wrong_type'],
    ['negative', -0.01, 'out_of_range'],
    ['1e308', 1e308, 'out_of_range'],
    ['2^53 + 1 cents', JSON.parse('90071992547409.93'), 'out_of_range'],
    ['one cent past MAX_ORDER_VALUE', 1_000_000_000.01, 'out_of_range'],
    ['a fraction of a cent past it', 1_000_000_000.001, 'out_of_range'],
    ['what nine orders once filled the totals with', 9_999_999_999_999.99, 'out_of_range'],
    [
      'more digits than a double holds, and too much',
      new ExactNumber(`1000000000.${'0'.repeat(20)}1`),
      'out_of_range',
    ],
    ['an exponent of a megabyte of digits', new ExactNumber('1e999999'), 'out_of_range'],
    ['as many behind the point', new ExactNumber('1e-999999'), 'out_of_range'],
    [
      'negative, with more digits than a double holds',
      new ExactNumber('-2000.00000000000000000001'),
      'out_of_range',
    ],
    // What JSON.parse makes of 1e999.
    ['infinite', Number.POSITIVE_INFINITY, 'out_of_range'],
    ['not a number at all', Number.NaN, 'out_of_range'],
  ])('is refused when %s', (_, value, code) => {
    expect(issuesOf({ order_value: value })).toEqual([`${code} at order_value`]);
  });

  it('says why a string is refused although it reads as a number', () => {
    expect(refused({ order_value: '2000' }).issues).toEqual([
      {
        code: 'wrong_type',
        path: 'order_value',
        message: 'order_value must be a JSON number',
        expected: 'number',
        received: '"2000"',
      },
    ]);
  });

  it('is read with every digit that was sent', () => {
    const order_value = new ExactNumber('1.00499999999999999999999999');
    expect(parsed(oneItem({ price_per_unit: order_value }, order_value)).minorUnits).toBe(100);
    expect(parsed(oneItem({ price_per_unit: 1 }, order_value)).minorUnits).toBe(100);
  });

  it('may be as large as MAX_ORDER_VALUE says, and says so when it is larger', () => {
    const rules = { maxOrderValue: '50.00' };
    expect(parsed(oneItem({ price_per_unit: 50 }, 50), rules).minorUnits).toBe(5_000);
    expect(refused(oneItem({ price_per_unit: 50.01 }, 50.01), rules).message).toBe(
      'out_of_range: order_value must be at most 50.00',
    );
  });
});
