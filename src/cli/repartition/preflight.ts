import type { Cluster, Redis } from 'ioredis';
import { readBacklog } from '../../store/archiveStand.ts';
import { CONNECTION_NAME, masters } from '../../store/connections.ts';
import { knownKeys, queueKey } from '../../store/keys.ts';
import type { Partitions } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';
import { keysOf, replies } from '../kit/redisPages.ts';

/** The command will not do this now; the message says why and what helps. */
export class Refusal extends Error {}

/**
 * Refuses while the product could write: what it wrote to an old partition after that was copied would be lost.
 *
 * @throws Refusal
 */
export async function refuseWhileInUse(redis: Redis | Cluster, partitions: Partitions): Promise<void> {
  const others = await otherConnections(redis);
  if (others.length > 0) {
    const from = [...new Set(others)].slice(0, 5).join(', ');
    throw new Refusal(
      `${others.length} ${others.length === 1 ? 'connection' : 'connections'} of the product are open, from ${from}: ` +
        'stop every bridge, worker and API, and other commands, or use --force if they cannot write',
    );
  }
  const active = await Promise.all(partitions.all.map((each) => redis.llen(queueKey(each, 'active'))));
  const count = active.reduce((sum, length) => sum + length, 0);
  if (count > 0) {
    throw new Refusal(
      `${count} jobs are active, in hand of a worker that died: start a worker until they have ended, ` +
        'or use --force and they wait again, which counts none twice',
    );
  }
}

/** Addresses of the product's connections but for this one, by the name that each of them has. */
export async function otherConnections(redis: Redis | Cluster): Promise<string[]> {
  const found = await Promise.all(
    masters(redis).map(async (server) => {
      const own = String(await server.client('ID'));
      const clients = String(await server.client('LIST')).split('\n');
      return clients
        .map((line) => new Map(line.split(' ').map((field) => field.split('=', 2) as [string, string])))
        .filter((client) => client.get('name') === CONNECTION_NAME && client.get('id') !== own)
        .map((client) => client.get('addr') ?? 'somewhere');
    }),
  );
  return found.flat();
}

/**
 * Refuses while anything waits to become history, or somebody to be erased there: it would be deleted with the old partitions.
 *
 * @throws Refusal
 */
export async function refuseBacklog(redis: Redis | Cluster, partitions: Partitions): Promise<void> {
  const ledgers = partitions.all.map((each) => statsKeys(each).ledger);
  const erasing = await Promise.all(ledgers.map((ledger) => redis.hexists(ledger, 'erasing')));
  if (erasing.some((begun) => begun === 1))
    throw new Refusal('order-pipeline erase was stopped half-way: run it again, then this');
  const { entries, bytes } = await readBacklog(redis, partitions);
  if (entries === 0) return;
  throw new Refusal(
    `${entries} entries, ${bytes} bytes, wait to become history: run order-pipeline archiver until none is left, then this again`,
  );
}

const SHOWN = 5;

/**
 * Refuses when there is something that would not be copied, and so would be deleted with the rest: keys of a kind
 * that is not known here, and users and spenders that no list leads to.
 *
 * @throws Refusal
 */
export async function refuseUnknownKeys(
  redis: Redis | Cluster,
  partitions: Partitions,
  progress: Progress,
): Promise<void> {
  const sizes = await Promise.all(masters(redis).map((server) => server.dbsize()));
  progress.begin(
    'keys looked at',
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const left = new Set<string>();
  for await (const { server, keys } of keysOf(redis, partitions.all, (looked) => progress.add(looked))) {
    for (const key of await unreachable(server, keys, partitions)) left.add(key);
    if (left.size >= SHOWN) break;
  }
  if (left.size === 0) return;
  throw new Refusal(
    `nothing would copy ${[...left].slice(0, SHOWN).join(', ')}${left.size > SHOWN ? ', …' : ''}: ` +
      'see order-pipeline verify, and mend or remove that first',
  );
}

async function unreachable(
  server: Redis,
  keys: readonly string[],
  partitions: Partitions,
): Promise<string[]> {
  const pipe = server.pipeline();
  const known = new Map(partitions.all.map((each) => [each, knownKeys(each)]));
  const asked: string[] = [];
  const unknown: string[] = [];
  for (const key of keys) {
    const partition = partitions.all.find(({ tag }) => key.startsWith(`${tag}:`));
    if (partition === undefined || !known.get(partition)?.(key)) {
      unknown.push(key);
      continue;
    }
    const stats = statsKeys(partition);
    const period = [stats.spend(''), stats.counts('')].find((beginning) => key.startsWith(beginning));
    if (key.startsWith(stats.user(''))) pipe.zscore(stats.bySpend, key.slice(stats.user('').length));
    else if (period !== undefined) pipe.hget(...ordersOf(stats, key.slice(period.length)));
    else continue;
    asked.push(key);
  }
  const replied = asked.length === 0 ? [] : await replies<string | null>(pipe);
  return [...unknown, ...asked.filter((_, index) => replied[index] === null)];
}

/** Where the orders of a day or a month are counted: the key, and the field. */
const ordersOf = ({ days, months }: StatsKeys, period: string): [string, string] => [
  period.length === 'YYYY-MM'.length ? months : days,
  `${period}:orders`,
];
