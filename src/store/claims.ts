import type { Cluster, Redis } from 'ioredis';
import { LAYOUT_KEY, PARTITIONS_KEY } from './keys.ts';

/**
 * Which keys there are and what is in them. Raise it with every change that an older process would get wrong, so
 * that in a rolling deploy old and new only ever work side by side when both write the same.
 */
export const LAYOUT = 2;

/** Records the layout at the first start ever, and refuses to touch what was written in another one. */
export async function claimLayout(redis: Redis | Cluster): Promise<void> {
  const recorded = await recordOnce(redis, LAYOUT_KEY, LAYOUT);
  if (recorded === String(LAYOUT)) return;
  const older = Number(recorded) < LAYOUT;
  throw new Error(
    `this Redis holds data in layout ${recorded}, and this version knows layout ${LAYOUT}: ${older ? OLDER : NEWER}`,
  );
}

const OLDER =
  'nothing carries that over, so point at an empty Redis (where a history is kept, its totals can be rebuilt there), ' +
  'or start the version that wrote it';
const NEWER = 'start the version that wrote it, or point at an empty Redis';

/** What the record reads while they are changed: no number, so that nothing starts. */
export const CHANGING = /^(\d+) to (\d+)$/;

/** What the record reads until the stats have been rebuilt. */
export const REBUILDING = 'being rebuilt';

/**
 * Records the number of partitions at the first start ever, and refuses another one later: orders would be
 * looked up in ledgers that never saw them, and counted again.
 */
export async function claimPartitions(redis: Redis | Cluster, count: number): Promise<void> {
  const recorded = await recordOnce(redis, PARTITIONS_KEY, count);
  if (recorded === String(count)) return;
  if (recorded === REBUILDING)
    throw new Error(
      'the stats of this Redis are being rebuilt: run order-pipeline rebuild --from-history until it ends, or empty it',
    );
  const changing = CHANGING.exec(recorded ?? '');
  if (changing) {
    throw new Error(
      `the partitions of this Redis are being changed from ${changing[1]} to ${changing[2]}: run ` +
        `order-pipeline repartition --to ${changing[2]} until it ends, or undo it with --cancel`,
    );
  }
  throw new Error(
    `PARTITIONS is ${count}, but this Redis was started with ${recorded}. Users are spread over that many, ` +
      `so set PARTITIONS=${recorded}, change it with order-pipeline repartition, or point at an empty Redis`,
  );
}

/** Records a value at the first start ever, and returns what is recorded: ours, or what an earlier start wrote. */
async function recordOnce(redis: Redis | Cluster, key: string, value: number): Promise<string | null> {
  const recorded = await redis.get(key);
  if (recorded !== null) return recorded;
  // Only then: a Redis that is full refuses every write, and workers must be able to start and make room.
  await redis.set(key, value, 'NX');
  return redis.get(key);
}
