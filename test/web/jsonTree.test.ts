import { describe, expect, it } from '@jest/globals';
import { differences, linesOf, sentIn } from '../../src/web/desk/jsonTree.ts';

const written = (data: unknown): string => {
  const { value, digits } = sentIn(data);
  return [...linesOf(value, digits)]
    .map(({ name, text }) => (name === undefined ? text : `${JSON.stringify(name)}: ${text}`))
    .join(' ');
};

describe('an order as the desk shows it', () => {
  const order = { order_id: 'O', items: [{ price_per_unit: 1, tags: [], note: null }] };

  it('is what the job holds, out of what it came in', () => {
    expect(JSON.parse(written(order))).toEqual(order);
    expect(JSON.parse(written({ order, message: { id: 'M' } }))).toEqual(order);
    expect(sentIn({ raw: 'not JSON' })).toMatchObject({ value: 'not JSON', isText: true });
  });

  it('keeps the digits that JavaScript has no room for', () => {
    const data = { order, exact: { '/items/0/price_per_unit': '1.00000000000000000001' } };
    expect(written(data)).toContain('"price_per_unit": 1.00000000000000000001,');
  });

  it('names the place of each line as an issue does', () => {
    const { value, digits } = sentIn(order);
    expect([...linesOf(value, digits)].map(({ path }) => path)).toEqual(
      expect.arrayContaining(['', 'order_id', 'items', 'items[0]', 'items[0].price_per_unit']),
    );
  });

  it('differs from what it was at the places that somebody changed', () => {
    const after = { order: { ...order, user_id: 'U', items: [{ ...order.items[0], price_per_unit: 2 }] } };
    expect(differences(sentIn({ order }), sentIn(after))).toEqual([
      { path: 'items[0].price_per_unit', before: '1', after: '2' },
      { path: 'user_id', before: null, after: '"U"' },
    ]);
    expect(differences(sentIn({ order }), sentIn({ order }))).toEqual([]);
  });
});
