import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { DAY_MS, HOUR_MS } from '../../runtime/units.ts';
import type { DayRange, Totals } from '../../stats/figures.ts';
import { PULSE_KEY } from '../../store/keys.ts';
import { isWrongType } from '../../store/redisFaults.ts';
import { redisScript } from '../../store/redisScript.ts';
import { tellDamaged } from '../../store/stored.ts';
import { countIn } from '../packed.ts';

export interface Hour {
  /** When it begins, ms since 1970. */
  time: number;
  /** Zeros where nobody told of anything; undefined before `knownFrom`, and for all where that is. */
  counted: Totals | undefined;
}

/** Every hour of the days of a range, in order, and the first one that the pulse still has, ms since 1970. */
export interface Hours {
  knownFrom: number | undefined;
  hours: Hour[];
}

/**
 * What was counted in each hour, by the clock of Redis, whatever the date of an order. One round trip, HGETALL of 24 fields
 * for each day; no script, so that others get their turn between two days.
 */
export type ReadHours = (range: DayRange) => Promise<Hours>;

const FIRST_HOUR = readFileSync(new URL('./firstHour.lua', import.meta.url), 'utf8');

const firstHour = redisScript<number | null>('firstHourOfPulse', {
  numberOfKeys: 1,
  lua: FIRST_HOUR,
  readOnly: true,
});

export function hoursReader(redis: Redis | Cluster): ReadHours {
  return async ({ startDay, endDay }) => {
    const first = Date.parse(startDay);
    const days = (Date.parse(endDay) - first) / DAY_MS + 1;
    const keys = Array.from({ length: days }, (_, day) => `${PULSE_KEY}:h:${first / DAY_MS + day}`);
    const pipe = redis.pipeline();
    for (const key of keys) pipe.hgetallBuffer(key);
    const [from, replies] = await Promise.all([firstHour(redis, PULSE_KEY), pipe.exec()]);
    const knownFrom = from === null ? undefined : from * 1_000;
    const hours = (replies ?? []).flatMap(([error, buckets], day) => {
      if (error && !isWrongType(error)) throw error;
      if (error) tellDamaged(redis, { key: keys[day] as string });
      const known = error ? {} : (buckets as Record<string, Buffer>);
      return Array.from({ length: 24 }, (_, hour): Hour => {
        const time = first + day * DAY_MS + hour * HOUR_MS;
        const isKnown = knownFrom !== undefined && time >= knownFrom;
        return { time, counted: isKnown ? totalsIn(known[hour]) : undefined };
      });
    });
    return { knownFrom, hours };
  };
}

const totalsIn = (packed: Buffer | undefined): Totals =>
  packed
    ? { orders: countIn(packed, 'counted'), minorUnits: countIn(packed, 'revenue') }
    : { orders: 0, minorUnits: 0 };
