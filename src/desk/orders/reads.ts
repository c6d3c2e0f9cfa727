import { toJsonAmount } from '../../orders/money.ts';
import { dayOf } from '../../orders/timestamp.ts';
import type { Failure } from '../../queue/failures/failure.ts';
import { type CauseSums, readCauses, trendOf } from '../../queue/failures/readCauses.ts';
import {
  type FailureCursor,
  failuresOf,
  readFailures,
  searchFailures,
} from '../../queue/failures/readFailures.ts';
import { type Hold, isOver, readHolds } from '../hold/holds.ts';
import type { Meant } from '../matching.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { type Counts, type TryParts, tryRecipe } from '../runs/tryRecipe.ts';

/*
 * What can be asked of the desk, as it is answered: names in snake_case, money in units of the currency.
 */

const moneyOf = (minorUnits: number | undefined) =>
  minorUnits === undefined ? null : toJsonAmount(minorUnits);
const countsOf = ({ orders, minorUnits }: Counts) => ({ orders, money: toJsonAmount(minorUnits) });

export type GroupAnswer = ReturnType<typeof groupAnswer>;

function groupAnswer(cause: CauseSums, now: number, hold: ShownHold | null) {
  const { id, reason, path, shape, orders, users, minorUnits, unknown, firstSeen, lastSeen } = cause;
  return {
    cause: id,
    reason,
    path,
    shape,
    orders,
    users,
    money: toJsonAmount(minorUnits),
    of_unknown_value: unknown,
    first_seen: firstSeen,
    last_seen: lastSeen,
    new: firstSeen.startsWith(dayOf(new Date(now).toISOString())),
    trend: trendOf(cause, now),
    hold,
  };
}

/** Which causes are listed: without those on hold, those alone, or all. */
export type Held = 'without' | 'only' | 'all';

export type ShownHold = ReturnType<typeof holdAnswer>;

/** `over`: more orders have failed for the cause since. */
export const holdAnswer = ({ by, at, because }: Hold, over: boolean) => ({ by, at, because, over });

/** An order with several issues stands under each of its causes, and once in the total, held or not. */
export async function groups({ redis, partitions, currency }: TryParts, held: Held = 'without') {
  const [whole, causes, holds, [seconds]] = await Promise.all([
    readFailures(redis, partitions.all),
    readCauses(redis, partitions.all),
    readHolds(redis),
    redis.time(),
  ]);
  const all = causes.map((each) => {
    const hold = holds.get(each.id);
    return groupAnswer(each, Number(seconds) * 1_000, hold ? holdAnswer(hold, isOver(hold, each)) : null);
  });
  const isHeld = ({ hold }: GroupAnswer) => hold !== null && !hold.over;
  const { orders, minorUnits, unknown, since } = whole;
  return {
    orders,
    money: toJsonAmount(minorUnits),
    of_unknown_value: unknown,
    currency,
    since,
    held: all.filter(isHeld).length,
    groups: held === 'all' ? all : all.filter((each) => isHeld(each) === (held === 'only')),
  };
}

export const failureAnswer = (failure: Failure) => ({
  job: failure.job,
  partition: failure.partition,
  order_id: failure.orderId,
  user_id: failure.userId,
  money: moneyOf(failure.minorUnits),
  issues: failure.issues.map(({ code, path }) => ({ reason: code, path })),
  causes: failure.causes,
  attempts: failure.attempts,
  first_failed_at: failure.firstFailedAt,
  last_failed_at: failure.lastFailedAt,
});

export interface SearchWanted extends Omit<Meant, 'jobs'> {
  limit: number;
  cursor?: string | undefined;
}

/**
 * The one that failed last first, and what was found of them within some 150 ms: `looked_back_to` says how far back that is,
 * null when all that match were found.
 */
export async function search(
  { redis, partitions, currency }: TryParts,
  { limit, cursor, ...where }: SearchWanted,
) {
  const from = cursor === undefined ? undefined : readCursor(cursor);
  const { found, after } = await searchFailures(redis, partitions.all, { after: from, count: limit, where });
  return {
    currency,
    orders: found.map(failureAnswer),
    next_cursor: after ? cursorOf(after) : null,
    looked_back_to: after?.firstFailedAt ?? null,
  };
}

const cursorOf = ({ firstFailedAt, partition, job }: FailureCursor): string =>
  Buffer.from(JSON.stringify([firstFailedAt, partition, job])).toString('base64url');

function readCursor(text: string): FailureCursor {
  try {
    const [firstFailedAt, partition, job] = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof job === 'string' && typeof partition === 'number' && Date.parse(firstFailedAt) >= 0)
      return { firstFailedAt, partition, job };
  } catch {
    // Told below.
  }
  throw new Refused('The cursor is none that was given out here.', 'missing');
}

/** Those of some jobs that have failed, in the same order. */
export async function searchJobs(
  { redis, partitions, currency }: TryParts,
  { jobs, limit, cursor }: Pick<SearchWanted, 'limit' | 'cursor'> & { jobs: readonly string[] },
) {
  const named = [...new Set(jobs)];
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const found = await Promise.all(partitions.all.map((each) => failuresOf(redis, each, named)));
  const left = found
    .flat()
    .sort(newestFirst)
    .filter((each) => after === undefined || newestFirst(after, each) < 0);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  return {
    currency,
    orders: page.map(failureAnswer),
    next_cursor: last !== undefined && left.length > limit ? cursorOf(last) : null,
    looked_back_to: null,
  };
}

const newestFirst = (a: FailureCursor, b: FailureCursor): number =>
  Date.parse(b.firstFailedAt) - Date.parse(a.firstFailedAt) ||
  a.partition - b.partition ||
  // As a search has them, which goes through a partition from its end.
  (a.job > b.job ? -1 : Number(a.job < b.job));

/** What a recipe would do; nothing is written. */
export async function attempt(parts: TryParts, where: Meant, recipe: Recipe | undefined) {
  const tried = await tryRecipe(parts, where, recipe);
  const { orders, before, wouldCount, duplicates, stillFail, diffs } = tried;
  return {
    orders,
    money: toJsonAmount(before.minorUnits),
    of_unknown_value: before.unknown,
    currency: parts.currency,
    would_count: countsOf(wouldCount),
    duplicates: countsOf(duplicates),
    still_fail: stillFail,
    diffs: diffs.map(({ orderId, userId, ...rest }) => ({ ...rest, order_id: orderId, user_id: userId })),
  };
}
