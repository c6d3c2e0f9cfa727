import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { qualityKeys } from '../../store/keys.ts';
import { ofItsType, stored } from '../../store/stored.ts';
import type { Spend } from '../model/opinion.ts';

/** What the role that asks the model tells of it, for whoever shows it. */
export interface SpendSeen {
  name: string;
  day: string;
  dollars: number;
  dollars_cap: number;
  tokens: number;
  tokens_cap: number;
  calls: number;
  parse_failures: number;
  canary_misses: number;
  outcomes: Record<string, number>;
  open_until: string | null;
}

/** One that nobody wrote for so long is gone: no process asks any model. */
const SEEN_MS = 300_000;
const UNREADABLE = ['empty', 'cut_short', 'unparsable', 'wrong_shape'];

export async function keepSpend(redis: Redis | Cluster, name: string, spend: Spend): Promise<void> {
  const seen: SpendSeen = {
    name,
    day: spend.day,
    dollars: spend.dollars,
    dollars_cap: spend.dollarsCap,
    tokens: spend.tokens,
    tokens_cap: spend.tokensCap,
    calls: spend.calls,
    parse_failures: UNREADABLE.reduce((sum, outcome) => sum + (spend.outcomes[outcome] ?? 0), 0),
    canary_misses: spend.outcomes.canary_failed ?? 0,
    outcomes: { ...spend.outcomes },
    open_until: spend.openUntil === undefined ? null : new Date(spend.openUntil).toISOString(),
  };
  await redis.set(qualityKeys.model, JSON.stringify(seen), 'PX', SEEN_MS);
}

const shape = z.looseObject({
  name: z.string(),
  day: z.string(),
  dollars: z.number(),
  dollars_cap: z.number(),
  tokens: z.number(),
  tokens_cap: z.number(),
  calls: z.int(),
  parse_failures: z.int(),
  canary_misses: z.int(),
  outcomes: z.record(z.string(), z.int()),
  open_until: z.iso.datetime().nullable(),
});

export async function readSpend(redis: Redis | Cluster): Promise<SpendSeen | null> {
  const { model: key } = qualityKeys;
  return stored<SpendSeen>(redis, { key }, await ofItsType(redis, key, redis.get(key), null), shape) ?? null;
}
