import type { Cluster, Redis } from 'ioredis';
import { FAULT, type Failure, failedOnIn, postingsOf, readEntry } from '../../queue/failures/failure.ts';
import { hoursByCause, TREND_HOURS } from '../../queue/failures/readCauses.ts';
import { HOUR_MS } from '../../runtime/units.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { fieldsOf, pagesOf, pairs, replies } from '../kit/redisPages.ts';
import { type Check, equalCounts, noneWrong } from './check.ts';

/** Passes over a partition before it counts as too busy. */
const MAX_PASSES = 3;
const PAGE = 500;

interface Found {
  failed: number;
  entries: number;
  /** Entries of jobs in the failed set, of their last failure. */
  right: number;
  listed: number;
  /** Where orders are to be found by their ids, and how many stand there. */
  ids: number;
  posted: number;
  sums: number;
  wrongSums: string[];
  causes: number;
  wrongCauses: string[];
  hours: number;
  wrongHours: string[];
  aside: number;
  lostAside: number;
}

type Sums = Map<string, number>;

const NAMES = [
  'failed',
  'entries',
  'right',
  'listed',
  'ids',
  'posted',
  'sums',
  'causes',
  'hours',
  'aside',
  'lostAside',
] as const;

/** The index of failed orders against the failed set, and its sums against its entries. */
export async function checksOfFailed(redis: Redis | Cluster, partitions: Partitions): Promise<Check[]> {
  const all = nothing();
  let busy = false;
  for (const partition of partitions.all) {
    const { found, moved } = await readQuietly(redis, partition);
    for (const name of NAMES) all[name] += found[name];
    all.wrongSums.push(...found.wrongSums);
    all.wrongCauses.push(...found.wrongCauses);
    all.wrongHours.push(...found.wrongHours);
    busy ||= moved;
  }
  return [
    equalCounts('failed orders in their index', all.failed, all.right, { moved: busy }),
    equalCounts('entries there of orders that have failed', all.entries, all.right, { moved: busy }),
    equalCounts('entries listed by when they first failed', all.entries, all.listed, { moved: busy }),
    equalCounts('orders that are found by their ids', all.ids, all.posted, { moved: busy }),
    noneWrong('sums over the entries, by reason', all.sums, all.wrongSums, busy),
    noneWrong('sums over the entries, by cause', all.causes, all.wrongCauses, busy),
    noneWrong('orders by cause and hour, of the last 47', all.hours, all.wrongHours, busy),
    equalCounts('orders set aside that are there', all.aside, all.aside - all.lostAside, { moved: busy }),
  ];
}

const nothing = (): Found => ({
  failed: 0,
  entries: 0,
  right: 0,
  listed: 0,
  ids: 0,
  posted: 0,
  sums: 0,
  wrongSums: [],
  causes: 0,
  wrongCauses: [],
  hours: 0,
  wrongHours: [],
  aside: 0,
  lostAside: 0,
});

/** Again while it differs and something moves: an order that fails is noted a moment later. */
async function readQuietly(
  redis: Redis | Cluster,
  partition: Partition,
): Promise<{ found: Found; moved: boolean }> {
  for (let pass = 1; ; pass += 1) {
    const before = await momentOf(redis, partition);
    const found = await readOnce(redis, partition);
    const moved = (await momentOf(redis, partition)) !== before;
    if (!moved || pass === MAX_PASSES) return { found, moved };
  }
}

async function momentOf(redis: Redis | Cluster, partition: Partition): Promise<string> {
  const failed = queueKey(partition, 'failed');
  const { sums } = failureKeys(partition);
  return JSON.stringify([
    await redis.zcard(failed),
    await redis.zrange(failed, -1, '-1', 'WITHSCORES'),
    [...(await fieldsOf(redis, sums))].sort(),
  ]);
}

