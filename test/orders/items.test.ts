import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { issuesOf, oneItem, parsed, refused } from './parsing.ts';

const item = (changes: Record<string, unknown>) => ({
  items: [{ product_id: 'P1', quantity: 5, price_per_unit: 400, ...changes }],
});

describe('the list of items', () => {
  it.each([
    ['missing', undefined, 'missing_field'],
    ['null', null, 'missing_field'],
    ['an object', { 0: {} }, 'wrong_type'],
    ['JSON text', '[{"product_id":"P1","quantity":1,"price_per_unit":2000}]', 'wrong_type'],
    ['empty', [], 'no_items'],
  ])('is refused when %s', (_, items, code) => {
    expect(issuesOf({ items })).toEqual([`${code} at items`]);
  });

  it('is taken at the most items configured and refused past it, naming both numbers', () => {
    const ten = Array(10).fill({ product_id: 'P1', quantity: 1, price_per_unit: 200 });
    expect(parsed({ items: ten }, { maxItems: 10 }).items).toHaveLength(10);
    const { issues, message } = refused({ items: [...ten, ten[0]] }, { maxItems: 10 });
    expect(issues).toMatchObject([{ code: 'too_large', path: 'items' }]);
    expect(message).toBe('too_large: items has 11 items, at most 10 are taken');
  });

  it('is not read item by item when it is too long', () => {
    expect(issuesOf({ items: Array(10_000).fill(null) })).toEqual(['too_large at items']);
  });

  it.each([
    ['a number', 5],
    ['a string', 'P006'],
    ['null', null],
    ['an array', ['P006', 5, 200]],
  ])('names the place of an element that is %s', (_, element) => {
    const { issues } = refused({ items: [{ product_id: 'P1', quantity: 1, price_per_unit: 2000 }, element] });
    expect(issues).toEqual([
      { code: 'wrong_type', path: 'items[1]', message: 'items[1] must be an object', expected: 'object' },
    ]);
  });
});

describe('product_id', () => {
  it('is trimmed and keeps its case whatever ID_CASE says: it names nothing that is added up', () => {
    expect(parsed(oneItem({ product_id: ' sku-9a ' }, 1)).items[0]?.productId).toBe('sku-9a');
  });

  it('is one, however its accents are composed', () => {
    expect(parsed(oneItem({ product_id: 'Cafe\u0301\u200b' }, 1)).items[0]?.productId).toBe('Caf\u00e9');
  });

  it('is taken as a whole number', () => {
    const product_id = new ExactNumber('820982911946154508');
    expect(parsed(oneItem({ product_id }, 1)).items[0]?.productId).toBe(product_id.text);
    expect(parsed(oneItem({ product_id: 1006 }, 1)).items[0]?.productId).toBe('1006');
  });

  it.each([
    ['missing', undefined, 'missing_field'],
    ['blank', '  ', 'missing_field'],
    ['an object', {}, 'wrong_type'],
    ['129 characters long', 'x'.repeat(129), 'too_large'],
    ['with a NUL', 'P\u0000', 'out_of_range'],
    ['with a zero width space inside', 'P\u200b1', 'out_of_range'],
  ])('is refused when %s', (_, product_id, code) => {
    expect(issuesOf(item({ product_id }))).toEqual([`${code} at items[0].product_id`]);
  });
});

describe('quantity', () => {
  it.each([
    [5],
    ['5'],
    [' 5 '],
    [new ExactNumber('5.000000000000000000000')],
    ['5.0'],
    ['+5'],
    ['005'],
    [5.0],
  ])('%j is five', (quantity) => {
    expect(parsed(item({ quantity })).items[0]?.quantity).toBe(5);
  });

  it.each([
    ['missing', undefined, 'missing_field'],
    ['null', null, 'missing_field'],
    ['zero', 0, 'out_of_range'],
    ['minus zero', -0, 'out_of_range'],
    ['zero as text', '0', 'out_of_range'],
    ['negative', -1, 'out_of_range'],
    ['negative as text', '-1', 'out_of_range'],
    ['a fraction', 1.5, 'out_of_range'],
    ['a fraction as text', '1.5', 'out_of_range'],
    ['past 2^53', 2 ** 53, 'out_of_range'],
    ['past 2^53 as text', '9007199254740993', 'out_of_range'],
    ['1e308', 1e308, 'out_of_range'],
    ['infinite', Number.POSITIVE_INFINITY, 'out_of_range'],
    ['past 2^53 with all its digits', new ExactNumber('9007199254740993'), 'out_of_range'],
    ['1e400', new ExactNumber('1e400'), 'out_of_range'],
    ['a hair more than five', new ExactNumber('5.00000000000000000000001'), 'out_of_range'],
    ['NaN as text', 'NaN', 'wrong_type'],
    ['Infinity as text', 'Infinity', 'wrong_type'],
    ['an exponent as text', '5e0', 'wrong_type'],
    ['hexadecimal text', '0x5', 'wrong_type'],
    ['a decimal comma', '5,0', 'wrong_type'],
    ['empty text', '', 'wrong_type'],
    ['blank text', '  ', 'wrong_type'],
    ['a word', 'five', 'wrong_type'],
    ['digits of another script', '٥', 'wrong_type'],
    ['a boolean', true, 'wrong_type'],
    ['an array', [5], 'wrong_type'],
  ])('is refused when %s', (_, quantity, code) => {
    expect(issuesOf(item({ quantity }))).toEqual([`${code} at items[0].quantity`]);
  });
});

describe('price_per_unit', () => {
  it.each([[19.9], ['19.90'], [' 19.90 '], ['+19.9'], ['019.900']])('%j is 19.9', (price_per_unit) => {
    expect(parsed(oneItem({ price_per_unit }, 19.9)).items[0]?.pricePerUnit).toBe('19.9');
  });

  it.each([[0], [-0], ['0'], ['-0'], ['0.00']])('%j is free of charge', (price_per_unit) => {
    const order = parsed(oneItem({ price_per_unit }, 0));
    expect(order.items[0]?.pricePerUnit).toBe('0');
    expect(order.minorUnits).toBe(0);
  });

  it.each([
    ['missing', undefined, 'missing_field'],
    ['null', null, 'missing_field'],
    ['negative', -0.01, 'out_of_range'],
    ['negative as text', '-0.01', 'out_of_range'],
    ['1e308', 1e308, 'out_of_range'],
    ['infinite', Number.POSITIVE_INFINITY, 'out_of_range'],
    ['past 15 digits', '10000000000000', 'out_of_range'],
    ['1e400', new ExactNumber('1e400'), 'out_of_range'],
    ['of 50 digits behind the point', new ExactNumber(`1.${'0'.repeat(49)}1`), 'out_of_range'],
    ['NaN as text', 'NaN', 'wrong_type'],
    ['an exponent as text', '1e2', 'wrong_type'],
    ['an exponent that would be a megabyte of digits', '1e999999', 'wrong_type'],
    ['more digits than any price has', `0.${'0'.repeat(100)}1`, 'wrong_type'],
    ['with a currency sign', '$19.90', 'wrong_type'],
    ['with thousands separators', '1,990.00', 'wrong_type'],
    ['without a leading digit', '.5', 'wrong_type'],
    ['without a trailing digit', '5.', 'wrong_type'],
    ['empty text', '', 'wrong_type'],
    ['a boolean', false, 'wrong_type'],
  ])('is refused when %s', (_, price_per_unit, code) => {
    expect(issuesOf(item({ price_per_unit }))).toEqual([`${code} at items[0].price_per_unit`]);
  });
});
