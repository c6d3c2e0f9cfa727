import { describe, expect, it } from '@jest/globals';
import { sharedFeatures } from '../../../src/desk/causes/features.ts';
import { parseExactly } from '../../../src/orders/exactJson.ts';
import { anOrder } from '../../support/orders.ts';

describe('what orders share', () => {
  const line = (id: unknown) => ({ product_id: id, quantity: 1, price_per_unit: 1 });

  it('is said of each name, with how many of how many', () => {
    const orders = Array.from({ length: 10 }, (_, n) =>
      anOrder({
        order_id: n < 8 ? `SHOP-${n * 7}` : `${n}`,
        payment_method: n < 6 ? 'Klarna' : 'CreditCard',
        order_timestamp: n < 7 ? `2026-05-01T10:${10 + n}:00+02:00` : `2026-05-0${n}T10:00:00Z`,
        currency: n < 5 ? 'EUR' : 'USD',
        items: n < 9 ? [line(`A${n}`), line('P9'), line('P9')] : [line('A9')],
      }),
    );
    expect(sharedFeatures(orders)).toEqual([
      { name: 'order_id_prefix', value: 'SHOP-', orders: 8, of: 10 },
      { name: 'order_id_shape', value: 'a-9', orders: 8, of: 10 },
      { name: 'payment_method', value: 'Klarna', orders: 6, of: 10 },
      { name: 'product_id', value: 'P9', orders: 9, of: 10 },
      { name: 'hour', value: '2026-05-01T08:00Z', orders: 7, of: 10 },
    ]);
  });

  it('is nothing of one order, of none, and of what is no order', () => {
    expect(sharedFeatures([])).toEqual([]);
    expect(sharedFeatures([anOrder()])).toEqual([]);
    expect(sharedFeatures([null, [], 'x', {}, { items: [null, 'x'], order_id: {}, currency: '' }])).toEqual(
      [],
    );
  });

  it('takes numbers and times of other kinds as what they are, clips, and takes names of objects for values', () => {
    const odd = parseExactly(
      `{"order_id":820982911946154508,"order_timestamp":1777629600,"payment_method":"__proto__",` +
        `"items":[{"product_id":"a\\n${'x'.repeat(500)}"}]}`,
    );
    expect(sharedFeatures([odd, odd])).toEqual([
      { name: 'order_id_shape', value: '9', orders: 2, of: 2 },
      { name: 'payment_method', value: '__proto__', orders: 2, of: 2 },
      { name: 'product_id', value: `a\ufffd${'x'.repeat(98)}`, orders: 2, of: 2 },
      { name: 'hour', value: '2026-05-01T10:00Z', orders: 2, of: 2 },
    ]);
  });
});
