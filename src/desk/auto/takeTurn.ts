import { randomUUID } from 'node:crypto';
import type { CauseSums } from '../../queue/failures/readCauses.ts';
import { type FailureCursor, readFailurePage } from '../../queue/failures/readFailures.ts';
import { autoTriedKey } from '../../store/keys.ts';
import { redisNow } from '../../store/redisTime.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { readReceipt } from '../runs/receipt.ts';
import { beginRun, type Run, type RunParts, readRun } from '../runs/runs.ts';
import { tryRecipe } from '../runs/tryRecipe.ts';
import { findRecipe } from '../saved/savedRecipes.ts';
import { type AutoRepair, authorOf, changeAutoRepair, inWordsOf } from './autoRepairs.ts';
import { leftOf, spend } from './budget.ts';
import { whyInVain, withEnded } from './helping.ts';

/** Orders of one run: soon it is known whether they counted. */
const MOST_AT_ONCE = 100;
/** Orders a second: nothing waits for them. */
const RATE = 20;
const STOP_PERCENT = 20;
const LOOKED_AT = 200;
/**
 * The clocks of workers may differ by that much, and the index may learn that late of a failure. Further back orders have
 * had their turn, whatever else appears there.
 */
const LATE_MS = 600_000;
/** Between two runs: a failure a second is no run a second. */
const REST_MS = 60_000;

export interface TurnParts extends RunParts {
  restMs?: number;
}

type Chosen = NonNullable<AutoRepair['under']>['jobs'];

/**
 * What a standing recipe does next: begins a run over orders that have not had their turn, or looks what became of the one
 * under way. Each step is written down before it is taken, so whoever does it after a crash does the same. No order has two
 * turns: what a turn did not help is for people. `cause`: how its cause stands; undefined when nothing fails for it.
 */
export async function takeTurn(
  parts: TurnParts,
  auto: AutoRepair,
  cause: CauseSums | undefined,
): Promise<void> {
  if (auto.under === undefined) return choose(parts, auto, cause);
  const run = await readRun(parts, auto.under.run);
  if (run === undefined) return begin(parts, auto);
  if (run.state === 'done') return settle(parts, auto, run);
  if (run.state === 'stopped')
    return stop(parts, auto, `its run ${run.id} stopped by itself: ${run.why ?? ''}`);
  if (run.state !== 'cancelled') return;
  if (run.counts.sent > 0 || run.why === undefined)
    return stop(parts, auto, `its run ${run.id} was cancelled by hand`);
  // Whoever prepared it was killed: the same orders in a run of another name.
  const again = { run: randomUUID(), jobs: auto.under.jobs };
  await change(parts, auto, () => ({ under: again }));
}

async function choose(parts: TurnParts, auto: AutoRepair, cause: CauseSums | undefined): Promise<void> {
  const stand = cause && `${cause.newest} ${cause.orders}`;
  if (stand === undefined || stand === auto.through) return;
  const now = await redisNow(parts.redis);
  const left = leftOf(auto.spent, auto, now);
  if (now < auto.restUntil) return;
  if (left.orders === 0 || left.minorUnits <= 0) return;
  const recipe = await recipeOf(parts, auto);
  if (recipe === undefined) return;
  const { jobs, minorUnits, after, isAll } = await untried(parts, auto, left, now);
  const moved = { ...(after ? { after } : {}), ...(isAll ? { through: stand } : {}) };
  if (jobs.length === 0) {
    await change(parts, auto, () => moved);
    return;
  }
  const { orders, wouldCount } = await tryRecipe(parts, { jobs: jobs.map(([job]) => job) }, recipe);
  if (wouldCount.orders === 0) {
    await noteTried(parts, auto, jobs);
    return book(parts, auto, { tried: orders, counted: 0 }, moved);
  }
  const under = { run: randomUUID(), jobs };
  const sent = { orders: jobs.length, minorUnits };
  const noted = await change(parts, auto, (seen) =>
    seen.under ? undefined : { ...moved, under, spent: spend(seen.spent, sent, now) },
  );
  if (noted) await begin(parts, noted);
}

/** The recipe as it is saved; once it is not any more, nobody means it to be used. */
async function recipeOf(parts: TurnParts, auto: AutoRepair): Promise<Recipe | undefined> {
  try {
    return (await findRecipe(parts.redis, auto.recipeName)).recipe;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await stop(parts, auto, error.message);
    return undefined;
  }
}

