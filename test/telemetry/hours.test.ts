import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { DAY_MS, HOUR_MS } from '../../src/runtime/units.ts';
import { PULSE_KEY } from '../../src/store/keys.ts';
import { DAMAGED, type Place } from '../../src/store/stored.ts';
import { packCounts, packGauges } from '../../src/telemetry/packed.ts';
import { hoursReader, type ReadHours } from '../../src/telemetry/read/hours.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('the hours of the pulse', () => {
  let server: TestRedis;
  let redis: Redis;
  let read: ReadHours;
  /** By the clock of Redis, days since 1970. */
  let today: number;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    read = hoursReader(redis);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    today = Math.floor((Number((await redis.time())[0]) * 1_000) / DAY_MS);
  });

  const dayOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
  const readDays = (first: number, last: number) => read({ startDay: dayOf(first), endDay: dayOf(last) });
  /** As a beat would leave it. */
  const count = (day: number, hour: number, orders: number, minorUnits = orders * 100) =>
    redis.hset(
      `${PULSE_KEY}:h:${day}`,
      hour,
      Buffer.concat([
        packCounts(
          [
            ['received', 7],
            ['counted', orders],
            ['revenue', minorUnits],
            ['busy_ms', 63],
          ],
          [0, orders],
        ),
        packGauges([['waiting', 5]]),
      ]),
    );

  it('are all there, with zeros where nothing counted and nothing before the first that is kept', async () => {
    await count(today - 2, 5, 3, 4_711);
    await count(today - 2, 23, 1);
    await count(today, 0, 2 ** 40, 2 ** 52 + 1);
    const { knownFrom, hours } = await readDays(today - 3, today + 1);
    expect(knownFrom).toBe((today - 2) * DAY_MS + 5 * HOUR_MS);
    expect(hours).toHaveLength(5 * 24);
    const nothing = { orders: 0, minorUnits: 0 };
    const expected = new Map([
      [24 + 5, { orders: 3, minorUnits: 4_711 }],
      [24 + 23, { orders: 1, minorUnits: 100 }],
      [72, { orders: 2 ** 40, minorUnits: 2 ** 52 + 1 }],
    ]);
    expect(hours).toEqual(
      Array.from({ length: 5 * 24 }, (_, index) => ({
        time: (today - 3) * DAY_MS + index * HOUR_MS,
        counted: index < 24 + 5 ? undefined : (expected.get(index) ?? nothing),
      })),
    );
  });

  it('are known from the first that is kept, wherever the range lies', async () => {
    await count(today - 401, 9, 1);
    await count(today - 401, 10, 1);
    const { knownFrom, hours } = await readDays(today - 1, today);
    expect(knownFrom).toBe((today - 401) * DAY_MS + 9 * HOUR_MS);
    expect(hours.every(({ counted }) => counted?.orders === 0)).toBe(true);
  });

  it('are read beside a day that is something else, which is told', async () => {
    const told: Place[] = [];
    const hear = (place: Place) => told.push(place);
    redis.on(DAMAGED, hear);
    await count(today - 1, 5, 3);
    await redis.hset(`${PULSE_KEY}:h:${today - 1}`, 'x', 'x');
    await redis.set(`${PULSE_KEY}:h:${today - 2}`, 'x');
    const { knownFrom, hours } = await readDays(today - 2, today - 1);
    redis.off(DAMAGED, hear);
    expect(knownFrom).toBe((today - 1) * DAY_MS + 5 * HOUR_MS);
    expect(hours.map(({ counted }) => counted?.orders)).toEqual([
      ...new Array(24 + 5).fill(undefined),
      3,
      ...new Array(18).fill(0),
    ]);
    expect(told).toEqual([{ key: `${PULSE_KEY}:h:${today - 2}` }]);
  });

  it('are known from nowhere before the first beat', async () => {
    const { knownFrom, hours } = await readDays(today, today);
    expect(knownFrom).toBeUndefined();
    expect(hours.map(({ counted }) => counted)).toEqual(new Array(24).fill(undefined));
  });

  it('are zeros where processes told of something else alone', async () => {
    await redis.hset(`${PULSE_KEY}:h:${today}`, 0, packGauges([['waiting', 0]]));
    const { hours } = await readDays(today, today);
    expect(hours[0]?.counted).toEqual({ orders: 0, minorUnits: 0 });
  });
});
