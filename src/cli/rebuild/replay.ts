import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { allPositions } from '../../history/positions.ts';
import {
  BEFORE_ALL,
  type Counting,
  type CountingPlace,
  countingsOf,
  isAfter,
} from '../../history/read/countings.ts';
import { makeReplayOrders, type ReplayOrders } from '../../stats/record/replayOrders.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';

/** How far a partition is: a place for each tag that there ever was, by the number of its position. */
type Reached = Record<string, CountingPlace>;

/** Orders that travel together, and steps that wait for their reply. Lua takes a few hundred orders at once. */
const ORDERS_AT_ONCE = 100;
const STEPS_AT_ONCE = 8;

export interface ReplayParts {
  client: ClientBase;
  redis: Redis | Cluster;
  partitions: Partitions;
  /** Of the ledger. */
  retentionDays: number;
  onReplayed: (orders: number) => void;
  signal: AbortSignal | undefined;
}

/**
 * Counts all that counted, up to the entries that are archived by now, in the order of counting, each order in its user's
 * partition of today. What a partition has counted, it says itself, so this goes on where it was. Returns where it is then.
 */
export async function replayAll(
  parts: ReplayParts,
): Promise<{ reached: Reached; seqs: Map<string, number> }> {
  const { client, redis, partitions, signal } = parts;
  const targets = await Promise.all(partitions.all.map((each) => openTarget(redis, each, parts)));
  const positions = await allPositions(client);
  const sources = positions.map((position) => {
    const places = targets.map(({ reached }) => reached[position.id] ?? BEFORE_ALL);
    return openSource(position.id, countingsOf(client, position, earliest(places)));
  });
  for (;;) {
    let next: Source | undefined;
    for (const source of sources) {
      if (source.head === undefined) await source.fill();
      if (source.head && (next?.head === undefined || source.head.countedAt < next.head.countedAt))
        next = source;
    }
    if (next?.head === undefined) break;
    const counting = next.head;
    next.shift();
    const target = targets[partitions.of(counting.userId).index] as Target;
    const waiting = target.take(next.id, counting);
    if (waiting) await waiting;
    signal?.throwIfAborted();
  }
  await Promise.all(targets.map((target) => target.end()));
  const reached = Object.fromEntries(
    sources.flatMap(({ id, last }) => (last === undefined ? [] : [[id, last]])),
  );
  return { reached, seqs: new Map(positions.map(({ tag, seq }) => [tag, seq])) };
}

/** Componentwise, as the two lists that a tag has are read side by side. */
function earliest(places: readonly CountingPlace[]): CountingPlace {
  const id = Math.min(...places.map(([id]) => id));
  const [, again, place] = [...places].sort((a, b) => a[1] - b[1] || a[2] - b[2])[0] as CountingPlace;
  return [id, again, place];
}

interface Source {
  readonly id: number;
  /** The next counting; undefined before the first page, between two and after the last. */
  readonly head: Counting | undefined;
  readonly last: CountingPlace | undefined;
  /** Makes sure that there is a head, where anything is left. */
  fill(): Promise<void>;
  shift(): void;
}

/** Asks for the next page while one is gone through. */
function openSource(id: number, pages: AsyncGenerator<Counting[], void, undefined>): Source {
  let page: Counting[] = [];
  let at = 0;
  let last: CountingPlace | undefined;
  let ahead: Promise<IteratorResult<Counting[], void>> | undefined;
  let ended = false;
  return {
    id,
    get head() {
      return page[at];
    },
    get last() {
      return last;
    },
    async fill() {
      if (ended) return;
      const { value } = await (ahead ?? pages.next());
      ended = !value;
      page = value ?? [];
      at = 0;
      if (ended) return;
      last = page.at(-1)?.place;
      ahead = pages.next();
      // Who stops before asks for it no more.
      ahead.catch(() => {});
    },
    shift() {
      at += 1;
    },
  };
}

interface Target {
  readonly reached: Reached;
  /** A promise where it has to be waited for. */
  take(source: number, counting: Counting): Promise<void> | undefined;
  end(): Promise<void>;
}

async function openTarget(
  redis: Redis | Cluster,
  partition: Partition,
  { retentionDays, onReplayed }: Pick<ReplayParts, 'retentionDays' | 'onReplayed'>,
): Promise<Target> {
  let from = (await redis.hget(statsKeys(partition).ledger, 'rebuilt')) ?? '';
  const reached: Reached = from === '' ? {} : JSON.parse(from);
  const replay: ReplayOrders = makeReplayOrders(redis, partition, { retentionDays });
  const underWay: Promise<void>[] = [];
  let batch: Counting[] = [];
  /** When the ledger begins its next generation: orders from then on must not travel with earlier ones. */
  let due = 0;

  const send = () => {
    const orders = batch;
    batch = [];
    const to = JSON.stringify(reached);
    const sent = replay(orders, { from, to, at: (orders[0] as Counting).countedAt }).then((next) => {
      due = next;
      onReplayed(orders.length);
    });
    from = to;
    // Those behind it fail as well; whoever waits hears of the first.
    sent.catch(() => {});
    underWay.push(sent);
  };
  const settle = async (left: number) => {
    while (underWay.length > left) await underWay.shift();
  };
  const take = (source: number, counting: Counting) => {
    reached[source] = counting.place;
    batch.push(counting);
    if (batch.length < ORDERS_AT_ONCE) return undefined;
    send();
    return underWay.length > STEPS_AT_ONCE ? settle(STEPS_AT_ONCE) : undefined;
  };
  const turnPage = async (source: number, counting: Counting) => {
    send();
    await settle(0);
    take(source, counting);
  };
  return {
    reached,
    take(source, counting) {
      if (!isAfter(counting.place, reached[source] ?? BEFORE_ALL)) return undefined;
      return batch.length > 0 && counting.countedAt >= due
        ? turnPage(source, counting)
        : take(source, counting);
    },
    async end() {
      if (batch.length > 0) send();
      await settle(0);
    },
  };
}
