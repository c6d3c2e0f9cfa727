import type { Cluster, Redis } from 'ioredis';
import { allPositions } from '../../history/positions.ts';
import type { Cut } from '../../history/read/atCut.ts';
import {
  type Counting,
  countedAgainSince,
  countingsBefore,
  countingsOf,
} from '../../history/read/countings.ts';
import { DAY_SECONDS } from '../../runtime/units.ts';
import { type InLedger, lookInLedger } from '../../stats/read/lookInLedger.ts';
import type { Partition } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { type Check, equalCounts, noneWrong } from './check.ts';
import { countEntries } from './ledgerFigures.ts';
import { type HistoryParts, type Moment, momentOf } from './moment.ts';

const LOOKUPS_AT_ONCE = 500;

/**
 * Both ways: what counted within a window before the present generation began is there, as it counted last; and there are
 * as many entries as orders of the history that are found.
 */
export async function ledgerAgainst(
  { client, redis, partitions, ledgerRetentionDays, progress, signal }: HistoryParts,
  moments: readonly Moment[],
  cut: Cut,
): Promise<Check[]> {
  const retentionDays = ledgerRetentionDays;
  const sinceOf = (partition: Partition) =>
    (moments[partition.index] as Moment).ledger.since - retentionDays * DAY_SECONDS;
  const since = Math.min(...partitions.all.map(sinceOf));
  const positions = (await allPositions(client)).map((each) => ({
    ...each,
    seq: cut.get(each.tag) ?? each.seq,
  }));
  let [expected, found] = [0, 0];
  const wrong: string[] = [];
  const looked = async (some: readonly Counting[], see: (one: Counting, is: InLedger) => void) => {
    signal?.throwIfAborted();
    for (const partition of partitions.all) {
      const its = some.filter(({ userId }) => partitions.of(userId) === partition);
      for (let from = 0; from < its.length; from += LOOKUPS_AT_ONCE) {
        const batch = its.slice(from, from + LOOKUPS_AT_ONCE);
        const results = await lookInLedger(redis, partition, batch, { retentionDays });
        for (const [at, one] of batch.entries()) see(one, results[at] as InLedger);
      }
    }
    progress.add(some.length);
  };
  // What counted more than once is there as it was the last time.
  const repeated = await countedAgainSince(client, since);
  const last = new Map<string, Counting>();
  const see = (one: Counting, is: InLedger) => {
    if (is === 'same') found += 1;
    if (one.countedAt < sinceOf(partitions.of(one.userId))) return;
    expected += 1;
    if (is !== 'same') wrong.push(`${one.orderId} of ${one.userId}`);
  };
  for (const position of positions) {
    for await (const page of countingsOf(client, position, undefined, since)) {
      const once = page.filter((one) => {
        const key = one.identity.toString('hex');
        if (!repeated.has(key)) return true;
        if (one.countedAt >= (last.get(key)?.countedAt ?? 0)) last.set(key, one);
        return false;
      });
      await looked(once, see);
    }
  }
  await looked([...last.values()], see);
  const checks = [noneWrong('orders of the history in the ledger', expected, wrong)];

  const sizes = await Promise.all(moments.map((moment) => entriesOf(redis, moment)));
  if (sizes.some((size) => size === undefined)) return checks;
  const entries = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  for (const position of positions) {
    for await (const page of countingsBefore(client, position, since)) {
      if (found >= entries) break;
      await looked(
        page.filter(({ identity }) => !repeated.has(identity.toString('hex'))),
        (_, is) => {
          found += is === 'same' ? 1 : 0;
        },
      );
    }
  }
  const moved = (
    await Promise.all(partitions.all.map((each) => momentOf(redis, each, ledgerRetentionDays)))
  ).some(
    ({ seq, ledger }, at) => seq !== moments[at]?.seq || ledger.generation !== moments[at]?.ledger.generation,
  );
  return [...checks, equalCounts('entries of the ledger in the history', entries, found, { moved })];
}

/** Of both generations; undefined when the present one has ended meanwhile. */
async function entriesOf(redis: Redis | Cluster, { partition, ledger }: Moment): Promise<number | undefined> {
  const keys = statsKeys(partition);
  const { recorded, generation, size, previousBuckets } = ledger;
  const previous = await countEntries(redis, keys, generation - 1, previousBuckets, () => {});
  const now = await redis.hget(keys.ledger, 'generation');
  return Number(now ?? 1) === recorded ? size + previous : undefined;
}
