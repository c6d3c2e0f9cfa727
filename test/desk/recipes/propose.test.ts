import { describe, expect, it } from '@jest/globals';
import { propose } from '../../../src/desk/recipes/propose.ts';
import type { InvalidOrder, Issue } from '../../../src/orders/invalidOrder.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { anOrder, RULES } from '../../support/orders.ts';

const parse = makeParseOrder(RULES);
const issuesOf = (order: unknown): readonly Issue[] => {
  try {
    parse(order, '2025-01-01T00:00:00Z');
    return [];
  } catch (error) {
    return (error as InvalidOrder).issues;
  }
};
const proposed = (...orders: unknown[]) => propose(orders, { issuesOf, sumFields: [] });
const one = (line: object, more: object = {}) =>
  anOrder({
    order_value: 12.5,
    items: [{ product_id: 'P', quantity: 1, price_per_unit: 12.5, ...line }],
    ...more,
  });
const without = (order: Record<string, unknown>, name: string) => {
  const { [name]: _, ...rest } = order;
  return rest;
};

describe('the recipe that the machine proposes', () => {
  it.each([
    [
      'decimal commas',
      one({ price_per_unit: '12,50' }),
      [{ do: 'decimal_comma', at: 'items[*].price_per_unit' }],
    ],
    ['a total as text', one({}, { order_value: '12.50' }), [{ do: 'text_to_number', at: 'order_value' }]],
    [
      'a total as text with a comma',
      one({}, { order_value: '12,50' }),
      [
        { do: 'decimal_comma', at: 'order_value' },
        { do: 'text_to_number', at: 'order_value' },
      ],
    ],
    [
      'a currency sign and a comma',
      one({ price_per_unit: '12,50 €' }),
      [
        { do: 'replace', at: 'items[*].price_per_unit', find: '€', with: '' },
        { do: 'decimal_comma', at: 'items[*].price_per_unit' },
      ],
    ],
    ['a wrong total', one({}, { order_value: 12 }), [{ do: 'recompute_total' }]],
    ['no total', without(one({}), 'order_value'), [{ do: 'recompute_total' }]],
    [
      'another name',
      { ...without(one({}), 'user_id'), userId: 'U1' },
      [{ do: 'rename', at: 'userId', to: 'user_id' }],
    ],
    [
      'another name in the lines',
      one({ quantity: undefined, qty: 1 }),
      [{ do: 'rename', at: 'items[*].qty', to: 'quantity' }],
    ],
    [
      'a time in seconds',
      one({}, { order_timestamp: 1_734_354_000 }),
      [{ do: 'cast', at: 'order_timestamp', to: 'time' }],
    ],
    [
      'a number for a text',
      one({}, { payment_method: 7 }),
      [{ do: 'cast', at: 'payment_method', to: 'text' }],
    ],
  ])('mends %s', (_, order, steps) => {
    expect(proposed(order, order)).toEqual({ recipe: { version: 1, steps }, passes: 2, of: 2 });
  });

  it('mends the line of one order that a slip is in, not its total', () => {
    const items = [
      { product_id: 'P', quantity: 1, price_per_unit: 125 },
      { product_id: 'Q', quantity: 1, price_per_unit: 30 },
    ];
    const order = one({}, { order_value: 42.5, items });
    expect(proposed(order)?.recipe.steps).toEqual([
      { do: 'set', at: 'items[0].price_per_unit', value: 12.5 },
    ]);
    expect(proposed(order, order)?.recipe.steps).toEqual([{ do: 'recompute_total' }]);
  });

  it('mends two things at once', () => {
    const order = one({ price_per_unit: '12,50' }, { order_value: '12,50' });
    expect(proposed(order)).toMatchObject({ passes: 1 });
  });

  it('drops lines of which nothing was bought', () => {
    const items = [
      { product_id: 'P', quantity: 1, price_per_unit: 12.5 },
      { product_id: 'Q', quantity: 0, price_per_unit: 3 },
    ];
    expect(proposed(one({}, { items }))?.recipe.steps).toEqual([
      { do: 'drop_line', at: 'items', where: 'quantity', equals: 0 },
    ]);
  });

  it.each([
    ['a currency that is another', one({}, { currency: 'EUR' })],
    ['a price that is a word', one({ price_per_unit: 'cheap' })],
    ['no user at all', without(one({}), 'user_id')],
    ['a total that does not fit the mended prices', one({ price_per_unit: '1.250,00' })],
    ['no object', 7],
  ])('is none for %s', (_, order) => {
    expect(proposed(order)).toBeUndefined();
  });

  it('says how many it helps', () => {
    const comma = one({ price_per_unit: '12,50' });
    expect(proposed(comma, { ...comma, currency: 'EUR' })).toMatchObject({ passes: 1, of: 2 });
  });
});
