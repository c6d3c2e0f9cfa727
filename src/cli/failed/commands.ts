import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Author } from '../../audit/auditEntry.ts';
import { deleteOrders, restore, setAside } from '../../desk/aside/moveJobs.ts';
import { declareAutoRepair, listAutoRepairs, removeAutoRepair } from '../../desk/auto/autoRepairs.ts';
import { proposal } from '../../desk/causes/proposal.ts';
import { checkOrder, editOrder } from '../../desk/edit/editOrder.ts';
import { holdCause, releaseCause } from '../../desk/hold/holds.ts';
import { autoAnswer } from '../../desk/orders/autoAnswers.ts';
import { checkAnswer, editAnswer } from '../../desk/orders/editAnswers.ts';
import { exportFailed } from '../../desk/orders/exportFailed.ts';
import { attempt, groups, holdAnswer, search, searchJobs } from '../../desk/orders/reads.ts';
import { receiptAnswer, runAnswer } from '../../desk/orders/runAnswers.ts';
import { show } from '../../desk/orders/show.ts';
import type { Recipe } from '../../desk/recipes/recipe.ts';
import { Refused } from '../../desk/refused.ts';
import { driveRun } from '../../desk/runs/driveRun.ts';
import { readReceipt } from '../../desk/runs/receipt.ts';
import { beginRun, controlRun, listRuns, type Run, type RunParts, readRun } from '../../desk/runs/runs.ts';
import { findRecipe, listRecipes, removeRecipe, saveRecipe } from '../../desk/saved/savedRecipes.ts';
import { redisNow } from '../../store/redisTime.ts';
import { follow } from '../kit/follow.ts';
import { complain, EXIT, type Surroundings } from '../kit/surroundings.ts';
import type { CommandName, Wanted } from './options.ts';
import { retriedText, retryAll } from './retryAll.ts';
import {
  autoText,
  editedText,
  groupsText,
  listText,
  movedText,
  proposedText,
  receiptText,
  recipesText,
  runsText,
  runText,
  standingText,
  triedText,
} from './text.ts';

const MOST_ROWS = 1_000_000;
const RUNS_SHOWN = 50;

/** What a command answers: as JSON, and for people; the exit code where it is not 0. */
interface Answered {
  json: unknown;
  text: string;
  code?: number;
}

/** Of a command that has written its answer as it came. */
const WRITTEN: Answered = { json: undefined, text: '' };

type Perform = (parts: RunParts, who: Author, wanted: Wanted, around: Surroundings) => Promise<Answered>;

