import type { Cluster, Redis } from 'ioredis';
import { MAX_PARTITIONS } from '../../runtime/limits.ts';
import { CHANGING } from '../../store/claimPartitions.ts';
import { PARTITIONS_KEY } from '../../store/keys.ts';

/** What Redis says of its partitions. While they are being changed the record is no number, so nothing starts. */
export type Layout =
  | { kind: 'empty' }
  | { kind: 'settled'; count: number }
  | { kind: 'changing'; from: number; to: number }
  | { kind: 'unknown'; text: string };

export async function readLayout(redis: Redis | Cluster): Promise<Layout> {
  const text = await redis.get(PARTITIONS_KEY);
  if (text === null) return { kind: 'empty' };
  const changing = CHANGING.exec(text);
  if (changing) return { kind: 'changing', from: Number(changing[1]), to: Number(changing[2]) };
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PARTITIONS) return { kind: 'settled', count };
  return { kind: 'unknown', text };
}

/** The record of a change under way, as `readLayout` knows it. */
export const changing = (from: number, to: number): string => `${from} to ${to}`;
