import type { StatsKeys } from '../../store/statsKeys.ts';
import type { Detail } from './detail.ts';
import { RangeTooLarge } from './errors.ts';
import { pairs, result } from './roundTrips.ts';
import { makeTaskQueue } from './taskQueue.ts';

/**
 * Entries (a user in a period) that one read adds up: about 16 MB here while it runs, and about a second of a busy
 * machine, so that the one that waited longest is still answered before people give up.
 */
export const MAX_ENTRIES = 100_000;
/** Entries that one scan step asks for: a millisecond of Redis, during which others wait. */
const PAGE = 500;
const MERGES_AT_ONCE = 2;
/** Together with those at work no more than are done within the deadline of the last one. */
const MERGES_WAITING = 4;

/** A figure that is kept per user and period. */
export type Measure = 'spend' | 'counts';

const SIZE = { spend: 'zcard', counts: 'hlen' } as const;
const SCAN = { spend: 'zscan', counts: 'hscan' } as const;

/** What is made of every user of a range. Both of it share the turns and the bound; `signal` belongs to who may give up. */
export interface RangeMerge<Rest extends unknown[] = []> {
  /** Adds up one figure of every user over the periods of a range: a map from user to sum for each partition. */
  sums(details: readonly Detail[], measure: Measure, ...rest: Rest): Promise<Map<string, number>[]>;
  /** How many users there are in each group of periods, one who comes in several of a group once. */
  users(
    details: readonly Detail[],
    groupOf: (period: string) => string,
    ...rest: Rest
  ): Promise<Map<string, number>>;
}

/**
 * One round trip for the sizes (ZCARD, HLEN), at most MAX_ENTRIES in all or RangeTooLarge; then a round trip per
 * page of about 500 entries (ZSCAN, HSCAN), so that neither Redis nor this process is held up for long. Of all
 * merges of a process two run, four wait, and the next is refused (TooManyWaiting). `signal` takes a merge out of the
 * queue; one at work ends with the next page its details refuse.
 *
 * SCAN rather than ranges by rank: a user who rises between two pages would be in neither, while a scan gives every
 * member that is there all along. So every order counted before the read began is in the sums; those counted
 * meanwhile may be or not.
 */
export function makeRangeMerge(): RangeMerge<[signal: AbortSignal]> {
  const inTurn = makeTaskQueue(MERGES_AT_ONCE, MERGES_WAITING);
  return {
    async sums(details, measure, signal) {
      // Whoever has nothing to merge must not wait for those who have.
      if (details.length === 0) return [];
      return inTurn(async () => {
        const sizes = await Promise.all(details.map((detail) => sizesOf(detail, measure)));
        refuseTooMany(sizes.flat());
        return Promise.all(details.map((detail, index) => addUp(detail, measure, sizes[index] ?? [])));
      }, signal);
    },

    async users(details, groupOf, signal) {
      const users = new Map<string, number>();
      if (details.length === 0) return users;
      return inTurn(async () => {
        const groups = await Promise.all(
          details.map(async (detail) => groupsOf(detail, await sizesOf(detail, 'counts'), groupOf)),
        );
        refuseTooMany(groups.flat().flatMap(({ sizes }) => (sizes.length > 1 ? sizes : [])));
        const count = async (some: Group[]) => {
          // One after another: only the users of one group are held at a time, and Redis has one page in hand.
          for (const group of some) {
            const more = await usersOf(group);
            users.set(group.name, (users.get(group.name) ?? 0) + more);
          }
        };
        await Promise.all(groups.map(count));
        return users;
      }, signal);
    },
  };
}

function refuseTooMany(sizes: readonly number[]): void {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= MAX_ENTRIES) return;
  throw new RangeTooLarge('users, each counted once per month and single day', total, MAX_ENTRIES);
}

/** Some periods of a partition, and how many users each of them has. */
interface Group {
  name: string;
  detail: Detail;
  sizes: number[];
}

function groupsOf(detail: Detail, sizes: readonly number[], groupOf: (period: string) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, period] of detail.periods.entries()) {
    const name = groupOf(period);
    const group = groups.get(name) ?? { name, detail: { ...detail, periods: [] }, sizes: [] };
    group.detail.periods.push(period);
    group.sizes.push(sizes[index] ?? 0);
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** Of a single period Redis knows it already. */
const usersOf = async ({ detail, sizes }: Group): Promise<number> =>
  sizes.length === 1 ? (sizes[0] as number) : (await addUp(detail, 'counts', sizes)).size;

async function sizesOf(detail: Detail, measure: Measure): Promise<number[]> {
  const replies = await detail.ask((pipe, keys) => {
    for (const period of detail.periods) pipe[SIZE[measure]](keyOf(keys, measure, period));
  });
  return detail.periods.map((_, index) => result<number>(replies, index));
}

interface Scan {
  period: string;
  size: number;
  cursor: string;
  /** What was added for each user of this period: a scan may show one twice. */
  added: Map<string, number>;
}

async function addUp(
  detail: Detail,
  measure: Measure,
  sizes: readonly number[],
): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  let scans = detail.periods.map(
    (period, index): Scan => ({ period, size: sizes[index] ?? 0, cursor: '0', added: new Map() }),
  );
  while (scans.length > 0) {
    const now = onePage(scans);
    const replies = await detail.ask((pipe, keys) => {
      for (const { period, cursor } of now) {
        pipe[SCAN[measure]](keyOf(keys, measure, period), cursor, 'COUNT', PAGE);
      }
    });
    now.forEach((scan, index) => {
      const [cursor, entries] = result<[string, string[]]>(replies, index);
      scan.cursor = cursor;
      for (const [userId, amount] of pairs(entries)) {
        sums.set(userId, (sums.get(userId) ?? 0) + amount - (scan.added.get(userId) ?? 0));
        scan.added.set(userId, amount);
      }
    });
    scans = [...now.filter(({ cursor }) => cursor !== '0'), ...scans.slice(now.length)];
  }
  return sums;
}

/** As many scans, from the first on, as together give about a page; one at least. */
function onePage(scans: readonly Scan[]): Scan[] {
  let entries = 0;
  const beyond = scans.findIndex(({ size }, index) => {
    entries += Math.min(size, PAGE);
    return index > 0 && entries > PAGE;
  });
  return beyond === -1 ? [...scans] : scans.slice(0, beyond);
}

const keyOf = (keys: StatsKeys, measure: Measure, period: string): string => keys[measure](period);
