import type { Author } from '../../audit/auditEntry.ts';
import { NoTrace } from '../../audit/auditLog.ts';
import { HttpProblem } from '../../http/transport/problem.ts';
import { CSV_TYPE } from '../../http/transport/send.ts';
import { isOfSqs, type LetterQueue } from '../../queue/letterQueue.ts';
import { deleteOrders, restore, setAside } from '../aside/moveJobs.ts';
import { readAside } from '../aside/readAside.ts';
import {
  type AutoWanted,
  declareAutoRepair,
  listAutoRepairs,
  removeAutoRepair,
} from '../auto/autoRepairs.ts';
import { proposal } from '../causes/proposal.ts';
import { letterApi } from '../deadLetters/letterAnswers.ts';
import { checkOrder, type EditWanted, editOrder, WouldFail, type Written } from '../edit/editOrder.ts';
import { holdCause, releaseCause } from '../hold/holds.ts';
import type { Meant } from '../matching.ts';
import { makeQualityApi, type QualityParts } from '../quality/qualityApi.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import { readReceipt } from '../runs/receipt.ts';
import {
  beginRun,
  controlRun,
  listRuns,
  type Run,
  type RunAction,
  type RunParts,
  type RunWanted,
  readRun,
} from '../runs/runs.ts';
import {
  findRecipe,
  listRecipes,
  removeRecipe,
  type SavedRecipe,
  saveRecipe,
} from '../saved/savedRecipes.ts';
import { namesOf } from '../story/keptOrder.ts';
import { readStory } from '../story/story.ts';
import { storyAnswer } from '../story/storyAnswer.ts';
import { type AuditAsked, auditAnswer, auditFile, chainAnswer } from '../trail/auditAnswers.ts';
import { autoAnswer } from './autoAnswers.ts';
import { checkAnswer, editAnswer, MOST_ISSUES } from './editAnswers.ts';
import { exportFailed } from './exportFailed.ts';
import { attempt, groups, type Held, holdAnswer, search, searchJobs } from './reads.ts';
import { asideAnswer, receiptAnswer, runAnswer } from './runAnswers.ts';
import { show } from './show.ts';

interface Begin {
  where: Meant;
  because: string;
  rate?: number | undefined;
  stop_percent: number;
}

/** A recipe, or what one is saved as. */
interface Chosen {
  recipe?: Recipe | undefined;
  recipe_name?: string | undefined;
}

interface AutoAsked extends Pick<AutoWanted, 'cause' | 'orders' | 'because'> {
  recipe_name: string;
  per_hour: number;
  per_day: number;
  money_per_day?: number | undefined;
}

type Used = Pick<RunWanted, 'recipe' | 'recipeName'>;

