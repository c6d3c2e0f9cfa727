import type { Cluster, Redis } from 'ioredis';
import type { IdCase } from '../../orders/ids.ts';
import { masters } from '../../store/connections.ts';
import type { Durability } from '../../store/durability.ts';
import { queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import type { Progress } from '../kit/progress.ts';
import { keysOf, replies } from '../kit/redisPages.ts';
import { compareCopy, type Mismatch } from './compare.ts';
import { copyParts, listParts, sizeOf } from './copyAll.ts';
import { countEntriesByTarget } from './copyLedger.ts';
import type { Journal } from './journal.ts';
import type { Split } from './split.ts';

interface PhaseParts {
  redis: Redis | Cluster;
  split: Split;
  idCase: IdCase;
  durability: Durability;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** The copy is not the original. Nothing of the original was touched. */
export class CopyDiffers extends Error {
  readonly mismatches: readonly Mismatch[];

  constructor(mismatches: readonly Mismatch[]) {
    super('the copy differs from the original');
    this.mismatches = mismatches;
  }
}

/**
 * The story of a repartition, from wherever the journal stands: clear, count, copy, check, delete. Killed at any
 * moment, the phase it was in is repeated, and repeating any of them does no harm.
 */
export async function carryOut(journal: Journal, parts: PhaseParts): Promise<void> {
  const { redis, split, progress, signal } = parts;
  const step = async () => {
    signal?.throwIfAborted();
    await journal.hold();
  };
  const at = (phase: string) => journal.entry.phase === phase;

  if (at('clear')) {
    await journal.block();
    await removeKeys(redis, split.to.all, progress, step);
    await journal.record({ phase: 'count' });
  }
  if (at('count')) {
    progress.begin('ledger buckets counted', 0);
    const ledgers = await countEntriesByTarget(redis, split, (buckets) => {
      signal?.throwIfAborted();
      progress.add(buckets);
    });
    await journal.record({ phase: 'copy', ledgers, done: 0, total: 0 });
  }
  if (at('copy')) {
    await copy(journal, parts);
    await journal.record({ phase: 'check' });
  }
  if (at('check')) {
    await check(journal, parts);
    await makeDurable(parts);
    await journal.record({ phase: 'delete' });
    // Else a failover could take the record back after keys were deleted, and the next run would copy what is left.
    await parts.durability.confirm(redis);
  }
  if (at('delete')) {
    await removeKeys(redis, split.from.all, progress, step);
    await journal.close(journal.entry.to);
  }
}

async function copy(journal: Journal, { redis, split, idCase, progress, signal }: PhaseParts): Promise<void> {
  const parts = await listParts(redis, split, journal.entry.ledgers, idCase);
  const total = sizeOf(parts);
  // Another total than before means that somebody wrote: then what is done says nothing any more.
  const done = journal.entry.total === total ? journal.entry.done : 0;
  await journal.record({ done, total });
  progress.begin('items copied', total);
  progress.add(done);
  let before = done;
  await copyParts(parts, done, async (now) => {
    progress.add(now - before);
    before = now;
    await journal.record({ done: now });
    signal?.throwIfAborted();
  });
}

/** Throws CopyDiffers. An incomplete copy is made again by the next run; a copy that has more never is. */
async function check(journal: Journal, { redis, split, progress, signal }: PhaseParts): Promise<void> {
  const mismatches = await compareCopy(redis, split, progress, signal);
  if (mismatches.length === 0) return;
  if (mismatches.every(({ before, after }) => after <= before)) await journal.record({ phase: 'clear' });
  throw new CopyDiffers(mismatches);
}

/**
 * Confirmed is what this connection wrote last, with everything that reached the server before: also by a run that
 * was killed. So every server is written to once.
 */
async function makeDurable({ redis, split, durability }: PhaseParts): Promise<void> {
  for (const target of split.to.all) {
    await redis.set(queueKey(target, 'repartitioned'), 1);
    await redis.del(queueKey(target, 'repartitioned'));
  }
  await durability.confirm(redis);
}

/** Clears the new places and lets the product start as before. Throws CopyDiffers when they hold what is not there. */
export async function undo(journal: Journal, { redis, split, progress, signal }: PhaseParts): Promise<void> {
  if (journal.entry.phase === 'check') {
    const mismatches = await compareCopy(redis, split, progress, signal);
    if (mismatches.some(({ before, after }) => after > before)) throw new CopyDiffers(mismatches);
  }
  await journal.record({ phase: 'cancel' });
  await removeKeys(redis, split.to.all, progress, async () => {
    signal?.throwIfAborted();
    await journal.hold();
  });
  await journal.close(journal.entry.from);
}

/** Removes everything of some partitions, in small steps. `before` is awaited ahead of each, and may refuse it. */
async function removeKeys(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  progress: Progress,
  before: () => Promise<void>,
): Promise<void> {
  const sizes = await Promise.all(masters(redis).map((server) => server.dbsize()));
  progress.begin(
    'keys looked at, to remove some',
    sizes.reduce((sum, size) => sum + size, 0),
  );
  for await (const { server, keys } of keysOf(redis, partitions, (looked) => progress.add(looked))) {
    await before();
    const pipe = server.pipeline();
    // Frees large values in the background.
    for (const key of keys) pipe.unlink(key);
    await replies(pipe);
  }
}
