import { type Cut, unknownUsers, untilReached, userAt, usersAt } from '../../history/read/atCut.ts';
import type { Totals } from '../../stats/figures.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { pagesOf } from '../kit/redisPages.ts';
import { SHOWN } from './check.ts';
import type { HistoryParts } from './moment.ts';

/** Users that differ at first sight and are looked at once more, each at one moment. */
const LOOKED_AT_AGAIN = 1_000;
const LOOKUPS_AT_ONCE = 500;

export type Agrees = (kept: Totals, counted: Totals) => boolean;

/** Every user of the history; who differs from Redis as it is now is looked at again at one moment. */
export async function usersAgainst(
  { client, redis, partitions, progress, signal }: HistoryParts,
  cut: Cut,
  agrees: Agrees,
): Promise<{ kept: number; wrong: string[] }> {
  let kept = 0;
  const suspects: string[] = [];
  await client.query('BEGIN READ ONLY');
  try {
    for await (const page of usersAt(client, cut)) {
      signal?.throwIfAborted();
      // Not as a pipeline, which a cluster takes for one partition alone.
      const found = await Promise.all(
        page.map(({ userId }) =>
          redis.hmget(statsKeys(partitions.of(userId)).user(userId), 'order_count', 'total_spend'),
        ),
      );
      for (const [at, user] of page.entries()) {
        const [orders, minorUnits] = found[at] ?? [];
        if (!agrees(user, { orders: Number(orders ?? 0), minorUnits: Number(minorUnits ?? 0) }))
          suspects.push(user.userId);
      }
      kept += page.length;
      progress.add(page.length);
    }
  } finally {
    await client.query('ROLLBACK');
  }
  const wrong: string[] = [];
  for (const userId of suspects.slice(0, LOOKED_AT_AGAIN)) {
    if (!(await agreesAtOnce({ client, redis, partitions }, cut, userId, agrees))) wrong.push(userId);
  }
  return { kept, wrong: [...wrong, ...(wrong.length > 0 ? suspects.slice(LOOKED_AT_AGAIN) : [])] };
}

async function agreesAtOnce(
  { client, redis, partitions }: Pick<HistoryParts, 'client' | 'redis' | 'partitions'>,
  cut: Cut,
  userId: string,
  agrees: Agrees,
): Promise<boolean> {
  const { tag } = partitions.of(userId);
  const keys = statsKeys(partitions.of(userId));
  const reply = await redis
    .multi()
    .hmget(keys.user(userId), 'order_count', 'total_spend')
    .hget(keys.ledger, 'archive')
    .exec();
  const [orders, minorUnits] = (reply?.[0]?.[1] ?? []) as (string | null)[];
  const seq = Number(String(reply?.[1]?.[1] ?? '0').split(' ')[0]);
  const at: Cut = new Map([...cut, [tag, seq]]);
  if (!(await untilReached(client, at))) return false;
  const kept = await userAt(client, at, userId);
  return agrees(kept, { orders: Number(orders ?? 0), minorUnits: Number(minorUnits ?? 0) });
}

/** Users of Redis that have no order in the history. */
export async function strangersIn({ client, redis, partitions }: HistoryParts): Promise<string[]> {
  const found: string[] = [];
  for (const partition of partitions.all) {
    for await (const page of pagesOf(redis, statsKeys(partition).bySpend, LOOKUPS_AT_ONCE)) {
      const unknown = await unknownUsers(
        client,
        page.map(({ member }) => member),
      );
      found.push(...unknown);
      if (found.length > SHOWN) return found;
    }
  }
  return found;
}
