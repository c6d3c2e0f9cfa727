import { writeExactly } from '../../orders/exactJson.ts';
import { digestOf, identityOf } from '../../orders/identity.ts';
import type { IdCase } from '../../orders/ids.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import type { Order } from '../../orders/order.ts';
import type { SumField } from '../../orders/sumFields.ts';
import { type Judging, judgeJob } from '../../queue/judgeJob.ts';
import { isReleased, orderOf, receivedAt } from '../../queue/readOrderJob.ts';
import type { LedgerEntry } from '../../stats/read/lookInLedger.ts';
import { apply } from '../recipes/apply.ts';
import type { FieldChange } from '../recipes/changeAt.ts';
import type { Recipe } from '../recipes/recipe.ts';

/** What a worker would judge by. */
export interface Rules extends Judging {
  sumFields: readonly SumField[];
  idCase: IdCase;
}

/** A job as it is stored. */
export interface StoredJob {
  id: string;
  /** Its data, as JSON text and as what that says; undefined when it is no JSON. */
  text: string;
  data: unknown;
  /** When it was added, ms. */
  addedAt: number;
  /** Why it failed last, as BullMQ keeps it. */
  failedReason: string;
  /** Somebody wrote something else under its key. */
  isForeign: boolean;
}

/** Why an order would fail again: a reason of the rules, or `unreadable` for the recipe. */
export interface Fault {
  reason: string;
  path: string;
  why: string;
}

export type Prepared =
  | { order: Order; entry: LedgerEntry; sent: unknown; changes: FieldChange[]; fault?: undefined }
  | { fault: Fault; changes: FieldChange[]; order?: undefined };

/** What a recipe would make of a job, and what the rules say to that; without a recipe, what they say to it as it is. */
export function prepare(job: StoredJob, recipe: Recipe | undefined, rules: Rules): Prepared {
  if (job.isForeign) return { fault: FOREIGN, changes: [] };
  const { data } = job;
  let changes: FieldChange[] = [];
  try {
    if (recipe === undefined) {
      const order = judgeJob(data, job.addedAt, rules);
      return isHeld(job) ? { fault: HELD, changes } : passing(order, undefined, changes);
    }
    const made = apply(recipe, orderOf(data, rules.reading.maxBodyBytes), rules.sumFields);
    if (made.refusals) {
      const [{ path, why } = { path: '', why: '' }] = made.refusals;
      return { fault: { reason: 'unreadable', path, why }, changes };
    }
    changes = made.changes;
    if (changes.length === 0 && isHeld(job)) return { fault: HELD, changes };
    if (changes.length > 0 && job.text.length > SURELY_SHALLOW) writeExactly(made.order);
    return passing(rules.parse(made.order, receivedAt(data, job.addedAt)), made.order, changes);
  } catch (error) {
    if (error instanceof RangeError) return { fault: TOO_DEEP, changes };
    if (!(error instanceof InvalidOrder)) throw error;
    const { code, path, message } = error.issues[0] as InvalidOrder['issues'][number];
    return { fault: { reason: code, path, why: message }, changes };
  }
}

/** The rules take it, and its review would hold it again as it is. */
const isHeld = ({ data, failedReason }: StoredJob): boolean =>
  failedReason.startsWith('quality_hold') && !isReleased(data);

/** Shorter text cannot nest deep enough to exhaust the stack when it is written again. */
const SURELY_SHALLOW = 4_000;

const FOREIGN: Fault = {
  reason: 'unreadable',
  path: '',
  why: 'what stands in Redis under its key is no job: somebody else wrote it there',
};

/** One order is no reason to keep the others of its run waiting. */
export const TOO_DEEP: Fault = {
  reason: 'unreadable',
  path: '',
  why: 'it is nested too deep to be written again',
};

const HELD: Fault = {
  reason: 'quality_hold',
  path: '',
  why: 'its review holds it: release it, or repair what was found',
};

const passing = (order: Order, sent: unknown, changes: FieldChange[]): Prepared => ({
  order,
  entry: { identity: identityOf(order), digest: digestOf(order) },
  sent,
  changes,
});
