import { InvalidOrder, type Issue } from '../../orders/invalidOrder.ts';
import { isRecord } from '../../orders/record.ts';
import { orderOf, receivedAt } from '../../queue/readOrderJob.ts';
import type { Meant } from '../matching.ts';
import { type Proposal, propose } from '../recipes/propose.ts';
import type { Rules } from '../runs/prepare.ts';
import { storedJobs } from '../runs/storedJobs.ts';
import type { TryParts } from '../runs/tryRecipe.ts';
import { type Feature, sharedFeatures } from './features.ts';
import { sample } from './sample.ts';

export interface Looked {
  /** Null where the machine knows no recipe that makes some pass. */
  proposal: Proposal | null;
  features: Feature[];
}

/** What some of the orders that are meant tell of all: a recipe that makes them pass, and what most of them share. */
export async function proposal(parts: TryParts, where: Meant): Promise<Looked> {
  const { redis, partitions, rules } = parts;
  const sampled = await sample(redis, partitions.all, where);
  const orders: unknown[] = [];
  let held = 0;
  const dates = new Map<unknown, string>();
  for (const partition of partitions.all) {
    const ids = sampled.filter((each) => each.partition === partition.index).map(({ job }) => job);
    for (const { data, addedAt, failedReason } of await storedJobs(redis, partition, ids)) {
      if (failedReason.startsWith('quality_hold')) held += 1;
      const order = orderIn(data, rules);
      if (order === undefined) continue;
      orders.push(order);
      dates.set(order, receivedAt(data, addedAt));
    }
  }
  const [date = new Date(0).toISOString()] = dates.values();
  const issuesOf = (order: unknown) => issuesBy(rules, order, dates.get(order) ?? date);
  // No recipe can mend what has no fields: it would speak against each that mends the others.
  const found = propose(orders.filter(isRecord), { issuesOf, sumFields: rules.sumFields });
  return {
    proposal: found ? { ...found, of: orders.length } : release(held, orders.length),
    features: sharedFeatures(orders),
  };
}

/** What the rules take, and only its review holds. */
const release = (held: number, of: number): Proposal | null =>
  held === 0 ? null : { recipe: { version: 1, steps: [{ do: 'release' }] }, passes: held, of };

function orderIn(data: unknown, rules: Rules): unknown {
  try {
    return orderOf(data, rules.reading.maxBodyBytes);
  } catch (error) {
    if (error instanceof InvalidOrder) return undefined;
    throw error;
  }
}

function issuesBy(rules: Rules, order: unknown, date: string): readonly Issue[] {
  try {
    rules.parse(order, date);
    return [];
  } catch (error) {
    if (error instanceof InvalidOrder) return error.issues;
    throw error;
  }
}