async function readOnce(redis: Redis | Cluster, partition: Partition): Promise<Found> {
  const keys = failureKeys(partition);
  const found = nothing();
  for await (const page of pagesOf(redis, queueKey(partition, 'failed'), PAGE)) {
    const ids = page.map(({ member }) => member);
    const [entries, firsts] = [
      await redis.hmget(keys.entries, ...ids),
      await redis.zmscore(keys.since, ...ids),
    ];
    found.failed += page.length;
    found.right += page.filter(({ score }, index) => {
      const first = firsts[index] ?? undefined;
      return first !== undefined && failedOnIn(Number(first), entries[index] ?? '') === Number(score);
    }).length;
  }
  const seen = new Set<string>();
  const stored = await fieldsOf(redis, keys.causes);
  const texts = new Map(
    [...stored].flatMap(([name, text]): [string, string][] =>
      name.endsWith(':cause') ? [[name.slice(0, -':cause'.length), text]] : [],
    ),
  );
  const [sums, causes, hours] = [1, 2, 3].map(() => new Map<string, number>()) as [Sums, Sums, Sums];
  const users = new Set<string>();
  const buckets = await bucketsOf(redis, keys.ids);
  // The hour before them may go out of the index meanwhile.
  const from = Math.floor(Number((await redis.time())[0]) / 3_600) - TREND_HOURS + 2;
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(keys.entries, cursor, 'COUNT', PAGE);
    const page = pairs(flat).filter(([job]) => !seen.has(job));
    const firsts = page.length === 0 ? [] : await redis.zmscore(keys.since, ...page.map(([job]) => job));
    for (const [index, [job, text]] of page.entries()) {
      seen.add(job);
      const first = Number(firsts[index] ?? 0);
      const failure = readEntry(job, partition.index, first, text, texts);
      if (failure === undefined) continue;
      for (const [bucket, posting] of postingsOf(failure)) {
        const held = buckets.get(bucket) ?? '';
        const posted: readonly string[] = held.match(POSTINGS) ?? [];
        found.ids += 1;
        if (held === TOO_MANY || posted.includes(posting)) found.posted += 1;
      }
      addTo(sums, failure);
      addToCauses(causes, users, failure);
      const hour = Math.floor(first / HOUR_MS);
      if (hour >= from) for (const id of failure.causes) add(hours, `${id} in hour ${hour}`, 1);
    }
    cursor = next;
  } while (cursor !== '0');
  found.entries = seen.size;
  found.listed = await redis.zcard(keys.since);
  [found.sums, found.wrongSums] = held(sums, await fieldsOf(redis, keys.sums));
  for await (const page of pagesOf(redis, queueKey(partition, 'aside'), PAGE)) {
    const pipe = redis.pipeline();
    for (const { member } of page) pipe.exists(queueKey(partition, member));
    found.aside += page.length;
    found.lostAside += (await replies<number>(pipe)).filter((exists) => exists === 0).length;
  }
  const ofCauses = [...(await fieldsOf(redis, keys.causes))].filter(([name]) => SUMMED.test(name));
  const ofHours = [...hoursByCause(Object.fromEntries(await fieldsOf(redis, keys.hours)))].flatMap(
    ([id, each]) =>
      [...each]
        .filter(([hour]) => hour >= from)
        .map(([hour, orders]): [string, string] => [`${id} in hour ${hour}`, String(orders)]),
  );
  [found.hours, found.wrongHours] = held(hours, new Map(ofHours));
  [found.causes, found.wrongCauses] = held(causes, new Map(ofCauses));
  return found;
}

/** As index.lua keeps them. */
const TOO_MANY = '-';
const POSTINGS = /.{16}/g;

/** What is posted where, as hex; in steps. */
async function bucketsOf(redis: Redis | Cluster, key: string): Promise<Map<string, string>> {
  const buckets = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscanBuffer(key, cursor, 'COUNT', PAGE);
    for (const [bucket, held] of pairs<Buffer>(flat))
      buckets.set(String(bucket), String(held) === TOO_MANY ? TOO_MANY : held.toString('hex'));
    cursor = String(next);
  } while (cursor !== '0');
  return buckets;
}

/** A cause has its words and its times besides. */
const SUMMED = /:(?:orders|minor_units|unknown|users)$/;

/** How many sums there are or should be, and which of them are wrong. */
function held(sums: Map<string, number>, stored: Map<string, string>): [number, string[]] {
  const names = [...new Set([...sums.keys(), ...stored.keys()])];
  return [names.length, names.filter((name) => (sums.get(name) ?? 0) !== Number(stored.get(name) ?? 0))];
}

function addTo(sums: Sums, { minorUnits, issues }: Failure): void {
  const reasons = issues.length === 0 ? [FAULT] : issues.map(({ code }) => code);
  for (const name of ['', ...new Set(reasons)].map((reason) => reason && `${reason}:`)) {
    add(sums, `${name}orders`, 1);
    add(sums, minorUnits === undefined ? `${name}unknown` : `${name}minor_units`, minorUnits ?? 1);
  }
}

function addToCauses(causes: Sums, users: Set<string>, failure: Failure): void {
  const { minorUnits, user } = failure;
  for (const id of failure.causes) {
    add(causes, `${id}:orders`, 1);
    add(causes, minorUnits === undefined ? `${id}:unknown` : `${id}:minor_units`, minorUnits ?? 1);
    if (user !== '' && !users.has(id + user)) add(causes, `${id}:users`, 1);
    users.add(id + user);
  }
}

const add = (sums: Sums, name: string, more: number) => sums.set(name, (sums.get(name) ?? 0) + more);
