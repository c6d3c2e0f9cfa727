import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { queueKey, runKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';

const SCRIPT = readFileSync(new URL('./settle.lua', import.meta.url), 'utf8');
/** Redis does nothing else meanwhile: below 2 ms. */
const LOOKED_AT = 1_000;

export interface RunCounts {
  /** Their turn is to come. */
  todo: number;
  /** Handed to the workers; of these `underWay` have not ended, `ended` have counted or were duplicates, `failed` again. */
  sent: number;
  underWay: number;
  ended: number;
  failed: number;
  /** Left alone: they would fail again. */
  left: number;
  /** Somebody else retried, edited or removed them first. */
  gone: number;
}

const amount = z.number().min(0);
export const countsShape = z.looseObject({
  todo: amount,
  sent: amount,
  underWay: amount,
  ended: amount,
  failed: amount,
  left: amount,
  gone: amount,
});

export const noCounts = (): RunCounts => ({
  todo: 0,
  sent: 0,
  underWay: 0,
  ended: 0,
  failed: 0,
  left: 0,
  gone: 0,
});

const callScript = redisScript<[number, number, ...string[]]>('settleRun', { numberOfKeys: 5, lua: SCRIPT });

/** Looks what became of what a run has sent in a partition, and says how it stands there. */
export async function settle(redis: Redis | Cluster, partition: Partition, run: string): Promise<RunCounts> {
  const { sent, counts, todo } = runKeys(partition, run);
  const queue = ['failed', 'completed'].map((name) => queueKey(partition, name));
  const [left, underWay, ...fields] = await callScript(
    redis,
    ...queue,
    sent,
    counts,
    todo,
    queueKey(partition, ''),
    LOOKED_AT,
  );
  const found = { ...noCounts(), todo: left, underWay };
  for (let at = 0; at < fields.length; at += 2) found[fields[at] as keyof RunCounts] = Number(fields[at + 1]);
  return found;
}
