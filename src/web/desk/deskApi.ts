import { keptKey } from '../kit/apiKey.ts';
import { ask, askJson, Trouble, troubleOf } from '../kit/ask.ts';

/*
 * What the desk's operations take and answer, as far as this page shows it. Money in units of the currency, times ISO, UTC.
 */

/** Who held a cause and why; `over` once more orders have failed for it since. */
export interface Hold {
  by: Who;
  at: string;
  because: string;
  over: boolean;
}

export interface Cause {
  cause: string;
  reason: string;
  path: string;
  shape: string;
  orders: number;
  users: number;
  money: number;
  of_unknown_value: number;
  first_seen: string;
  last_seen: string;
  new: boolean;
  hold: Hold | null;
  /** Of its orders those that failed first in each of the last 48 hours; the one under way last. */
  trend: number[];
}

export interface Causes {
  orders: number;
  money: number;
  of_unknown_value: number;
  currency: string;
  since: string | null;
  held: number;
  groups: Cause[];
}

/** Which causes: without those on hold, those alone, or all. */
export type Held = 'without' | 'only' | 'all';

/** What so many orders of those looked at have in common. */
export interface Feature {
  name: string;
  value: string;
  orders: number;
  of: number;
}

export interface Looked {
  proposal: Proposal | null;
  features: Feature[];
}

export interface SavedRecipe {
  name: string;
  version: number;
  recipe: Recipe;
  by: Who;
  at: string;
  because: string;
}

/** A recipe, and the name and version it is saved under, where it is. */
export interface Chosen {
  recipe: Recipe | null;
  name?: string | undefined;
}

export interface Proposal {
  recipe: Recipe;
  passes: number;
  of: number;
}

export type Scalar = string | number | boolean | null;
export type Step = { do: string } & Record<string, Scalar>;
export interface Recipe {
  version: 1;
  steps: Step[];
}

/** Which orders are meant: all conditions hold together. */
export interface Where {
  cause?: string;
  reason?: string;
  text?: string;
  /** Its order id, user id or message id, whole. */
  id?: string;
  jobs?: string[];
}

export interface FailedOrder {
  job: string;
  order_id: string;
  user_id: string;
  money: number | null;
  issues: { reason: string; path: string }[];
  attempts: number;
  first_failed_at: string;
  last_failed_at: string;
}

interface FailedOrders {
  currency: string;
  orders: FailedOrder[];
  next_cursor: string | null;
  /** How far back was looked by then; null when all that match were found. */
  looked_back_to: string | null;
}

export interface Change {
  path: string;
  before: string | null;
  after: string | null;
}

interface Sum {
  orders: number;
  money: number;
}

export interface Tried {
  orders: number;
  currency: string;
  would_count: Sum;
  duplicates: Sum;
  still_fail: {
    orders: number;
    reasons: { reason: string; path: string; orders: number; example: string }[];
  };
  diffs: {
    job: string;
    order_id: string;
    user_id: string;
    outcome: string;
    changes: Change[];
  }[];
}

export type RunState = 'preparing' | 'running' | 'paused' | 'stopped' | 'cancelled' | 'done';
export type RunAction = 'pause' | 'resume' | 'cancel';

export interface Who {
  kind: string;
  name?: string;
}

export interface Run {
  run: string;
  at: string;
  who: Who;
  because: string;
  where: Where;
  recipe: Recipe | null;
  recipe_name: string | null;
  rate: number | null;
  stop_percent: number;
  state: RunState;
  why: string | null;
  ended_at: string | null;
  orders: number;
  counts: {
    todo: number;
    sent: number;
    under_way: number;
    ended: number;
    failed_again: number;
    left: number;
    gone: number;
  };
}

export interface ReceiptRow {
  job: string;
  order_id: string;
  user_id: string;
  state: string;
  money: number | null;
  changes: Change[];
  ledger_now: string | null;
  /** Why it was left as it is. */
  fault: Fault | null;
}

export interface Receipt {
  currency: string;
  run: Run;
  money: { before: number; repaired: number; elsewhere: number; after: number };
  states: Record<string, number>;
  orders: ReceiptRow[];
}

/** One order as far as it is kept. Data is that of its job: the order, or what it came in. */
export interface OrderStory {
  job: string;
  state: 'failed' | 'aside' | 'completed' | 'waiting' | 'ended';
  failed_reason: string | null;
  /** Null when only what is kept beside it is left. */
  data: unknown;
  /** What the rules and the ledger say of it as it is. */
  now: Standing | null;
  currency: string;
  /** As JSON text with all its digits; null when it has not failed. */
  text: string | null;
  /** How often it was edited. */
  revision: number | null;
  original: unknown;
  edits: { at: string; by: Who; data: unknown }[];
  outcome: { outcome: string; at: string } | null;
  aside: { at: string; by: Who; reason: string } | null;
  story: { sentence: string; deliveries: Delivery[] };
}

/** A message of an order, and what became of it. */
export interface Delivery {
  job: string;
  state: 'failed' | 'aside' | 'completed' | 'delayed' | 'active' | 'waiting' | 'gone';
  received_at: string;
  refused: { sentence: string } | null;
  ended: { outcome: string } | null;
  changes: AuditChange[];
}

export interface AuditChange {
  at: string;
  who: Who;
  action: string;
  reason: string | null;
  result: string | null;
  why: string | null;
}

