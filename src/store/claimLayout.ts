import type { Cluster, Redis } from 'ioredis';
import { LAYOUT_KEY } from './keys.ts';
import { recordOnce } from './recordOnce.ts';

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
