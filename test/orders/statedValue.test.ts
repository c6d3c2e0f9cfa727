import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { statedMinorUnits } from '../../src/orders/statedValue.ts';
import { anOrder } from '../support/orders.ts';

const items = [
  { product_id: 'P1', quantity: 3, price_per_unit: 0.1 },
  { product_id: 'P2', quantity: '2', price_per_unit: ' 19.90 ' },
];

describe('what an order says it is worth', () => {
  it.each<[string, Record<string, unknown>, number | undefined]>([
    ['its value as a number, exact to the cent', { order_value: 1.005 }, 101],
    ['its value as text', { order_value: ' 12.50 ' }, 1_250],
    [
      'its value with more digits than a double has',
      { order_value: new ExactNumber('0.10000000000000001') },
      10,
    ],
    ['0 when it says so', { order_value: 0 }, 0],
    ['its items when the value is missing', { order_value: undefined, items }, 4_010],
    ['its items when the value is no plain number', { order_value: '12,50', items }, 4_010],
    ['its items when the value is negative', { order_value: -5, items }, 4_010],
    ['its items when the value is past the room of a total', { order_value: 1e40, items }, 4_010],
    ['unknown when a price is no number either', { order_value: '?', items: [{ quantity: 1 }] }, undefined],
    ['unknown when a line is no object', { order_value: '?', items: [...items, 'P3'] }, undefined],
    ['unknown without items', { order_value: null, items: [] }, undefined],
    [
      'unknown when the items come to less than nothing',
      { order_value: '', items: [{ quantity: -1, price_per_unit: 1 }] },
      undefined,
    ],
    [
      'unknown when it has more lines than anyone adds up',
      { order_value: '', items: Array(10_001).fill(items[0]) },
      undefined,
    ],
    ['unknown past the room of a total', { order_value: new ExactNumber('9e39'), items: [] }, undefined],
  ])('is %s', (_, changes, minorUnits) => {
    expect(statedMinorUnits(anOrder(changes))).toBe(minorUnits);
  });

  it.each([null, undefined, 'text', 7, [anOrder()]])('is unknown of %j', (order) => {
    expect(statedMinorUnits(order)).toBeUndefined();
  });
});
