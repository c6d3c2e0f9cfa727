import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import type { Outcome } from '../../audit/auditLog.ts';
import { readCauses } from '../../queue/failures/readCauses.ts';
import type { FailureCursor } from '../../queue/failures/readFailures.ts';
import type { Cause } from '../../queue/failures/shape.ts';
import { parsed } from '../../runtime/json.ts';
import { AUTO_REPAIRS_KEY, autoSpentKey, autoTriedKey } from '../../store/keys.ts';
import { redisNow } from '../../store/redisTime.ts';
import { digestOf } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { controlRun, type RunParts, readRun } from '../runs/runs.ts';
import { findRecipe } from '../saved/savedRecipes.ts';
import type { Budget, Spent } from './budget.ts';
import type { Ended } from './helping.ts';

/** What somebody asks for. */
export interface AutoWanted extends Budget {
  /** Id of a cause. */
  cause: string;
  /** What a recipe is saved as; a name alone is its newest version now. */
  recipeName: string;
  /** Orders that fail first after this, or all that have failed as well. */
  orders: 'new' | 'all';
  because: string;
}

/**
 * A saved recipe that stands for a cause: its orders are repaired by it without anybody asking. One for a cause.
 * `stopped`: by itself; it stays, so that it is seen, until somebody removes it or declares it anew.
 */
export interface AutoRepair extends AutoWanted, Cause {
  by: Author;
  /** ISO, UTC, by Redis's clock. */
  at: string;
  state: 'standing' | 'stopped';
  why?: string;
  stoppedAt?: string;
  /** How many orders it has tried, and how many of them counted. */
  tried: number;
  counted: number;
  spent: Spent[];
  /** The newest first. */
  ended: Ended[];
  /** Orders that stand no later in the index had their turn; those after it too, if `autoTriedKey` has them. */
  after?: FailureCursor;
  /** The run of its that has not ended, or is yet to begin: jobs, and when each first failed, ms. */
  under?: { run: string; jobs: [job: string, firstFailedAt: number][] };
  /** How the cause stood when all of its orders had had their turn: as long as it does, nobody looks. */
  through?: string;
  /** Nothing more is sent until then, ms. */
  restUntil: number;
}

const MOST = 50;

/** Those of all causes, in no order. What nobody can read stands for none. */
export async function listAutoRepairs(redis: Redis | Cluster): Promise<AutoRepair[]> {
  const all = Object.values(await redis.hgetall(AUTO_REPAIRS_KEY));
  return all.map(readAuto).filter((each) => each !== undefined);
}

/** Undefined also for what somebody else wrote there. */
function readAuto(text: string | null): AutoRepair | undefined {
  const auto = parsed(text) as Partial<AutoRepair> | null | undefined;
  const { cause, recipeName, state, by, at, spent, ended } = auto ?? {};
  const isOurs =
    [cause, recipeName, state, at, by?.kind].every((each) => typeof each === 'string') &&
    [spent, ended].every(Array.isArray);
  return isOurs ? (auto as AutoRepair) : undefined;
}

/** Who does what a standing recipe does. */
export const authorOf = ({ by }: AutoRepair): Author => ({ kind: 'auto', name: by.name ?? by.kind });

/** For the audit log. */
export const inWordsOf = ({ recipeName, cause }: Pick<AutoRepair, 'recipeName' | 'cause'>): string =>
  `${recipeName} for cause ${cause}`;

/**
 * Lets a recipe stand for a cause, also in the place of one that has stopped.
 *
 * @throws Refused when there is no such recipe, nothing fails for the cause, one stands for it, or too many stand; NoTrace
 */
