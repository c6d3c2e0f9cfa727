import type { Cluster, Redis } from 'ioredis';
import { PARTITIONS_KEY } from './keys.ts';
import { recordOnce } from './recordOnce.ts';

/** What the record reads while they are changed: no number, so that nothing starts. */
export const CHANGING = /^(\d+) to (\d+)$/;

/**
 * Records the number of partitions at the first start ever, and refuses another one later: orders would be
 * looked up in ledgers that never saw them, and counted again.
 */
export async function claimPartitions(redis: Redis | Cluster, count: number): Promise<void> {
  const recorded = await recordOnce(redis, PARTITIONS_KEY, count);
  if (recorded === String(count)) return;
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
