import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { redisScript } from '../../store/redisScript.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { type Detail, refuseGone } from './detail.ts';
import type { Place } from './largestFirst.ts';
import { pairs } from './roundTrips.ts';

const SCRIPT = readFileSync(new URL('./usersAfter.lua', import.meta.url), 'utf8');

const callScript = redisScript<string[]>('usersAfter', { numberOfKeys: 2, lua: SCRIPT, readOnly: true });

/** A page of the users of a range that one period holds: one round trip, whatever the place and the ties. */
export async function usersAfter(
  redis: Redis | Cluster,
  detail: Detail,
  limit: number,
  after?: Place,
): Promise<Place[]> {
  const keys = statsKeys(detail.partition);
  const [from = '', ...flat] = await callScript(
    redis,
    keys.spend(detail.periods[0] as string),
    keys.detail,
    limit,
    after?.amount ?? '+inf',
    after?.userId ?? '',
  );
  refuseGone(detail.firstDay, from === '' ? null : from);
  return pairs(flat).map(([userId, amount]) => ({ userId, amount }));
}
