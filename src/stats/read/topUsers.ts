import type { StatsKeys } from '../../store/statsKeys.ts';
import type { DayRange } from '../figures.ts';
import { splitRange } from './dayRange.ts';
import { type Detail, findDetail } from './detail.ts';
import { byPlace, firstPlaces, type Place } from './largestFirst.ts';
import type { Measure, RangeMerge } from './rangeMerge.ts';
import { type Ask, pairs, result } from './roundTrips.ts';

/** Users never straddle partitions, so the top N of all partitions' top N is exact. */
export async function topEver(ask: Ask, key: (keys: StatsKeys) => string, limit: number): Promise<Place[]> {
  const replies = await ask.all((pipe, keys) => pipe.zrevrange(key(keys), 0, limit - 1, 'WITHSCORES'));
  return best(
    replies.map((reply) => places(result<string[]>(reply, 0))),
    limit,
  );
}

/** See ReadStats for what it costs. Where one period holds the whole range, Redis has its spenders in order already. */
export async function topInRange(
  ask: Ask,
  merge: RangeMerge,
  measure: Measure,
  limit: number,
  range: DayRange,
): Promise<Place[]> {
  const details = await findDetail(ask, splitRange(range), ask.partitions.all);
  const isOrdered = ({ periods }: Detail) => measure === 'spend' && periods.length === 1;
  const ordered = details.filter(isOrdered).map(async (detail) => {
    const replies = await detail.ask((pipe, keys) =>
      pipe.zrevrange(keys.spend(detail.periods[0] as string), 0, limit - 1, 'WITHSCORES'),
    );
    return places(result<string[]>(replies, 0));
  });
  const others = details.filter((detail) => !isOrdered(detail) && detail.periods.length > 0);
  const merged = merge
    .sums(others, measure)
    .then((sums) => Promise.all(sums.map((amounts) => firstPlaces(amounts, limit))));
  const [lists, mergedLists] = await Promise.all([Promise.all(ordered), merged]);
  return best([...lists, ...mergedLists], limit);
}

export const best = (lists: readonly Place[][], limit: number): Place[] =>
  lists.flat().sort(byPlace).slice(0, limit);

const places = (flat: readonly string[]): Place[] =>
  pairs(flat).map(([userId, amount]) => ({ userId, amount }));
