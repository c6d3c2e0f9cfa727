import type { Cluster, Redis } from 'ioredis';
import { masters } from '../../store/connections.ts';
import type { Partitions } from '../../store/partitions.ts';
import type { Progress } from '../kit/progress.ts';
import { checksOfArchive } from './archive.ts';
import { checksByHand } from './byHand.ts';
import type { Check } from './check.ts';
import { checksOf } from './checks.ts';
import type { UserRecord } from './differences.ts';
import { checksOfFailed } from './failed.ts';
import { addFigures, type Figures, noFigures } from './figures.ts';
import { tagsElsewhere } from './layout.ts';
import { countItems, readFigures } from './readFigures.ts';
import { strayUsers } from './strays.ts';

export interface Verified {
  result: 'right' | 'differs' | 'inconclusive';
  partitions: number;
  orders: number;
  users: number;
  checks: Check[];
  differingUsers: number;
  /** The first of them. */
  first: UserRecord[];
  /** Partitions in which orders were counted during every pass, so that their sums say nothing. */
  busy: number[];
}

/** Figures of all partitions, read one after the other: a page of one at a time is in memory. */
export async function readAllFigures(
  redis: Redis | Cluster,
  partitions: Partitions,
  progress: Progress,
  { signal, userMonths = true }: { signal: AbortSignal | undefined; userMonths?: boolean },
): Promise<{ figures: Figures; busy: number[] }> {
  let items = 0;
  for (const partition of partitions.all) items += await countItems(redis, partition);
  progress.begin('records read', items);
  let figures = noFigures();
  const busy: number[] = [];
  for (const partition of partitions.all) {
    const its = await readFigures(redis, partition, progress, signal, { userMonths });
    if (its.moved) busy.push(partition.index);
    figures = addFigures(figures, its);
  }
  return { figures, busy };
}

/** Recomputes what can be recomputed and holds it against what is stored; `more` adds to that. Reads only. */
export async function verifyAll(
  redis: Redis | Cluster,
  partitions: Partitions,
  progress: Progress,
  signal?: AbortSignal,
  more: () => Promise<Check[]> = async () => [],
): Promise<Verified> {
  const { figures, busy } = await readAllFigures(redis, partitions, progress, { signal });

  const sizes = await Promise.all(masters(redis).map((server) => server.dbsize()));
  progress.begin(
    'keys looked at',
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const strays = await strayUsers(redis, partitions, (keys) => {
    signal?.throwIfAborted();
    progress.add(keys);
  });
  figures.differing.addAll(strays);
  progress.stop();

  const checks = [
    ...checksOf(figures, await tagsElsewhere(redis, partitions.all.length)),
    ...(await checksOfFailed(redis, partitions)),
    ...(await checksByHand(redis, partitions)),
    ...(await checksOfArchive(redis, partitions)),
    ...(await more()),
  ];
  const has = (verdict: Check['verdict']) => checks.some((check) => check.verdict === verdict);
  return {
    result: has('differs') ? 'differs' : has('inconclusive') ? 'inconclusive' : 'right',
    partitions: partitions.all.length,
    orders: figures.global.orders,
    users: figures.users.users,
    checks,
    differingUsers: figures.differing.users,
    first: figures.differing.first,
    busy,
  };
}