export async function declareAutoRepair(
  { redis, partitions, audit }: RunParts,
  who: Author,
  wanted: AutoWanted,
): Promise<AutoRepair> {
  const { cause } = wanted;
  const { recipe, recipeName } = await findRecipe(redis, wanted.recipeName);
  const found = (await readCauses(redis, partitions.all)).find(({ id }) => id === cause);
  if (found === undefined) throw new Refused('No order fails for such a cause now.', 'missing');
  const { reason, path, shape } = found;
  const at = new Date(await redisNow(redis)).toISOString();
  const begun = { at, by: who, state: 'standing', tried: 0, counted: 0, ended: [], restUntil: 0 } as const;
  const filter = inWordsOf({ cause, recipeName });
  const change = { action: 'add auto-repair', filter, reason: wanted.because, recipe: digestOf(recipe) };
  let declared: AutoRepair | undefined;
  const outcome = await audit.change<Outcome>(who, change, async () => {
    const all = await listAutoRepairs(redis);
    const seen = all.find((each) => each.cause === cause);
    if (seen?.state === 'standing') return refused(`${inWordsOf(seen)} stands already: remove it first.`);
    if (seen === undefined && all.length >= MOST)
      return refused(`Recipes stand for ${MOST} causes: remove some first.`);
    await redis.del(autoTriedKey(cause));
    const kept = parsed(await redis.get(autoSpentKey(cause)));
    declared = await changeAutoRepair(redis, cause, (now) =>
      now?.state === 'standing'
        ? undefined
        : // What was sent counts against the budget whoever declares it anew.
          {
            ...wanted,
            ...begun,
            recipeName,
            reason,
            path,
            shape,
            ended: [],
            spent: now?.spent ?? (Array.isArray(kept) ? (kept as Spent[]) : []),
          },
    );
    return declared ? { result: 'done' } : refused('Somebody else has just let one stand.');
  });
  if (declared === undefined) throw new Refused(outcome.why ?? '');
  return declared;
}

const refused = (why: string): Outcome => ({ result: 'refused', why });

/** Its run under way is cancelled. @throws Refused when none stands for the cause; NoTrace */
export async function removeAutoRepair(
  parts: RunParts,
  who: Author,
  { cause, because }: Pick<AutoWanted, 'cause' | 'because'>,
): Promise<void> {
  const { redis, audit } = parts;
  const text = await redis.hget(AUTO_REPAIRS_KEY, cause);
  let seen = readAuto(text);
  const filter = seen ? inWordsOf(seen) : `for cause ${cause}`;
  const change = { action: 'remove auto-repair', filter, reason: because };
  const outcome = await audit.change<Outcome>(who, change, async () => {
    const keys = [AUTO_REPAIRS_KEY, autoTriedKey(cause), autoSpentKey(cause)];
    const removed = await redis.eval(REMOVE, keys.length, ...keys, cause, SPENT_KEPT_S);
    if (typeof removed !== 'string') return refused('No recipe stands for this cause.');
    seen = readAuto(removed);
    return { result: 'done' };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '', 'missing');
  const run = seen?.under && (await readRun(parts, seen.under.run));
  if (run && !['done', 'cancelled'].includes(run.state)) await controlRun(parts, who, run.id, 'cancel');
}

/** As long as a budget looks back, and a step of it more. */
const SPENT_KEPT_S = 90_000;

/**
 * KEYS[1] all; KEYS[2] which orders had their turn; KEYS[3] what was sent, which is kept for ARGV[2] seconds; ARGV[1] the
 * cause. Returns what was removed.
 */
const REMOVE = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then return false end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], string.match(text, '"spent":(%[[%d%[%],.]*%])') or '[]', 'EX', ARGV[2])
return text`;

/** KEYS[1] all; ARGV[1] the cause; ARGV[2] what was seen, '' for none; ARGV[3] what it is to be. Returns 1 when it was as seen. */
const REPLACE = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

/** Makes of it what `next` says, undefined for nothing; asks again when somebody else was quicker. */
export async function changeAutoRepair(
  redis: Redis | Cluster,
  cause: string,
  next: (seen: AutoRepair | undefined) => AutoRepair | undefined,
): Promise<AutoRepair | undefined> {
  for (;;) {
    const seen = (await redis.hget(AUTO_REPAIRS_KEY, cause)) ?? '';
    const wanted = next(readAuto(seen));
    if (wanted === undefined) return undefined;
    const text = JSON.stringify(wanted);
    if ((await redis.eval(REPLACE, 1, AUTO_REPAIRS_KEY, cause, seen, text)) === 1) return wanted;
  }
}
