import type { Redis } from 'ioredis';
import { DAY_MS } from '../../../src/runtime/units.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../../src/store/statsKeys.ts';

const CHUNK = 5_000;

/** The stats as they are after `users` users ordered once or more; written directly, a million orders would take minutes. */
export async function fillUsers(redis: Redis, users: number): Promise<void> {
  const keys = keysOfAll();
  for (let from = 0; from < users; from += CHUNK) {
    const pipe = redis.pipeline();
    const bySpend: (string | number)[] = [];
    const byCount: (string | number)[] = [];
    for (let i = from; i < Math.min(users, from + CHUNK); i += 1) {
      const [spend, orders] = [1_000 + ((i * 7_919) % 1_000_003), 1 + (i % 50)];
      bySpend.push(spend, `U${i}`);
      byCount.push(orders, `U${i}`);
      pipe.hset(keys.user(`U${i}`), 'order_count', orders, 'total_spend', spend);
    }
    pipe.zadd(keys.bySpend, ...bySpend).zadd(keys.byCount, ...byCount);
    await pipe.exec();
  }
  await redis.hset(keys.global, 'total_orders', users * 25, 'total_revenue', users * 500_000);
}

/** Orders on each of so many days before 2026. */
export async function fillDays(redis: Redis, days: number): Promise<void> {
  const keys = keysOfAll();
  const pipe = redis.pipeline();
  for (let back = 1; back <= days; back += 1) {
    const day = new Date(Date.UTC(2026, 0, 1) - back * DAY_MS).toISOString().slice(0, 10);
    for (const [key, period] of [
      [keys.days, day],
      [keys.months, day.slice(0, 7)],
      [keys.years, day.slice(0, 4)],
    ] as const) {
      pipe.hincrby(key, `${period}:orders`, 100).hincrby(key, `${period}:revenue`, 123_456);
    }
  }
  await pipe.exec();
}

function keysOfAll(): StatsKeys {
  const [partition] = makePartitions(1).all;
  if (!partition) throw new Error('one partition expected');
  return statsKeys(partition);
}
