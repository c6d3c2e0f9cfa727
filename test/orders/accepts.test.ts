import { describe, expect, it } from '@jest/globals';
import type { Accepted } from '../../src/orders/accepts.ts';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { issuesOf, oneItem, parsed, refused } from './parsing.ts';

const open = (...accepts: Accepted[]) => ({ accepts });

describe('text_value', () => {
  it.each([['2000'], ['2000.00'], [' +2000.0 '], ['02000']])('takes %j for the value', (order_value) => {
    expect(issuesOf({ order_value })).toEqual(['wrong_type at order_value']);
    expect(parsed({ order_value }, open('text_value')).minorUnits).toBe(200_000);
  });

  it.each([
    ['', 'wrong_type'],
    ['2,000.00', 'wrong_type'],
    ['2000,00', 'wrong_type'],
    ['$2000', 'wrong_type'],
    ['2e3', 'wrong_type'],
    ['NaN', 'wrong_type'],
    ['-1', 'out_of_range'],
    ['1000000000.01', 'out_of_range'],
  ])('still refuses %j', (order_value, code) => {
    expect(issuesOf({ order_value }, open('text_value'))).toEqual([`${code} at order_value`]);
  });
});

describe('epoch_time', () => {
  const instant = '2024-12-16T13:00:00.000Z';

  it.each([
    [1_734_354_000, instant],
    [1_734_354_000_000, instant],
    ['1734354000', instant],
    [' 1734354000000 ', instant],
    [1_734_354_000.25, '2024-12-16T13:00:00.250Z'],
    ['1734354000.2509', '2024-12-16T13:00:00.250Z'],
    [new ExactNumber('1734354000.00000000000000000001'), instant],
    [1_000_000_000, '2001-09-09T01:46:40.000Z'],
    [9_999_999_999, '2286-11-20T17:46:39.000Z'],
    [1_000_000_000_000, '2001-09-09T01:46:40.000Z'],
    [9_999_999_999_999, '2286-11-20T17:46:39.999Z'],
    ['2024-12-16T13:00:00Z', instant],
    ['20241216', '2024-12-16T00:00:00.000Z'],
  ])('takes %j', (order_timestamp, expected) => {
    expect(parsed({ order_timestamp }, open('epoch_time')).placedAt).toBe(expected);
  });

  it.each([
    ['how a missing time looks', 0],
    ['nine digits', 999_999_999],
    ['eleven digits, which might be either', 17_343_540_000],
    ['a date as a number', 20_241_216],
    ['a date and time as a number', 20_241_216_130_000],
    ['a date and time as text', '20241216130000'],
    ['microseconds', 1_734_354_000_000_000],
    ['nanoseconds', new ExactNumber('1734354000000000000')],
    ['a time before 1970', -1_734_354_000],
    ['1e400', new ExactNumber('1e400')],
    ['an exponent as text', '1.734354e9'],
    ['a word', 'now'],
  ])('refuses %s', (_, order_timestamp) => {
    expect(issuesOf({ order_timestamp }, open('epoch_time'))).toEqual(['bad_timestamp at order_timestamp']);
  });

  it('says what a number would have to be', () => {
    expect(refused({ order_timestamp: 0 }, open('epoch_time')).message).toBe(
      'bad_timestamp: order_timestamp has neither the 10 digits of seconds nor the 13 of milliseconds',
    );
  });

  it.each([[1_734_354_000], [new ExactNumber('1734354000.00000000000000000001')]])(
    'is closed: %j is no text',
    (order_timestamp) => {
      expect(issuesOf({ order_timestamp })).toEqual(['wrong_type at order_timestamp']);
    },
  );

  it.each([[true], [{ seconds: 1_734_354_000 }]])('does not take %j', (order_timestamp) => {
    expect(issuesOf({ order_timestamp }, open('epoch_time'))).toEqual(['wrong_type at order_timestamp']);
  });
});

