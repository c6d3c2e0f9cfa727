import { describe, expect, it } from '@jest/globals';
import type { InvalidOrder } from '../../src/orders/invalidOrder.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { refusalLog } from '../../src/worker/refusalLog.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { anOrder, RULES } from '../support/orders.ts';

const parse = makeParseOrder(RULES);

function issuesOf(changes: Record<string, unknown>) {
  try {
    parse(anOrder(changes), '2025-01-01T00:00:00.000Z');
  } catch (error) {
    return (error as InvalidOrder).issues;
  }
  throw new Error('nothing is wrong with this order');
}

const itemsOf = (...prices: unknown[]) =>
  prices.map((price_per_unit) => ({ product_id: 'P1', quantity: 1, price_per_unit }));

function aLog() {
  const { logger, lines } = collectingLogger();
  const log = refusalLog(logger);
  let orders = 0;
  return {
    ...log,
    refuse(changes: Record<string, unknown>) {
      orders += 1;
      log.add({ job: `m${orders}`, orderId: `O${orders}` }, issuesOf(changes));
    },
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('refused orders', () => {
  it('of one cause are told at once and then together, with one of them as example', () => {
    const log = aLog();
    for (let order = 0; order < 3_000; order += 1) log.refuse({ order_value: 200 + order / 100 });
    log.tell();
    log.tell();
    expect(log.lines()).toEqual([
      {
        level: 'warn',
        message: 'orders refused',
        reason: 'order_value_mismatch',
        path: 'order_value',
        count: 1,
        job: 'm1',
        orderId: 'O1',
        received: '200.00',
      },
      expect.objectContaining({ count: 2_999, job: 'm3000', orderId: 'O3000', received: '229.99' }),
    ]);
  });

  it('are told at once again after a turn without any', () => {
    const log = aLog();
    for (let turn = 0; turn < 2; turn += 1) {
      log.refuse({ currency: 'EUR' });
      log.tell();
    }
    expect(log.lines().map(({ count, job }) => [count, job])).toEqual([
      [1, 'm1'],
      [1, 'm2'],
    ]);
  });

  it('count once for a cause, wherever in the list it was found, and once for each of theirs', () => {
    const log = aLog();
    log.refuse({ currency: 'EUR', items: itemsOf(-1, 5, -2, -3) });
    log.refuse({ items: itemsOf(5, -2) });
    log.tell();
    const told = log.lines().map(({ reason, path, count }) => [reason, path, count]);
    expect(told.toSorted()).toEqual([
      ['currency_mismatch', 'currency', 1],
      ['out_of_range', 'items[*].price_per_unit', 1],
      ['out_of_range', 'items[*].price_per_unit', 1],
    ]);
  });

  it('of more causes than anybody reads are told by reason, and none is left out', () => {
    const log = aLog();
    for (let place = 0; place < 500; place += 1) {
      log.add({ job: 'm', orderId: 'O1' }, [
        { code: 'wrong_type', path: `field${'x'.repeat(place)}`, message: '' },
      ]);
    }
    log.tell();
    expect(log.lines()).toHaveLength(102);
    expect(log.lines().reduce((sum, { count }) => sum + (count as number), 0)).toBe(500);
  });
});

describe('what was received', () => {
  it.each([
    [{ order_value: -5 }, '-5'],
    [{ order_value: '1.234,50' }, '"1.234,50"'],
    [{ order_value: null, items: [] }, 'array'],
    [{ currency: 'EUR' }, '"EUR"'],
    [{ currency: '€' }, '"€"'],
    [{ order_value: '12,50' }, '"12,50"'],
    [{ order_timestamp: '2025-02-30T10:00:00.000+01:00' }, '"2025-02-30T10:00:00.000+01:00"'],
    [{ order_timestamp: '16.12.2024 13:00' }, '"16.12.2024 13:00"'],
    [{ items: itemsOf({ amount: 'Jane Doe' }) }, 'object'],
  ])('is told of %j', (changes, received) => {
    const log = aLog();
    log.refuse(changes);
    expect(log.lines().map((line) => line.received)).toContain(received);
  });

  it.each([
    { order_value: 'Jane' },
    { order_value: '9'.repeat(60) },
    { order_value: '+49 170 1234567' },
    { order_value: '+49 170 123 456' },
    { order_value: '01701234567' },
    { order_timestamp: '4111 1111 1111 1111' },
    { currency: 'Jane Doe' },
    { currency: '12 Pine Street' },
    { order_timestamp: 'jane@example.com' },
    { items: itemsOf('12 Pine Street, Springfield') },
    { shipping_address: 12345 },
    { shipping_address: { street: '12 Pine Street' } },
    { payment_method: 4111111111111111 },
    { order_id: 1e20 },
    { user_id: ['jane@example.com'] },
  ])('is not told of %j', (changes) => {
    const log = aLog();
    log.refuse(changes);
    expect(log.lines()).toHaveLength(1);
    for (const line of log.lines()) expect(line).not.toHaveProperty('received');
    expect(JSON.stringify(log.lines())).not.toMatch(/Jane|jane|Pine|12345|4111|170|9{5}/);
  });
});

describe('the example', () => {
  it.each(['jane.doe@example.com', 'Jane Doe', '+49 170 1234567', 'x'.repeat(500)])(
    'does not tell %j',
    (orderId) => {
      const { logger, lines } = collectingLogger();
      refusalLog(logger).add({ job: 'm1', orderId }, issuesOf({ currency: 'EUR' }));
      expect(JSON.parse(lines[0] as string)).toEqual({
        level: 'warn',
        message: 'orders refused',
        reason: 'currency_mismatch',
        path: 'currency',
        count: 1,
        job: 'm1',
        received: '"EUR"',
      });
    },
  );
});