/** What the desk answers to programs, and to its page, which uses nothing else. @throws HttpProblem */
export function makeDeskApi(
  parts: RunParts,
  letters: () => Promise<LetterQueue>,
  quality: Omit<QualityParts, 'redis' | 'audit' | 'currency'>,
) {
  const begin = async (who: Author, { where, because, rate, stop_percent }: Begin, recipe: Used) =>
    runAnswer(
      await beginRun(parts, who, { where, ...recipe, reason: because, rate, stopPercent: stop_percent }),
    );
  const used = async ({ recipe, recipe_name: name }: Chosen): Promise<Used> =>
    name === undefined ? { recipe } : findRecipe(parts.redis, name);
  const runOf = async (id: string): Promise<Run> => {
    const run = await readRun(parts, id);
    if (run === undefined) throw new Refused('There is no such run.', 'missing');
    return run;
  };
  return told({
    failedGroups: ({ held }: { held: Held }) => groups(parts, held),
    async controlCause(
      { cause, action, because }: { cause: string; action: 'hold' | 'release'; because: string },
      who: Author,
    ) {
      if (action === 'hold')
        return { cause, hold: holdAnswer(await holdCause(parts, who, cause, because), false) };
      await releaseCause(parts, who, cause, because);
      return { cause, hold: null };
    },
    failedSearch: ({
      where: { jobs, ...where },
      ...page
    }: {
      where: Meant;
      limit: number;
      cursor?: string | undefined;
    }) => (jobs ? searchJobs(parts, { jobs, ...page }) : search(parts, { ...where, ...page })),
    failedExport: async ({ where, format }: { where: Meant; format: 'csv' | 'jsonl' }) => ({
      type: format === 'csv' ? CSV_TYPE : JSON_LINES_TYPE,
      name: `failed-orders.${format}`,
      parts: exportFailed(parts, where, format),
    }),
    failedOrder: ({ job }: { job: string }) => show(parts, job),
    checkOrder: async (input: Written) => checkAnswer(await checkOrder(parts, input), parts.currency),
    editOrder: async (input: EditWanted, who: Author) =>
      editAnswer(input, await editOrder(parts, who, input), parts.currency),
    orderByName: async ({ user_id, order_id }: { user_id: string; order_id: string }) =>
      storyAnswer(await readStory(parts, namesOf(user_id, order_id, parts.rules.idCase))),
    audit: (asked: AuditAsked & { limit: number; cursor?: string | undefined }) =>
      auditAnswer(parts.redis, asked),
    auditExport: async (asked: AuditAsked & { format: 'csv' | 'jsonl' }) => ({
      type: asked.format === 'csv' ? CSV_TYPE : JSON_LINES_TYPE,
      name: `audit.${asked.format}`,
      parts: auditFile(parts.redis, asked),
    }),
    ...letterApi(parts, letters),
    ...makeQualityApi({ ...parts, ...quality }),
    auditChain: () => chainAnswer(parts.redis, parts.auditRetentionDays),
    proposeRecipe: ({ where }: { where: Meant }) => proposal(parts, where),
    async tryRecipe({ where, ...chosen }: { where: Meant } & Chosen) {
      const { recipe, recipeName } = await used(chosen);
      return { recipe_name: recipeName ?? null, ...(await attempt(parts, where, recipe)) };
    },
    repairFailed: async (input: Begin & Chosen, who: Author) => begin(who, input, await used(input)),
    retryFailed: (input: Begin, who: Author) => begin(who, input, { recipe: undefined }),
    savedRecipes: async () => ({ recipes: await listRecipes(parts.redis) }),
    saveRecipe: (input: Pick<SavedRecipe, 'name' | 'recipe' | 'because'>, who: Author) =>
      saveRecipe(parts, who, input),
    async removeRecipe(input: { name: string; because: string }, who: Author) {
      await removeRecipe(parts, who, input);
      return { name: input.name };
    },
    repairRuns: async ({ limit }: { limit: number }) => ({
      runs: (await listRuns(parts, limit)).map(runAnswer),
    }),
    repairRun: async ({ run }: { run: string }) => runAnswer(await runOf(run)),
    repairReceipt: async ({ run, limit }: { run: string; limit: number }) => ({
      currency: parts.currency,
      ...receiptAnswer(await runOf(run), await readReceipt(parts, run, limit)),
    }),
    controlRun: async ({ run, action }: { run: string; action: RunAction }, who: Author) =>
      runAnswer(await controlRun(parts, who, run, action)),
    autoRepairs: async () => ({
      currency: parts.currency,
      auto_repairs: (await listAutoRepairs(parts.redis)).map((each) => autoAnswer(each)),
    }),
    async addAutoRepair(
      { recipe_name, per_hour, per_day, money_per_day, ...wanted }: AutoAsked,
      who: Author,
    ) {
      const budget = {
        perHour: per_hour,
        perDay: per_day,
        ...(money_per_day === undefined ? {} : { moneyPerDay: Math.round(money_per_day * 100) }),
      };
      const declared = { ...wanted, ...budget, recipeName: recipe_name };
      return autoAnswer(await declareAutoRepair(parts, who, declared));
    },
    async removeAutoRepair(input: { cause: string; because: string }, who: Author) {
      await removeAutoRepair(parts, who, input);
      return { cause: input.cause };
    },
    ordersAside: async ({ limit }: { limit: number }) => ({
      currency: parts.currency,
      ...asideAnswer(await readAside(parts.redis, parts.partitions.all, limit)),
    }),
    setAside: ({ where, because }: { where: Meant; because: string }, who: Author) =>
      setAside(parts, who, where, because),
    restoreOrders: ({ jobs, because }: { jobs?: string[] | undefined; because: string }, who: Author) =>
      restore(parts, who, { jobs }, because),
    deleteOrders: (
      {
        where,
        aside,
        count,
        because: reason,
      }: { where: Meant; aside: boolean; count: number; because: string },
      who: Author,
    ) => deleteOrders(parts, who, aside ? { aside: true, jobs: where.jobs } : where, { count, reason }),
  });
}

const JSON_LINES_TYPE = 'application/x-ndjson';

type Api = Record<string, (input: never, who: never) => Promise<unknown>>;

/** The same, with what was refused as a problem. */
function told<T extends Api>(api: T): T {
  const entries = Object.entries(api).map(([name, answer]) => [
    name,
    (input: never, who: never) =>
      answer(input, who).catch((error: unknown) => Promise.reject(problemOf(error))),
  ]);
  return Object.fromEntries(entries) as T;
}

const PROBLEM_OF = {
  missing: [404, 'not-found'],
  state: [409, 'conflict'],
  unreadable: [400, 'bad-request'],
} as const;

function problemOf(error: unknown): unknown {
  if (isOfSqs(error)) return new HttpProblem(503, { kind: 'sqs-unavailable', detail: error.message });
  if (error instanceof WouldFail) {
    const members = { issues: error.issues.slice(0, MOST_ISSUES) };
    return new HttpProblem(409, { kind: 'conflict', detail: error.message, members });
  }
  if (error instanceof Refused) {
    const [status, kind] = PROBLEM_OF[error.kind];
    return new HttpProblem(status, { kind, detail: error.message });
  }
  if (!(error instanceof NoTrace)) return error;
  const detail =
    'Nothing was changed, because Redis does not take what is written down about it first. Try again soon.';
  return new HttpProblem(503, { kind: 'redis-unavailable', detail });
}