/** The orders whose turn it is, the one that failed first first; up to where none is left, and whether that is everywhere. */
async function untried(
  { redis, partitions }: TurnParts,
  { cause, at, orders, after, moneyPerDay }: AutoRepair,
  left: { orders: number; minorUnits: number },
  now: number,
): Promise<{ jobs: Chosen; minorUnits: number; after: FailureCursor | undefined; isAll: boolean }> {
  const room = Math.min(left.orders, MOST_AT_ONCE);
  const found = { jobs: [] as Chosen, minorUnits: 0, after, isAll: false };
  let from = after ?? (orders === 'new' ? { firstFailedAt: at, partition: -1, job: '' } : undefined);
  for (;;) {
    const page = await readFailurePage(redis, partitions.all, {
      after: from,
      count: LOOKED_AT,
      where: { cause },
    });
    if (page.length === 0) return { ...found, isAll: true };
    const tried = await redis.zmscore(autoTriedKey(cause), ...page.map(({ job }) => job));
    for (const [nth, { job, partition, firstFailedAt, minorUnits }] of page.entries()) {
      // Where money is bounded, what says of itself no sum, or one past all bounds, is for people.
      const isFit = moneyPerDay === undefined || (minorUnits !== undefined && minorUnits <= moneyPerDay);
      if (tried[nth] == null && isFit) {
        const money = minorUnits ?? 0;
        if (found.jobs.length === room || found.minorUnits + money > left.minorUnits) return found;
        found.jobs.push([job, Date.parse(firstFailedAt)]);
        found.minorUnits += money;
      }
      from = { job, partition, firstFailedAt };
      if (Date.parse(firstFailedAt) < now - LATE_MS) found.after = from;
    }
  }
}

async function begin(parts: TurnParts, auto: AutoRepair): Promise<void> {
  const { under, recipeName, because } = auto;
  const recipe = await recipeOf(parts, auto);
  if (under === undefined || recipe === undefined) return;
  await noteTried(parts, auto, under.jobs);
  try {
    await beginRun(
      parts,
      authorOf(auto),
      {
        where: { jobs: under.jobs.map(([job]) => job) },
        recipe,
        recipeName,
        reason: `${inWordsOf(auto)}: ${because}`,
        rate: RATE,
        stopPercent: STOP_PERCENT,
      },
      under.run,
    );
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // None of them has failed any more, or another process began it.
    if ((await readRun(parts, under.run)) === undefined) await book(parts, auto, { tried: 0, counted: 0 });
  }
}

/** Its orders are not looked at again, not even where the index still names them. */
async function noteTried({ redis }: TurnParts, { cause, after }: AutoRepair, jobs: Chosen): Promise<void> {
  const key = autoTriedKey(cause);
  await redis.zadd(key, ...jobs.flatMap(([job, firstFailedAt]) => [firstFailedAt, job]));
  if (after) await redis.zremrangebyscore(key, '-inf', `(${Date.parse(after.firstFailedAt)}`);
}

async function settle(parts: TurnParts, auto: AutoRepair, { id }: Run): Promise<void> {
  const { states } = await readReceipt(parts, id, 0);
  const tried = states.counted + states.duplicate + states['failed again'] + states.left;
  await book(parts, auto, { tried, counted: states.counted });
}

/** Writes down what became of some orders, and stops where it helps too few. */
async function book(
  parts: TurnParts,
  auto: AutoRepair,
  { tried, counted }: { tried: number; counted: number },
  moved: Partial<AutoRepair> = {},
): Promise<void> {
  const now = await redisNow(parts.redis);
  const booked = await change(parts, auto, (seen) => ({
    ...moved,
    under: undefined,
    tried: seen.tried + tried,
    counted: seen.counted + counted,
    ended: tried === 0 ? seen.ended : withEnded(seen.ended, [tried, tried - counted]),
    restUntil: now + (parts.restMs ?? REST_MS),
  }));
  const why = booked && whyInVain(booked.ended);
  if (booked && why) await stop(parts, booked, why);
}

async function stop(parts: TurnParts, auto: AutoRepair, why: string): Promise<void> {
  const trace = { action: 'stop auto-repair', filter: inWordsOf(auto), reason: why };
  await parts.audit.change(authorOf(auto), trace, async () => {
    const stoppedAt = new Date(await redisNow(parts.redis)).toISOString();
    const stopped = await change(parts, auto, () => ({ state: 'stopped', why, stoppedAt, under: undefined }));
    return stopped ? { result: 'done' as const } : { result: 'refused' as const, why: 'It was removed.' };
  });
}

/** Changes what was looked at, unless it was removed or declared anew; then undefined. */
async function change(
  { redis }: TurnParts,
  { cause, at }: AutoRepair,
  next: (seen: AutoRepair) => Changes | undefined,
): Promise<AutoRepair | undefined> {
  return changeAutoRepair(redis, cause, (seen) => {
    const changes = seen?.at === at && seen.state === 'standing' ? next(seen) : undefined;
    return changes && ({ ...seen, ...changes } as AutoRepair);
  });
}

type Changes = { [Name in keyof AutoRepair]?: AutoRepair[Name] | undefined };
