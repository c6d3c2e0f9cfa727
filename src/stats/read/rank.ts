import type { Rank } from '../figures.ts';
import { type Ask, result, whole } from './roundTrips.ts';

/**
 * The places a user has with the totals they had when the read began, one plus those with strictly more. Two round
 * trips: the user's totals (ZSCORE), then how many are above (ZCOUNT, ZCARD). What the user gains in between
 * must not put them above themselves, so in the second their totals are read again.
 */
export async function rank(ask: Ask, userId: string): Promise<Rank | undefined> {
  const home = ask.partitions.of(userId);
  const [spend, orders] = scores(
    await ask.atOnce(home, (pipe, keys) => pipe.zscore(keys.bySpend, userId).zscore(keys.byCount, userId)),
    0,
  );
  if (spend === undefined || orders === undefined) return undefined;

  const places = await Promise.all(
    ask.partitions.all.map(async (partition) => {
      const replies = await ask.atOnce(partition, (pipe, keys) => {
        pipe.zcount(keys.bySpend, `(${spend}`, '+inf').zcount(keys.byCount, `(${orders}`, '+inf');
        pipe.zcard(keys.bySpend);
        pipe.zscore(keys.bySpend, userId).zscore(keys.byCount, userId);
      });
      const [spendNow, ordersNow] = scores(replies, 3);
      return {
        spenders: result<number>(replies, 0) - (spendNow !== undefined && spendNow > spend ? 1 : 0),
        buyers: result<number>(replies, 1) - (ordersNow !== undefined && ordersNow > orders ? 1 : 0),
        users: result<number>(replies, 2),
      };
    }),
  );
  return places.reduce(
    (sum, place) => ({
      spenders: sum.spenders + place.spenders,
      buyers: sum.buyers + place.buyers,
      users: sum.users + place.users,
    }),
    { spenders: 1, buyers: 1, users: 0 },
  );
}

function scores(replies: Parameters<typeof result>[0], index: number): (number | undefined)[] {
  return [index, index + 1].map((at) => {
    const score = result<string | null>(replies, at);
    return score === null ? undefined : whole(score);
  });
}
