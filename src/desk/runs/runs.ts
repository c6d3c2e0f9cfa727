import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import type { AuditLog } from '../../audit/auditLog.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { ACTIVE_RUNS_KEY, RUNS_KEY, runKey, runKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { inWords, type Meant, matching } from '../matching.ts';
import { digestOf, type Recipe } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { noCounts, type RunCounts, settle } from './settle.ts';
import type { TryParts } from './tryRecipe.ts';

/** What somebody asks for. */
export interface RunWanted {
  where: Meant;
  /** Undefined to retry the orders as they are. */
  recipe: Recipe | undefined;
  /** Name and version that it was saved as, like `comma@2`. */
  recipeName?: string | undefined;
  reason: string;
  /** Orders a second at most; undefined for as fast as the workers take them. */
  rate: number | undefined;
  /** It stops by itself when more of what has ended, in percent, has failed again. */
  stopPercent: number;
}

/**
 * `preparing`: what is meant is being listed; `stopped`: by itself, because too many failed again. Only `running` sends;
 * `paused` and `stopped` can be resumed, the rest is over.
 */
export type RunState = 'preparing' | 'running' | 'paused' | 'stopped' | 'cancelled' | 'done';

export interface Run extends RunWanted {
  id: string;
  who: Author;
  /** ISO, UTC. */
  at: string;
  state: RunState;
  /** Why it stopped. */
  why?: string;
  endedAt?: string;
  /** How many orders were meant when it began. */
  orders: number;
  counts: RunCounts;
}

export interface RunParts extends TryParts {
  audit: AuditLog;
  auditRetentionDays: number;
}

const MEANT_AT_ONCE = 500;

/**
 * Lists what is meant, once and for all, and lets the run begin: whoever drives runs takes it up.
 *
 * @throws Refused when nothing is meant; NoTrace
 */
export async function beginRun(parts: RunParts, who: Author, wanted: RunWanted): Promise<Run> {
  const { redis, partitions, audit, auditRetentionDays } = parts;
  const id = randomUUID();
  const at = new Date();
  const change = {
    action: wanted.recipe ? 'repair' : 'retry',
    filter: inWords(wanted.where),
    reason: wanted.reason,
    run: id,
    ...(wanted.recipe ? { recipe: digestOf(wanted.recipe) } : {}),
  };
  let orders = 0;
  const outcome = await audit.change(who, change, async () => {
    const facts = JSON.stringify({ id, who, at: at.toISOString(), ...wanted });
    await redis.hset(runKey(id), { facts, state: 'preparing', orders: 0 });
    for (const partition of partitions.all)
      orders += await list(redis, partition, id, wanted.where, auditRetentionDays);
    if (orders === 0) {
      await redis.del(runKey(id));
      return { result: 'refused' as const, why: 'No failed order is meant.' };
    }
    await redis.hset(runKey(id), { orders });
    const kept = auditRetentionDays * DAY_MS;
    await redis.pexpire(runKey(id), kept);
    await redis.zremrangebyscore(RUNS_KEY, '-inf', at.getTime() - kept);
    await redis.zadd(RUNS_KEY, at.getTime(), id);
    await redis.sadd(ACTIVE_RUNS_KEY, id);
    await moveOn(redis, id, ['preparing'], { state: 'running' });
    return { result: 'done' as const, count: orders };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  return (await readRun(parts, id)) as Run;
}

async function list(
  redis: Redis | Cluster,
  partition: Partition,
  run: string,
  where: Meant,
  retentionDays: number,
): Promise<number> {
  const { todo } = runKeys(partition, run);
  for await (const jobs of matching(redis, partition, where)) {
    for (let from = 0; from < jobs.length; from += MEANT_AT_ONCE) {
      const some = jobs.slice(from, from + MEANT_AT_ONCE);
      await redis.zadd(todo, ...some.flatMap(({ id, failedOn }) => [failedOn, id]));
    }
  }
  await redis.pexpire(todo, retentionDays * DAY_MS);
  return redis.zcard(todo);
}

/** Undefined when there is none of that id. */
export async function readRun({ redis, partitions }: TryParts, id: string): Promise<Run | undefined> {
  const { facts, state, orders, why, endedAt, counts } = await redis.hgetall(runKey(id));
  if (facts === undefined) return undefined;
  return {
    ...JSON.parse(facts),
    state,
    orders: Number(orders),
    ...(why ? { why } : {}),
    ...(endedAt ? { endedAt } : {}),
    counts: counts === undefined ? await countsOf(redis, partitions.all, id) : JSON.parse(counts),
  } as Run;
}

/** The newest first. */
export async function listRuns(parts: TryParts, count: number): Promise<Run[]> {
  const ids = await parts.redis.zrevrange(RUNS_KEY, 0, count - 1);
  const runs = await Promise.all(ids.map((id) => readRun(parts, id)));
  return runs.filter((run) => run !== undefined);
}

/** What became of all that a run has sent so far. */
export async function countsOf(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  run: string,
): Promise<RunCounts> {
  const all = await Promise.all(partitions.map((each) => settle(redis, each, run)));
  return all.reduce((sum, one) => {
    for (const name of Object.keys(sum) as (keyof RunCounts)[]) sum[name] += one[name];
    return sum;
  }, noCounts());
}

const ACTIONS = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused', 'stopped'], to: 'running' },
  cancel: { from: ['preparing', 'running', 'paused', 'stopped'], to: 'cancelled' },
} as const;
export type RunAction = keyof typeof ACTIONS;

/**
 * What was handed to the workers stays there; the orders whose turn has not come stay failed. A batch that is under way
 * goes through.
 *
 * @throws Refused when there is no such run, or it is in no state for that; NoTrace
 */
export async function controlRun(parts: RunParts, who: Author, id: string, action: RunAction): Promise<Run> {
  const run = await readRun(parts, id);
  if (run === undefined) throw new Refused('There is no such run.', 'missing');
  const { from, to } = ACTIONS[action];
  const outcome = await parts.audit.change(who, { action: `${action} run`, run: id }, async () => {
    const { sent, ended, failed } = run.counts;
    const facts = {
      state: to,
      ...(to === 'cancelled'
        ? { endedAt: new Date().toISOString(), counts: JSON.stringify(run.counts) }
        : {}),
      // What has failed by now was looked at by whoever resumes it.
      ...(to === 'running' ? { why: '', excused: JSON.stringify({ sent, ended, failed }) } : {}),
    };
    if (await moveOn(parts.redis, id, from, facts)) return { result: 'done' as const };
    return { result: 'refused' as const, why: `The run is ${run.state}.` };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  if (to === 'cancelled') await parts.redis.srem(ACTIVE_RUNS_KEY, id);
  return (await readRun(parts, id)) as Run;
}

/** KEYS[1] the run; ARGV[1] the states it may be in, between commas; ARGV[2…] fields and values. Returns whether it was. */
const MOVE_ON = `
local state = redis.call('HGET', KEYS[1], 'state')
if not state or not string.find(ARGV[1], ',' .. state .. ',', 1, true) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1`;

/** Changes a run that is in one of these states; says whether it was. */
export async function moveOn(
  redis: Redis | Cluster,
  id: string,
  from: readonly RunState[],
  facts: { state: RunState } & Record<string, string>,
): Promise<boolean> {
  const fields = Object.entries(facts).flat();
  return (await redis.eval(MOVE_ON, 1, runKey(id), `,${from.join()},`, ...fields)) === 1;
}