export interface Issue {
  reason: string;
  path: string;
  message: string;
}

/** What would become of an order as it is, by the rules and the ledger. */
export interface Standing {
  outcome: 'would count' | 'duplicate' | 'still fails';
  issues: Issue[];
  /** How many there are, of which some are told. */
  wrong: number;
  ledger: string | null;
  money: number | null;
}

export interface Checked extends Standing {
  currency: string;
  /** Why it cannot be stored at all. */
  unsaved: string | null;
}

interface Edit {
  text: string;
  revision: number;
  queue: boolean;
  because: string;
}

export interface Fault {
  reason: string;
  path: string;
  why?: string | undefined;
}

export interface Aside {
  job: string;
  order_id: string;
  user_id: string;
  at: string;
  by: Who;
  because: string;
}

export interface Moved {
  orders: number;
  gone: number;
}

interface RunWanted {
  where: Where;
  chosen: Chosen;
  because: string;
  rate?: number;
  stop_percent: number;
}

/** A saved recipe that stands for a cause. */
export interface AutoRepair {
  cause: string;
  reason: string;
  path: string;
  recipe_name: string;
  by: Who;
  at: string;
  because: string;
  per_hour: number;
  per_day: number;
  state: 'standing' | 'stopped';
  why: string | null;
  tried: number;
  counted: number;
  sent_last_hour: number;
  sent_last_day: number;
  run: string | null;
}

export const ROWS = 50;

/** By its name where it has one, which the receipt names then. */
const recipeOf = ({ recipe, name }: Chosen) =>
  recipe === null ? {} : name === undefined ? { recipe } : { recipe_name: name };

/** `root`: where the API begins. `locked` hears why whoever asks may not even look. */
export function deskApi(root: string, locked: (trouble: Trouble) => void) {
  const api = `${root}desk/api`;
  const get = async <T>(path: string): Promise<T> => {
    try {
      return await askJson<T>(api + path, { key: keptKey() });
    } catch (error) {
      if (error instanceof Trouble && [401, 403].includes(error.problem?.status ?? 0)) locked(error);
      throw error;
    }
  };
  const post = <T>(path: string, body: object) =>
    askJson<T>(api + path, { key: keptKey(), method: 'POST', body });
  const id = encodeURIComponent;
  return {
    groups: (held: Held) => get<Causes>(`/groups?held=${held}`),
    hold: (cause: string, because: string) => post<unknown>(`/groups/${id(cause)}/hold`, { because }),
    release: (cause: string, because: string) => post<unknown>(`/groups/${id(cause)}/release`, { because }),
    search: (where: Where, cursor?: string) => post<FailedOrders>('/search', { where, cursor, limit: ROWS }),
    look: (where: Where) => post<Looked>('/proposal', { where }),
    try: (where: Where, chosen: Chosen) => post<Tried>('/try', { where, ...recipeOf(chosen) }),
    /** Without a recipe the orders are sent as they are. */
    begin: ({ chosen, ...wanted }: RunWanted) =>
      post<Run>(chosen.recipe === null ? '/retry' : '/repair', { ...wanted, ...recipeOf(chosen) }),
    recipes: async () => (await get<{ recipes: SavedRecipe[] }>('/recipes')).recipes,
    saveRecipe: (name: string, recipe: Recipe, because: string) =>
      post<SavedRecipe>('/recipes/save', { name, recipe, because }),
    runs: async () => (await get<{ runs: Run[] }>('/runs?limit=10')).runs,
    run: (run: string) => get<Run>(`/runs/${id(run)}`),
    control: (run: string, action: RunAction) => post<Run>(`/runs/${id(run)}/${action}`, {}),
    receipt: (run: string) => get<Receipt>(`/runs/${id(run)}/receipt?limit=${ROWS}`),
    autoRepairs: async () => (await get<{ auto_repairs: AutoRepair[] }>('/auto-repairs')).auto_repairs,
    addAuto: (wanted: { cause: string; recipe_name: string; because: string }) =>
      post<AutoRepair>('/auto-repairs/add', wanted),
    removeAuto: (cause: string, because: string) => post<unknown>('/auto-repairs/remove', { cause, because }),
    order: (job: string) => get<OrderStory>(`/orders/${id(job)}`),
    check: (job: string, text: string) => post<Checked>(`/orders/${id(job)}/check`, { text }),
    edit: (job: string, edit: Edit) => post<unknown>(`/orders/${id(job)}/edit`, edit),
    aside: () => get<{ orders: number; rows: Aside[] }>(`/aside?limit=${ROWS}`),
    setAside: (where: Where, because: string) => post<Moved>('/set-aside', { where, because }),
    restore: (jobs: readonly string[], because: string) => post<Moved>('/restore', { jobs, because }),
    remove: (where: Where, aside: boolean, count: number, because: string) =>
      post<Moved>('/delete', { where, aside, count, because }),
    /** A file for whoever sent them. */
    async csv(where: Where): Promise<string> {
      const asked = { accept: 'text/csv', key: keptKey(), method: 'POST' as const, body: { where } };
      const answer = await ask(`${api}/export`, asked);
      if (!answer.ok) throw troubleOf(answer);
      return answer.text;
    },
  };
}

export type DeskApi = ReturnType<typeof deskApi>;
