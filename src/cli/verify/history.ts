import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { refuseOtherSchema } from '../../history/migrate.ts';
import {
  type Cut,
  daysAt,
  gapsAt,
  isReached,
  unknownUsers,
  userAt,
  usersAt,
} from '../../history/read/atCut.ts';
import {
  allPositions,
  type Counting,
  countedAgainSince,
  countingsBefore,
  countingsOf,
} from '../../history/read/countings.ts';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Totals } from '../../stats/figures.ts';
import { type InLedger, lookInLedger } from '../../stats/read/lookInLedger.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { redisNow } from '../../store/redisTime.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';
import { pagesOf } from '../kit/redisPages.ts';
import type { Check } from './checks.ts';
import { countEntries } from './ledgerFigures.ts';

export interface HistoryParts {
  client: ClientBase;
  redis: Redis | Cluster;
  partitions: Partitions;
  ledgerRetentionDays: number;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Of a partition, all at one moment: orders that count meanwhile change nothing of it. */
interface Moment {
  partition: Partition;
  /** The last entry of its archive. */
  seq: number;
  /** What counted after that entry, and so without the history. */
  untold: Totals;
  global: Totals;
  users: number;
  days: Map<string, Totals>;
  /** As the next order finds it. `recorded` is the generation that Redis says, `previousBuckets` are of the one before. */
  ledger: { recorded: number; generation: number; since: number; size: number; previousBuckets: number };
}

const SHOWN = 5;
const LOOKUPS_AT_ONCE = 500;
/** How long an archiver may take to bring what counted until now. */
const ARCHIVE_MS = 30_000;
const LOOK_MS = 100;
/** Users that differ at first sight and are looked at once more, each at one moment. */
const LOOKED_AT_AGAIN = 1_000;

/** Redis against the history, up to the entry that each archive ends with at one moment. */
export async function checksOfHistory(parts: HistoryParts): Promise<Check[]> {
  const { client, redis, partitions, ledgerRetentionDays, progress } = parts;
  await refuseOtherSchema(client);
  const moments = await Promise.all(partitions.all.map((each) => momentOf(redis, each, ledgerRetentionDays)));
  const cut: Cut = new Map(moments.map(({ partition, seq }) => [partition.tag, seq]));
  if (!(await untilReached(client, cut))) return [waiting(moments)];

  progress.begin('users and orders of the history held against Redis');
  const gaps = await gapsAt(client, cut);
  for (const { untold } of moments) add(gaps, untold);
  // Whose orders they are and of which days, nobody knows.
  const isWhole = gaps.orders === 0 && gaps.minorUnits === 0;
  const agrees = (kept: Totals, counted: Totals) =>
    isWhole
      ? kept.orders === counted.orders && kept.minorUnits === counted.minorUnits
      : kept.orders <= counted.orders && kept.minorUnits <= counted.minorUnits;

  const keptDays = await daysAt(client, cut);
  const kept = { orders: 0, minorUnits: 0 };
  for (const day of keptDays.values()) add(kept, day);
  const counted = { orders: 0, minorUnits: 0 };
  const days = new Map<string, Totals>();
  for (const moment of moments) {
    add(counted, moment.global);
    for (const [day, totals] of moment.days) add(getOrMake(days, day), totals);
  }
  const everyDay = [...new Set([...days.keys(), ...keptDays.keys()])];
  const wrongDays = everyDay.filter((day) => !agrees(keptDays.get(day) ?? NOTHING, days.get(day) ?? NOTHING));
  const users = await usersAgainst(parts, cut, agrees);
  const here = moments.reduce((sum, { users }) => sum + users, 0);
  const strangers = users.kept !== here && isWhole ? await strangersIn(parts) : [];
  return [
    check('orders in the history = global', counted.orders, kept.orders + gaps.orders),
    {
      ...check('revenue in the history = global', counted.minorUnits, kept.minorUnits + gaps.minorUnits),
      unit: 'minor_units',
    },
    check('days right in the history', everyDay.length, everyDay.length - wrongDays.length, wrongDays.sort()),
    check('users in the history', here, isWhole ? users.kept : here, strangers),
    check('users right in the history', users.kept, users.kept - users.wrong.length, users.wrong),
    ...(await ledgerAgainst(parts, moments, cut)),
  ];
}

const NOTHING: Totals = { orders: 0, minorUnits: 0 };

function check(name: string, expected: number, found: number, wrong: readonly string[] = []): Check {
  const shown = wrong.slice(0, SHOWN).join(', ');
  return {
    name,
    unit: 'count',
    expected,
    found,
    verdict: expected === found && wrong.length === 0 ? 'ok' : 'differs',
    ...(wrong.length === 0 ? {} : { note: wrong.length > SHOWN ? `${shown}, …` : shown }),
  };
}

const waiting = (moments: readonly Moment[]): Check => ({
  ...check('archives that are in the history', moments.length, 0),
  verdict: 'inconclusive',
  note: 'entries wait in Redis: is an archiver running?',
});

function add(sum: Totals, more: Totals): void {
  sum.orders += more.orders;
  sum.minorUnits += more.minorUnits;
}

function getOrMake(map: Map<string, Totals>, key: string): Totals {
  const found = map.get(key) ?? { orders: 0, minorUnits: 0 };
  map.set(key, found);
  return found;
}

async function momentOf(
  redis: Redis | Cluster,
  partition: Partition,
  retentionDays: number,
): Promise<Moment> {
  const keys = statsKeys(partition);
  const stand = ['archive', 'generation', 'since', 'size', 'previous_buckets', 'buckets', 'stale_buckets'];
  const now = Math.floor((await redisNow(redis)) / 1_000);
  const [ledger, totals, flat, users] = (
    (await redis
      .multi()
      .hmget(keys.ledger, ...stand)
      .hmget(keys.global, 'total_orders', 'total_revenue')
      .hgetall(keys.days)
      .zcard(keys.bySpend)
      .exec()) ?? []
  ).map(([error, value]) => {
    if (error) throw error;
    return value;
  }) as [(string | null)[], (string | null)[], Record<string, string>, number];
  const [seq = 0, orders = 0, minorUnits = 0] = (ledger[0] ?? '').split(' ').map(Number);
  const global = { orders: Number(totals[0] ?? 0), minorUnits: Number(totals[1] ?? 0) };
  const days = new Map<string, Totals>();
  for (const [field, value] of Object.entries(flat)) {
    const [day = '', kind] = field.split(':');
    getOrMake(days, day)[kind === 'orders' ? 'orders' : 'minorUnits'] = Number(value);
  }
  const [generation = 0, since = 0, size = 0, previousBuckets = 0, buckets = 0, stale = 0] = ledger
    .slice(1)
    .map((text) => Number(text ?? 0));
  const recorded = generation || 1;
  // As ledger.lua turns the page; until an order comes by, it has only become due.
  const isDue = now - since >= retentionDays * DAY_SECONDS && stale === 0 && size > 0;
  return {
    partition,
    seq,
    untold: { orders: global.orders - orders, minorUnits: global.minorUnits - minorUnits },
    global,
    users,
    days,
    ledger: isDue
      ? { recorded, generation: recorded + 1, since: now, size: 0, previousBuckets: buckets }
      : { recorded, generation: recorded, since, size, previousBuckets },
  };
}

/** False when it takes too long. */
export async function untilReached(client: ClientBase, cut: Cut): Promise<boolean> {
  for (const until = performance.now() + ARCHIVE_MS; ; ) {
    if (await isReached(client, cut)) return true;
    if (performance.now() > until) return false;
    await delay(LOOK_MS);
  }
}

type Agrees = (kept: Totals, counted: Totals) => boolean;

/** Every user of the history; who differs from Redis as it is now is looked at again at one moment. */
async function usersAgainst(
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
async function strangersIn({ client, redis, partitions }: HistoryParts): Promise<string[]> {
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

/**
 * Both ways: what counted within a window before the present generation began is there, as it counted last; and there are
 * as many entries as orders of the history that are found.
 */
async function ledgerAgainst(
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
  const checks = [check('orders of the history in the ledger', expected, expected - wrong.length, wrong)];

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
  const entriesCheck = check('entries of the ledger in the history', entries, found);
  return [
    ...checks,
    { ...entriesCheck, ...(moved && found !== entries ? { verdict: 'inconclusive' as const } : {}) },
  ];
}

/** Of both generations; undefined when the present one has ended meanwhile. */
async function entriesOf(redis: Redis | Cluster, { partition, ledger }: Moment): Promise<number | undefined> {
  const keys = statsKeys(partition);
  const { recorded, generation, size, previousBuckets } = ledger;
  const previous = await countEntries(redis, keys, generation - 1, previousBuckets, () => {});
  const now = await redis.hget(keys.ledger, 'generation');
  return Number(now ?? 1) === recorded ? size + previous : undefined;
}
