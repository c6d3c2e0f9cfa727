import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import type { AuditLog } from '../../audit/auditLog.ts';
import { parsed } from '../../runtime/json.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { ACTIVE_RUNS_KEY, RUNS_KEY, runDriverKey, runKey, runKeys } from '../../store/keys.ts';
import { holdLease, letGoOfLease } from '../../store/lease.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisDate, redisNow } from '../../store/redisTime.ts';
import { stored } from '../../store/stored.ts';
import { inWords, type Meant, matching } from '../matching.ts';
import { digestOf, type Recipe } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { countsShape, noCounts, type RunCounts, settle } from './settle.ts';
import type { TryParts } from './tryRecipe.ts';

/** What somebody asks for. */
export interface RunWanted {
  where: Meant;
  /** Undefined to retry the orders as they are. */
  recipe: Recipe | undefined;
  /** Name and version that it was saved as, like `comma@2`. */
  recipeName?: string | undefined;
  reason: string;
  /**
   * Orders a second at most, whatever else waits; undefined for as fast as the workers take them while few others wait,
   * see driveRun.ts.
   */
  rate: number | undefined;
  /** It stops by itself when more of what has ended, in percent, has failed again. */
  stopPercent: number;
}

/**
 * `preparing`: what is meant is being listed, by whoever holds the lease; `stopped`: by itself, because too many failed again. Only `running` sends;
 * `paused` and `stopped` can be resumed, the rest is over.
 */
export type RunState = 'preparing' | 'running' | 'paused' | 'stopped' | 'cancelled' | 'done';

