import slotOf from 'cluster-key-slot';
import { USER_HASH_RANGE, userHash } from '../orders/identity.ts';

const CLUSTER_SLOTS = 16_384;

/** A fixed share of the users; its queue, ledger and stats live in one Redis hash slot. */
export interface Partition {
  readonly index: number;
  /** The hash tag in its braces. BullMQ's prefix, and the start of every stats key. */
  readonly tag: string;
}

export interface Partitions {
  readonly all: readonly Partition[];
  /** The partition of a normalised user id, or of a message id when the message names no user. */
  of(id: string): Partition;
}

/**
 * `count` partitions, each a range of the users' hash. Their tags lie evenly over the cluster's slots, so any
 * number of masters with contiguous slots carries within one partition of its fair share.
 */
export function makePartitions(count: number): Partitions {
  const all = Array.from({ length: count }, (_, index) => ({ index, tag: tagNear(index, count) }));
  return {
    all,
    // With a single partition the hash would decide nothing.
    of: (id) => all[count === 1 ? 0 : Math.floor((userHash(id) * count) / USER_HASH_RANGE)] as Partition,
  };
}

/**
 * The first tag whose slot lies just past the middle of the partition's share of slots. Same inputs, same tag. The
 * band is narrow so that wherever a master's range ends, tags fall on either side as evenly as their number allows.
 */
function tagNear(index: number, count: number): string {
  const width = CLUSTER_SLOTS / count;
  const from = (index + 0.51) * width;
  for (let salt = 0; ; salt += 1) {
    const name = `orders-${count}.${index}.${salt}`;
    const slot = slotOf(name);
    if (slot >= from && slot < from + width * 0.07) return `{${name}}`;
  }
}