/** @throws Refused, NoTrace */
export async function perform(
  parts: RunParts,
  who: Author,
  wanted: Wanted,
  around: Surroundings,
): Promise<number> {
  const answered = await COMMANDS[wanted.do](parts, who, wanted, around);
  const { json, text, code = EXIT.done } = answered;
  if (answered !== WRITTEN) around.stdout.write(wanted.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
  return code;
}

const COMMANDS: Record<CommandName, Perform> = {
  async groups(parts, _who, { held }) {
    const found = await groups(parts, held);
    return { json: found.groups, text: groupsText(found) };
  },
  async hold(parts, who, { where: { cause = '' }, because }) {
    const hold = holdAnswer(await holdCause(parts, who, cause, because), false);
    return { json: { cause, hold }, text: `Cause ${cause} is on hold until a new order fails for it` };
  },
  async release(parts, who, { where: { cause = '' }, because }) {
    await releaseCause(parts, who, cause, because);
    return { json: { cause, hold: null }, text: `Cause ${cause} is not on hold any more` };
  },
  async search(parts, _who, { where, limit }) {
    const { jobs, ...others } = where;
    const orders = [];
    let cursor: string | null | undefined;
    while (cursor !== null && orders.length < limit) {
      const wanted: { limit: number; cursor?: string | undefined } = { limit: limit - orders.length, cursor };
      const page = await (jobs
        ? searchJobs(parts, { jobs, ...wanted })
        : search(parts, { ...others, ...wanted }));
      orders.push(...page.orders);
      cursor = page.next_cursor;
    }
    return { json: orders, text: listText(orders) };
  },
  async show(parts, _who, { where }) {
    const found = await show(parts, where.jobs?.[0] ?? '');
    return { json: found, text: JSON.stringify(found, undefined, 2) };
  },
  async edit(parts, who, { where, text, revision, queue, because, dryRun }) {
    const job = where.jobs?.[0] ?? '';
    if (dryRun) {
      const found = checkAnswer(await checkOrder(parts, { job, text }), parts.currency);
      const code = found.outcome === 'still fails' ? EXIT.no : EXIT.done;
      return { json: found, text: standingText(found), code };
    }
    const wanted = { job, text, revision, queue, because };
    const found = editAnswer(wanted, await editOrder(parts, who, wanted), parts.currency);
    return { json: found, text: editedText(found) };
  },
  async propose(parts, _who, { where }) {
    const found = await proposal(parts, where);
    if (found.proposal === null) await someAreMeant(parts, where);
    return { json: found, text: proposedText(found) };
  },
  async try(parts, _who, wanted) {
    const { recipe, recipeName } = await used(parts, wanted);
    const tried = await attempt(parts, wanted.where, recipe);
    return { json: { recipe, recipe_name: recipeName ?? null, ...tried }, text: triedText(recipe, tried) };
  },
  async repair(parts, who, wanted, around) {
    const { where, because: reason, rate, stopPercent } = wanted;
    const recipe = await used(parts, wanted);
    const run = await beginRun(parts, who, { where, ...recipe, reason, rate, stopPercent });
    return followed(parts, run, wanted, around);
  },
  async retry(parts, who, wanted, around) {
    const { where, because: reason, rate, stopPercent, dryRun } = wanted;
    const isPart = [where.cause, where.id, where.text, where.jobs].some((each) => each !== undefined);
    if (!isPart) {
      const retried = await retryAll(parts.redis, parts.partitions, parts.audit, who, wanted);
      return { json: retried, text: retriedText(retried, wanted) };
    }
    if (dryRun) {
      const tried = await attempt(parts, where, undefined);
      return { json: tried, text: triedText(undefined, tried) };
    }
    const run = await beginRun(parts, who, { where, recipe: undefined, reason, rate, stopPercent });
    return followed(parts, run, wanted, around);
  },
  async runs(parts) {
    const runs = (await listRuns(parts, RUNS_SHOWN)).map(runAnswer);
    return { json: runs, text: runsText(runs) };
  },
  receipt: (parts, _who, { run, json }) => receiptOf(parts, run, json),
  async pause(parts, who, { run }) {
    return runAnswered(await controlRun(parts, who, run, 'pause'));
  },
  async resume(parts, who, wanted, around) {
    return followed(parts, await controlRun(parts, who, wanted.run, 'resume'), wanted, around);
  },
  async cancel(parts, who, { run }) {
    return runAnswered(await controlRun(parts, who, run, 'cancel'));
  },
  async recipes(parts) {
    const saved = await listRecipes(parts.redis);
    return { json: saved, text: recipesText(saved) };
  },
  async 'save-recipe'(parts, who, { recipeName: name = '', recipe, because }) {
    const saved = await saveRecipe(parts, who, { name, recipe: recipe as Recipe, because });
    return { json: saved, text: `Saved as ${name}@${saved.version}` };
  },
  async 'remove-recipe'(parts, who, { recipeName: name = '', because }) {
    await removeRecipe(parts, who, { name, because });
    return { json: { name }, text: `Removed ${name}` };
  },
  async 'auto list'(parts) {
    const now = await redisNow(parts.redis);
    const all = (await listAutoRepairs(parts.redis)).map((each) => autoAnswer(each, now));
    return { json: all, text: autoText(all) };
  },
  async 'auto add'(parts, who, { where: { cause = '' }, recipeName = '', because, auto }) {
    const declared = await declareAutoRepair(parts, who, { cause, recipeName, because, ...auto });
    const added = autoAnswer(declared, await redisNow(parts.redis));
    return { json: added, text: `${added.recipe_name} stands for cause ${cause}, wherever an API runs` };
  },
  async 'auto remove'(parts, who, { where: { cause = '' }, because }) {
    await removeAutoRepair(parts, who, { cause, because });
    return { json: { cause }, text: `No recipe stands for cause ${cause} any more` };
  },
  async aside(parts, who, { where, because }) {
    const moved = await setAside(parts, who, where, because);
    return { json: moved, text: movedText('set aside', moved) };
  },
  async restore(parts, who, { where: { jobs }, because }) {
    const moved = await restore(parts, who, { jobs }, because);
    return { json: moved, text: movedText('restored', moved) };
  },
  async delete(parts, who, { where, aside, because: reason, count }) {
    const meant = aside ? { aside: true as const, jobs: where.jobs } : where;
    const moved = await deleteOrders(parts, who, meant, { count, reason });
    return { json: moved, text: movedText('deleted', moved) };
  },
  async export(parts, _who, { where, json }, { stdout }) {
    for await (const part of exportFailed(parts, where, json ? 'json' : 'csv')) {
      if (!stdout.write(part)) await once(stdout, 'drain');
    }
    return WRITTEN;
  },
};

/** The recipe that is given, or saved, or else proposed. */
async function used(
  parts: RunParts,
  { where, recipe, recipeName }: Wanted,
): Promise<{ recipe: Recipe; recipeName?: string }> {
  if (recipe) return { recipe };
  if (recipeName !== undefined) return findRecipe(parts.redis, recipeName);
  const found = (await proposal(parts, where)).proposal?.recipe;
  if (found !== undefined) return { recipe: found };
  await someAreMeant(parts, where);
  throw new Refused('No recipe is known that would help: give one with --recipe.');
}

/** A cause that was mistyped, or repaired by now, is not one that no recipe helps. */
async function someAreMeant(parts: RunParts, where: Wanted['where']): Promise<void> {
  const { orders } = await attempt(parts, where, undefined);
  if (orders === 0) throw new Refused('No failed order is meant.');
}

/** Drives a run, or looks on where another process does, until it is over or held. */
async function followed(
  parts: RunParts,
  begun: Run,
  { json }: Wanted,
  around: Surroundings,
): Promise<Answered> {
  const me = randomUUID();
  const now = () => readRun(parts, begun.id);
  await follow(
    {
      what: 'orders',
      total: begun.orders,
      async done() {
        const { todo, underWay } = ((await now()) ?? begun).counts;
        return begun.orders - todo - underWay;
      },
      isRunning: async () => (await now())?.state === 'running',
      drive: (signal) => driveRun(parts, begun.id, me, signal),
    },
    around,
  );
  const last = (await readRun(parts, begun.id)) ?? begun;
  if (last.state === 'running')
    complain(`run ${begun.id} goes on wherever an API runs, or by order-pipeline failed resume`, around);
  if (last.state !== 'done') return { ...(await runAnswered(last)), code: EXIT.no };
  return receiptOf(parts, begun.id, json);
}

async function receiptOf(parts: RunParts, id: string, withRows: boolean): Promise<Answered> {
  const run = await readRun(parts, id);
  if (run === undefined) throw new Refused('There is no such run.', 'missing');
  const receipt = receiptAnswer(run, await readReceipt(parts, id, withRows ? MOST_ROWS : 0));
  return { json: { currency: parts.currency, ...receipt }, text: receiptText(receipt) };
}

const runAnswered = (run: Run): Answered => ({ json: runAnswer(run), text: runText(runAnswer(run)) });