export interface Run extends RunWanted {
  id: string;
  who: Author;
  /** ISO, UTC. */
  at: string;
  state: RunState;
  /** Why it stopped, or never began. */
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

/** Whoever drives or prepares a run says that it lives more often than that. */
export const RUN_LEASE_MS = 10_000;

/**
 * Lists what is meant, once and for all, and lets the run begin: whoever drives runs takes it up. Whoever prepares it holds its
 * lease: of one that is killed meanwhile the run is ended by those who drive, with nothing sent.
 *
 * @throws Refused when nothing is meant, or a run of that id is there; NoTrace
 */
export async function beginRun(
  parts: RunParts,
  who: Author,
  wanted: RunWanted,
  id: string = randomUUID(),
): Promise<Run> {
  const { redis, audit } = parts;
  const change = {
    action: wanted.recipe ? 'repair' : 'retry',
    filter: inWords(wanted.where),
    reason: wanted.reason,
    run: id,
    ...(wanted.recipe ? { recipe: digestOf(wanted.recipe) } : {}),
  };
  const me = randomUUID();
  const outcome = await audit.change(who, change, async () => {
    if (!(await holdLease(redis, runDriverKey(id), me, RUN_LEASE_MS))) return refused(THERE_IS_ONE);
    try {
      return await prepareRun(parts, who, wanted, id, me);
    } finally {
      await letGoOfLease(redis, runDriverKey(id), me);
    }
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  return (await readRun(parts, id)) as Run;
}

const THERE_IS_ONE = 'There is a run of that id already.';
const refused = (why: string) => ({ result: 'refused' as const, why });

/** KEYS[1] the run, [2] the active ones, [3] all; ARGV[1] its id, [2] what it is, [3] now, [4] for how long it is kept, ms. */
const NOTE = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'facts', ARGV[2], 'state', 'preparing', 'orders', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[3] - ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
return 1`;

async function prepareRun(
  parts: RunParts,
  who: Author,
  wanted: RunWanted,
  id: string,
  me: string,
): Promise<{ result: 'refused'; why: string } | { result: 'done'; count: number }> {
  const { redis, partitions, auditRetentionDays } = parts;
  const at = await redisNow(redis);
  const kept = auditRetentionDays * DAY_MS;
  const facts = JSON.stringify({ id, who, at: new Date(at).toISOString(), ...wanted });
  const keys = [runKey(id), ACTIVE_RUNS_KEY, RUNS_KEY];
  if ((await redis.eval(NOTE, keys.length, ...keys, id, facts, at, kept)) === 0) return refused(THERE_IS_ONE);
  let orders = 0;
  for (const partition of partitions.all) {
    const hold = () => holdLease(redis, runDriverKey(id), me, RUN_LEASE_MS);
    orders += await list(redis, partition, id, wanted.where, kept, hold);
  }
  if (orders === 0) {
    await redis.zrem(RUNS_KEY, id);
    await redis.srem(ACTIVE_RUNS_KEY, id);
    await redis.del(runKey(id));
    return refused('No failed order is meant.');
  }
  if (await moveOn(redis, id, ['preparing'], { state: 'running', orders: String(orders) }))
    return { result: 'done', count: orders };
  return refused('It was given up before all that is meant was listed: nothing was sent.');
}

/** Ends a run that nobody prepares any more: a list made later would be another one than was asked for. */
export async function endUnprepared(parts: RunParts, { id, who, counts }: Run): Promise<void> {
  const { redis, partitions, audit } = parts;
  const why = 'Whoever began it ended before all that is meant was listed: nothing was sent, begin it again.';
  await audit.change(who, { action: 'end run', run: id }, async () => {
    const none = JSON.stringify({ ...counts, todo: 0 });
    const facts = { why, counts: none, endedAt: await redisDate(redis) };
    const isMine = await moveOn(redis, id, ['preparing'], { state: 'cancelled', ...facts });
    return isMine ? { result: 'done' as const, count: 0, why } : refused('It was ended by somebody.');
  });
  await redis.srem(ACTIVE_RUNS_KEY, id);
  for (const partition of partitions.all) await redis.del(runKeys(partition, id).todo);
}

async function list(
  redis: Redis | Cluster,
  partition: Partition,
  run: string,
  where: Meant,
  keptMs: number,
  hold: () => Promise<unknown>,
): Promise<number> {
  const { todo } = runKeys(partition, run);
  for await (const jobs of matching(redis, partition, where)) {
    for (let from = 0; from < jobs.length; from += MEANT_AT_ONCE) {
      const some = jobs.slice(from, from + MEANT_AT_ONCE);
      await redis.zadd(todo, ...some.flatMap(({ id, failedOn }) => [failedOn, id]));
      await redis.pexpire(todo, keptMs);
    }
    await hold();
  }
  return redis.zcard(todo);
}

/** Undefined when there is none of that id. */
export async function readRun({ redis, partitions }: TryParts, id: string): Promise<Run | undefined> {
  const { facts, state, orders, why, endedAt, counts } = await redis.hgetall(runKey(id));
  const known = parsed(facts);
  if (typeof known !== 'object' || known === null) return undefined;
  return {
    ...known,
    state,
    orders: Number(orders),
    ...(why ? { why } : {}),
    ...(endedAt ? { endedAt } : {}),
    counts:
      stored<RunCounts>(redis, { key: runKey(id), field: 'counts' }, counts, countsShape) ??
      (await countsOf(redis, partitions.all, id)),
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

/** A rate below one a second holds the lease for longer than anybody waits for an answer. */
const AWAIT_BATCH_MS = 2_000;
const LOOK_EVERY_MS = 20;

/**
 * What was handed to the workers stays there; the orders whose turn has not come stay failed. A batch that is under way
 * goes through, and is awaited so that the counts are those that stay. What became of it is looked up as long as the run is
 * kept: it ends later than the run.
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
      ...(to === 'cancelled' ? { endedAt: await redisDate(parts.redis) } : {}),
      // What has failed by now was looked at by whoever resumes it.
      ...(to === 'running' ? { why: '', excused: JSON.stringify({ sent, ended, failed }) } : {}),
    };
    if (await moveOn(parts.redis, id, from, facts)) return { result: 'done' as const };
    return { result: 'refused' as const, why: `The run is ${run.state}.` };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  if (to === 'cancelled') await parts.redis.srem(ACTIVE_RUNS_KEY, id);
  if (to !== 'running') await batchGoneThrough(parts.redis, id);
  return (await readRun(parts, id)) as Run;
}

async function batchGoneThrough(redis: Redis | Cluster, id: string): Promise<void> {
  for (let waited = 0; waited < AWAIT_BATCH_MS; waited += LOOK_EVERY_MS) {
    if ((await redis.exists(runDriverKey(id))) === 0) return;
    await delay(LOOK_EVERY_MS);
  }
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
