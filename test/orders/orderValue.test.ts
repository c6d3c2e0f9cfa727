import { describe, expect, it } from '@jest/globals';
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
    { value: 1e12, cents: 100_000_000_000_000 },
    { value: 9_999_999_999_999.99, cents: 999_999_999_999_999 },
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
    ['one cent past 15 digits', 10_000_000_000_000, 'out_of_range'],
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

  it('never takes a value whose cents a JSON number could not tell apart', () => {
    const largest = 9_999_999_999_999.99;
    expect(priced(largest) - priced(9_999_999_999_999.98)).toBe(1);
  });
});
