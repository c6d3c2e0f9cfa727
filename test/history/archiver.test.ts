import { describe, expect, it } from '@jest/globals';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { archiveKeys } from '../../src/store/keys.ts';
import { endings, order } from '../stats/recording.ts';
import { archivingRecorder, historyRig, ORIGIN, partition } from './rig.ts';

describe('the history', () => {
  const rig = historyRig();
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) =>
      order({ orderId: `O${from + at}`, userId: `U${(from + at) % 17}` }),
    );

  describe('what is kept', () => {
    it('is every counted order once, with its items, and the sums are those of Redis', async () => {
      const record = archivingRecorder(rig.redis);
      await endings(record, [...many(500), ...many(100)]);
      await rig.archive();
      await rig.archived();
      expect(await rig.sums()).toEqual({ orders: 500, minorUnits: 500_000 });
      expect(await rig.sql('SELECT count(*)::int AS items FROM history.order_items')).toEqual([
        { items: 500 },
      ]);
      expect(await rig.redis.xlen(archiveKeys(partition).stream)).toBe(1);
    });

    it('is an order as it counted', async () => {
      const record = archivingRecorder(rig.redis, { addresses: true });
      const one = order({
        orderId: "'; DROP TABLE history.orders; --",
        userId: 'ÉLODIE ☃',
        minorUnits: 12_345,
        placedAt: '0001-02-03T04:05:06.007Z',
        day: '0001-02-03',
        paymentMethod: 'CARD\0X',
        shippingAddress: 'A street',
        items: [
          { productId: 'P1', quantity: 0.125, pricePerUnit: '98.76' },
          { productId: "P'2", quantity: 9_007_199_254_740_991, pricePerUnit: '0.0000001' },
        ],
      });
      await record(one);
      await rig.archive();
      await rig.archived();
      expect(
        await rig.sql(`SELECT user_id, order_id, minor_units, day::text, currency, payment_method, message_id, address, seq,
        to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') AS placed_at,
        to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') AS received_at FROM history.orders`),
      ).toEqual([
        {
          user_id: one.userId,
          order_id: one.orderId,
          minor_units: '12345',
          day: '0001-02-03',
          currency: 'USD',
          payment_method: 'CARD\uFFFDX',
          message_id: ORIGIN.messageId,
          address: 'A street',
          seq: '1',
          placed_at: '0001-02-03 04:05:06.007',
          received_at: '2026-01-02 03:04:05.678',
        },
      ]);
      expect(
        await rig.sql(
          'SELECT line, product_id, quantity::text, price_per_unit::text FROM history.order_items ORDER BY line',
        ),
      ).toEqual([
        { line: 1, product_id: 'P1', quantity: '0.125', price_per_unit: '98.76' },
        { line: 2, product_id: "P'2", quantity: '9007199254740991', price_per_unit: '0.0000001' },
      ]);
    });

    it('has no address unless asked for', async () => {
      await archivingRecorder(rig.redis)(order({ shippingAddress: 'A street' }));
      expect(JSON.stringify(await rig.redis.xrange(archiveKeys(partition).stream, '-', '+'))).not.toContain(
        'street',
      );
    });

    it('says what had counted before, and what counts without it', async () => {
      const plain = makeRecordOrder(rig.redis, partition, { retentionDays: 35 });
      const record = archivingRecorder(rig.redis);
      await endings(plain, many(3));
      await endings(record, many(3, 3));
      await endings(plain, many(2, 6));
      await endings(record, many(1, 8));
      await rig.archive();
      await rig.archived();
      expect(
        await rig.sql('SELECT kind, seq::int, orders::int, minor_units::int FROM history.gaps ORDER BY seq'),
      ).toEqual([
        { kind: 'opening', seq: 1, orders: 3, minor_units: 3_000 },
        { kind: 'not_kept', seq: 2, orders: 2, minor_units: 2_000 },
      ]);
      await rig.sums();
    });
  });
});