describe('zero_quantity', () => {
  const lines = (...quantities: unknown[]) => ({
    order_value: 10,
    items: quantities.map((quantity, index) => ({ product_id: `P${index}`, quantity, price_per_unit: 10 })),
  });

  it.each([[0], [-0], ['0'], [' 0.00 ']])(
    'drops a line of %j, and knows where the next one stood',
    (quantity) => {
      expect(issuesOf(lines(quantity, 1))).toEqual(['out_of_range at items[0].quantity']);
      expect(parsed(lines(quantity, 1), open('zero_quantity')).items).toEqual([
        { productId: 'P1', quantity: 1, pricePerUnit: '10', line: 1 },
      ]);
    },
  );

  it('refuses an order of nothing else', () => {
    const { message } = refused({ ...lines(0, '0'), order_value: 0 }, open('zero_quantity'));
    expect(message).toBe('no_items: items has only lines of quantity 0');
  });

  it('names the place of another fault as it was sent', () => {
    expect(issuesOf(lines(0, -1), open('zero_quantity'))).toEqual(['out_of_range at items[1].quantity']);
  });

  it('does not take what is less than nothing, or not there', () => {
    expect(issuesOf(lines(-1), open('zero_quantity'))).toEqual(['out_of_range at items[0].quantity']);
    expect(issuesOf(lines(null), open('zero_quantity'))).toEqual(['missing_field at items[0].quantity']);
    expect(issuesOf(lines(''), open('zero_quantity'))).toEqual(['wrong_type at items[0].quantity']);
  });
});

describe('fractional_quantity', () => {
  it.each([
    [1.5, 10, 15],
    ['1.500', 10, 15],
    [0.001, 10, 0.01],
    [0.333, 3, 1],
    [new ExactNumber('0.10000000000000000000'), 1, 0.1],
    [999_999_999.999, 1, 999_999_999.999],
  ])('takes %j', (quantity, price_per_unit, order_value) => {
    const order = oneItem({ quantity, price_per_unit }, order_value);
    expect(issuesOf(order)).toEqual(['out_of_range at items[0].quantity']);
    expect(parsed(order, open('fractional_quantity')).items[0]?.quantity).toBe(
      Number(quantity instanceof ExactNumber ? quantity.text : quantity),
    );
  });

  it.each([
    ['four decimals', 1.0001, 'out_of_range'],
    ['four decimals as text', '1.0001', 'out_of_range'],
    ['what floats make of 0.1 + 0.2', 0.1 + 0.2, 'out_of_range'],
    ['less than nothing', -0.5, 'out_of_range'],
    ['nothing', 0, 'out_of_range'],
    ['more than a double carries with three decimals', '9007199254740.9915', 'out_of_range'],
    ['a decimal comma', '1,5', 'wrong_type'],
    ['a word', 'one and a half', 'wrong_type'],
  ])('refuses %s', (_, quantity, code) => {
    const order = oneItem({ quantity, price_per_unit: 10 }, 15);
    expect(issuesOf(order, open('fractional_quantity'))).toEqual([`${code} at items[0].quantity`]);
  });
});

describe('loose_optional', () => {
  const CASES = [
    ['order_timestamp', 1_734_354_000, 'of type number'],
    ['order_timestamp', '', 'blank'],
    ['currency', 840, 'of type number'],
    ['currency', '  ', 'blank'],
    ['payment_method', { kind: 'card' }, 'of type object'],
    ['payment_method', '', 'blank'],
    ['shipping_address', ['321 Pine St', 'Springfield'], 'of type array'],
    ['shipping_address', { street: '321 Pine St' }, 'of type object'],
    ['shipping_address', new ExactNumber('1e400'), 'of type number'],
  ] as const;

  it.each(CASES)('takes %s for missing when it is %j, and notes it', (name, value, kind) => {
    const order = parsed({ [name]: value }, open('loose_optional'));
    expect(order.notes).toEqual([`${name} counts as missing: it is ${kind}`]);
    expect(order).toEqual({ ...parsed({ [name]: undefined }), notes: order.notes });
  });

  it('is closed: what is of another type is refused', () => {
    expect(issuesOf({ shipping_address: {}, payment_method: {}, currency: 840 })).toEqual([
      'wrong_type at currency',
      'wrong_type at payment_method',
      'wrong_type at shipping_address',
    ]);
  });

  it('notes nothing when nothing was sent, or all of it was read', () => {
    expect(parsed({ payment_method: null }, open('loose_optional')).notes).toEqual([]);
    expect(parsed({ currency: 'usd' }, open('loose_optional')).notes).toEqual([]);
  });

  it('never shows an address in its notes', () => {
    const notes = parsed({ shipping_address: { street: '321 Pine St' } }, open('loose_optional')).notes;
    expect(notes.join()).not.toMatch(/321|Pine/);
  });

  it('does not loosen a value of the right type, or a field that must be there', () => {
    const changes = { order_timestamp: 'late', currency: 'EUR', user_id: '', order_value: '' };
    expect(issuesOf(changes, open('loose_optional')).sort()).toEqual([
      'bad_timestamp at order_timestamp',
      'currency_mismatch at currency',
      'missing_field at user_id',
      'wrong_type at order_value',
    ]);
  });
});
