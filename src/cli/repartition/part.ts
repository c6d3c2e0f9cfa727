import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import type { Partition } from '../../store/partitions.ts';
import { replies } from '../kit/redisPages.ts';

/**
 * A stretch of what is to be copied: `size` items in an order that does not change while nobody writes. Copying a
 * range again leaves the same as copying it once: only absolute values are written, nothing is added to.
 */
export interface Part {
  size: number;
  /** Items that are copied together. */
  batch: number;
  copy(from: number, to: number): Promise<void>;
}

/** Writes to several partitions: a pipeline for each, as a pipeline must stay within one hash slot. */
export class Writes {
  readonly #redis: Redis | Cluster;
  readonly #pipes = new Map<string, ChainableCommander>();

  constructor(redis: Redis | Cluster) {
    this.#redis = redis;
  }

  to({ tag }: Partition): ChainableCommander {
    const pipe = this.#pipes.get(tag) ?? this.#redis.pipeline();
    this.#pipes.set(tag, pipe);
    return pipe;
  }

  /** Resolves when all of them are in Redis, with nothing; rejects with the first refusal. */
  async send(): Promise<void> {
    await Promise.all([...this.#pipes.values()].map((pipe) => replies(pipe)));
  }
}
