import type { Cluster, Redis } from 'ioredis';
import { ORDER_QUEUE } from '../../queue/orderJob.ts';
import { CONNECTION_NAME, masters } from '../../store/connections.ts';
import type { Partitions } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';
import { keysOf, replies } from '../verify/reading.ts';
import { queueKey } from './jobPlaces.ts';

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
async function otherConnections(redis: Redis | Cluster): Promise<string[]> {
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

/** What keys of a partition are called. BullMQ's trees and schedules of jobs are not used, and not copied. */
const KNOWN = new RegExp(
  `^(user:|global:stats$|users:by_spend$|users:by_count$|stats:(days|months|years|detail)$|spend:|counts:|ledger(:|$)|` +
    `edits$|repairs(:ended)?$|paused_since$|retrying:|` +
    `${ORDER_QUEUE}:(?!waiting-children$|repeat(:|$)))`,
);
const PERIOD = /^(spend|counts):/;
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
  const asked: string[] = [];
  const unknown: string[] = [];
  for (const key of keys) {
    const tag = key.slice(0, key.indexOf(':'));
    const name = key.slice(tag.length + 1);
    const partition = partitions.all.find((each) => each.tag === tag);
    if (!KNOWN.test(name) || partition === undefined) {
      unknown.push(key);
      continue;
    }
    const stats = statsKeys(partition);
    if (name.startsWith('user:')) pipe.zscore(stats.bySpend, name.slice('user:'.length));
    else if (PERIOD.test(name)) {
      const period = name.slice(name.indexOf(':') + 1);
      pipe.hget(period.length === 'YYYY-MM'.length ? stats.months : stats.days, `${period}:orders`);
    } else continue;
    asked.push(key);
  }
  const replied = asked.length === 0 ? [] : await replies<string | null>(pipe);
  return [...unknown, ...asked.filter((_, index) => replied[index] === null)];
}
