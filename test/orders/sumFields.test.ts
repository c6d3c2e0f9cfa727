import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import type { SumField } from '../../src/orders/sumFields.ts';
import { issuesOf, parsed, refused } from './parsing.ts';

const sumFields: SumField[] = [
  { path: ['tax'], sign: 1 },
  { path: ['shipping'], sign: 1 },
  { path: ['discount'], sign: -1 },
];
const nested: SumField[] = [
  { path: ['totals', 'tax'], sign: 1 },
  { path: ['totals', 'discount'], sign: -1 },
];

describe('further fields of the sum', () => {
  it.each([
    [{ order_value: 2000 }],
    [{ order_value: 2000, tax: null, shipping: 0, discount: -0 }],
    [{ order_value: 2380.5, tax: 380, shipping: 10.5, discount: 10 }],
    [{ order_value: 1990.01, discount: 9.99 }],
    [{ order_value: 2010, discount: -10 }],
    [{ order_value: 2000.01, tax: 0.003, shipping: 0.002 }],
    [{ order_value: 2000, tax: new ExactNumber('0.00499999999999999999999') }],
    [{ order_value: 0, discount: 2000 }],
  ])('are added to the items or taken off: %j', (changes) => {
    expect(parsed(changes, { sumFields }).minorUnits).toBe(Math.round(changes.order_value * 100));
  });

  it('are no part of the sum unless they are named', () => {
    expect(parsed({ tax: 380, discount: 'none' }).minorUnits).toBe(200_000);
  });

  it('are named when the sum is another', () => {
    expect(refused({ tax: 5, order_value: 2000 }, { sumFields }).message).toBe(
      'order_value_mismatch: order_value is 2000.00 but its items, tax, shipping, -discount add up to 2005.00',
    );
    expect(issuesOf({ discount: 2001, order_value: 0 }, { sumFields })).toEqual([
      'order_value_mismatch at order_value',
    ]);
  });

  it('may lie deeper, and those beside them matter to nobody', () => {
    const order = (totals: unknown, order_value: number) => ({ totals, order_value });
    expect(parsed(order({ tax: 20, discount: 5, fee: 'x' }, 2015), { sumFields: nested }).minorUnits).toBe(
      201_500,
    );
    for (const none of [undefined, null, 5, 'x', [], {}]) {
      expect(parsed(order(none, 2000), { sumFields: nested }).minorUnits).toBe(200_000);
    }
    expect(issuesOf(order({ tax: 'much' }, 2000), { sumFields: nested })).toEqual([
      'wrong_type at totals.tax',
    ]);
  });

  it('are not looked for in a prototype', () => {
    const inherited = { sumFields: [{ path: ['constructor', 'length'], sign: 1 } as const] };
    expect(parsed({}, inherited).minorUnits).toBe(200_000);
  });

  it.each([
    ['text', '5.00', 'wrong_type'],
    ['blank text', '', 'wrong_type'],
    ['an object', { amount: 5 }, 'wrong_type'],
    ['a boolean', true, 'wrong_type'],
    ['1e400', new ExactNumber('1e400'), 'out_of_range'],
    ['more than any amount', 1e13, 'out_of_range'],
    ['less than any amount', -1e13, 'out_of_range'],
  ])('are refused when they are %s, and nothing is said of a sum nobody knows', (_, tax, code) => {
    expect(issuesOf({ tax }, { sumFields })).toEqual([`${code} at tax`]);
  });

  it('are text where order_value may be', () => {
    const rules = { sumFields, accepts: ['text_value' as const] };
    expect(parsed({ order_value: '2005.50', tax: '5.50' }, rules).minorUnits).toBe(200_550);
    expect(issuesOf({ tax: '5,50' }, rules)).toEqual(['wrong_type at tax']);
  });

  it('count as missing where optional fields are loose, and that is noted', () => {
    const rules = { sumFields: [...sumFields, ...nested], accepts: ['loose_optional' as const] };
    const order = parsed({ tax: '5.00', shipping: '', discount: 0, totals: { tax: {} } }, rules);
    expect(order.minorUnits).toBe(200_000);
    expect(order.notes).toEqual([
      'tax counts as missing: it is of type string',
      'shipping counts as missing: it is blank',
      'totals.tax counts as missing: it is of type object',
    ]);
  });
});
