import type { Cluster, Redis } from 'ioredis';
import type { IdCase } from '../../orders/ids.ts';
import type { Durability } from '../../store/durability.ts';
import { PARTITIONS_KEY, REPARTITION_KEY } from '../../store/keys.ts';
import { makePartitions } from '../../store/partitions.ts';
import type { Progress } from '../kit/progress.ts';
import { occupiedTags, readLayout } from '../verify/layout.ts';
import { refuseWhileRepairing } from './copyRuns.ts';
import { beginJournal, type Entry, type Journal, readJournal, takeOverJournal } from './journal.ts';
import type { RepartitionOptions } from './options.ts';
import { carryOut, undo } from './phases.ts';
import { Refusal, refuseBacklog, refuseUnknownKeys, refuseWhileInUse } from './preflight.ts';
import { makeSplit } from './split.ts';

export interface RepartitionParts {
  redis: Redis | Cluster;
  /** How the bridge spells user ids: it decides where jobs go. */
  idCase: IdCase;
  /** What must be certain before anything is deleted. */
  durability: Durability;
  progress: Progress;
  /** Stops between two steps; the next run goes on. */
  signal?: AbortSignal | undefined;
  /** Hears what is done, one line each. */
  say: (line: string) => void;
}

/**
 * Begins, goes on with or undoes a repartition, to its end. Returns the number of partitions there are then.
 *
 * @throws Refusal, CopyDiffers, TakenOver, or whatever stopped it; nothing is lost, and the same call goes on.
 */
export async function repartition(options: RepartitionOptions, parts: RepartitionParts): Promise<number> {
  const { redis, say } = parts;
  const unfinished = await unfinishedEntry(redis);
  if (unfinished === undefined) {
    if (options.kind === 'cancel') throw new Refusal('there is no unfinished repartition');
    const journal = await begin(options, parts);
    await carryOut(journal, withSplit(parts, journal.entry));
    return options.to;
  }

  const { from, to, phase } = unfinished;
  if (options.kind === 'cancel') {
    if (phase === 'delete') {
      throw new Refusal(`the original is being deleted, there is no way back: ${howToEnd(to)}`);
    }
    say(`undoing the repartition from ${from} to ${to}`);
    await undo(await takeOverJournal(redis, unfinished), withSplit(parts, unfinished));
    return from;
  }
  if (phase === 'cancel') {
    throw new Refusal(
      `a repartition from ${from} to ${to} is being undone: run order-pipeline repartition --cancel`,
    );
  }
  if (options.to !== to) {
    const undoing = phase === 'delete' ? '' : ', or undo it with --cancel';
    throw new Refusal(`a repartition from ${from} to ${to} has not ended: ${howToEnd(to)}${undoing}`);
  }
  if (!options.force) await refuseWhileInUse(redis, makePartitions(from));
  say(`going on from ${from} to ${to} partitions, at: ${phase}`);
  await carryOut(await takeOverJournal(redis, unfinished), withSplit(parts, unfinished));
  return to;
}

const howToEnd = (to: number): string => `run order-pipeline repartition --to ${to} until it ends`;

const withSplit = (parts: RepartitionParts, { from, to }: Entry) => ({
  ...parts,
  split: makeSplit(from, to),
  signal: parts.signal,
});

async function begin(
  { to, force }: { to: number; force: boolean },
  { redis, progress, say }: RepartitionParts,
): Promise<Journal> {
  const layout = await readLayout(redis);
  if (layout.kind === 'empty')
    throw new Refusal('this Redis holds nothing of this product: just set PARTITIONS');
  if (layout.kind !== 'settled') {
    // Beginning anew could clear the only copy there is.
    throw new Refusal(
      `${PARTITIONS_KEY} is no number, and ${REPARTITION_KEY}, which would say why, is missing`,
    );
  }
  if (layout.count === to) throw new Refusal(`there are ${to} partitions already`);
  const partitions = makePartitions(layout.count);
  if (!force) await refuseWhileInUse(redis, partitions);
  await refuseWhileRepairing(redis);
  await refuseBacklog(redis, partitions);
  await refuseUnknownKeys(redis, partitions, progress);
  const occupied = await occupiedTags(redis, makePartitions(to).all);
  if (occupied.length > 0) {
    throw new Refusal(
      `there are orders or jobs in ${occupied.slice(0, 5).join(', ')} already: see order-pipeline verify`,
    );
  }

  say(`from ${layout.count} to ${to} partitions`);
  const journal = await beginJournal(redis, layout.count, to);
  await journal.block();
  // Whoever was starting at that moment has either been refused by the block or shows here.
  if (!force) {
    await refuseWhileInUse(redis, partitions).catch(async (refusal: unknown) => {
      await journal.close(layout.count);
      throw refusal;
    });
  }
  return journal;
}

/** One that was killed between letting the product start and ending its journal has nothing left to do. */
async function unfinishedEntry(redis: Redis | Cluster): Promise<Entry | undefined> {
  const entry = await readJournal(redis);
  if (entry === undefined) return undefined;
  const layout = await readLayout(redis);
  const end = entry.phase === 'delete' ? entry.to : entry.phase === 'cancel' ? entry.from : undefined;
  if (layout.kind !== 'settled' || layout.count !== end) return entry;
  await redis.del(REPARTITION_KEY);
  return undefined;
}
