import { keptKey } from '../kit/apiKey.ts';
import { ask, askJson, Trouble, troubleOf } from '../kit/ask.ts';

/*
 * What the desk's operations take and answer, as far as this page shows it. Money in units of the currency, times ISO, UTC.
 */

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
}

export interface Causes {
  orders: number;
  money: number;
  of_unknown_value: number;
  since: string | null;
  groups: Cause[];
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
  orders: FailedOrder[];
  next_cursor: string | null;
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
  now: { fault: Fault | null; ledger: string | null; money: number | null } | null;
  original: unknown;
  edits: { at: string; by: Who; data: unknown }[];
  outcome: { outcome: string; at: string } | null;
  aside: { at: string; by: Who; reason: string } | null;
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
  recipe: Recipe | null;
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

const ROWS = 50;

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
  let currency: Promise<string> | undefined;
  return {
    /** What money is counted in here. */
    currency: () => {
      currency ??= askJson<{ currency: string }>(`${root}pulse`, { key: keptKey() }).then(
        (pulse) => pulse.currency,
        (error) => {
          currency = undefined;
          throw error;
        },
      );
      return currency;
    },
    groups: () => get<Causes>('/groups'),
    search: (where: Where, cursor?: string) => post<FailedOrders>('/search', { where, cursor, limit: ROWS }),
    proposal: async (where: Where) =>
      (await post<{ proposal: Proposal | null }>('/proposal', { where })).proposal,
    try: (where: Where, recipe: Recipe | null) => post<Tried>('/try', { where, recipe: recipe ?? undefined }),
    /** Without a recipe the orders are sent as they are. */
    begin: ({ recipe, ...wanted }: RunWanted) =>
      recipe === null ? post<Run>('/retry', wanted) : post<Run>('/repair', { ...wanted, recipe }),
    runs: async () => (await get<{ runs: Run[] }>('/runs?limit=10')).runs,
    run: (run: string) => get<Run>(`/runs/${id(run)}`),
    control: (run: string, action: RunAction) => post<Run>(`/runs/${id(run)}/${action}`, {}),
    receipt: (run: string) => get<Receipt>(`/runs/${id(run)}/receipt?limit=${ROWS}`),
    recipes: async () => (await get<{ recipes: { name: string; version: number }[] }>('/recipes')).recipes,
    autoRepairs: async () => (await get<{ auto_repairs: AutoRepair[] }>('/auto-repairs')).auto_repairs,
    addAuto: (wanted: { cause: string; recipe_name: string; because: string }) =>
      post<AutoRepair>('/auto-repairs/add', wanted),
    removeAuto: (cause: string, because: string) => post<unknown>('/auto-repairs/remove', { cause, because }),
    order: (job: string) => get<OrderStory>(`/orders/${id(job)}`),
    aside: () => get<{ orders: number; rows: Aside[] }>(`/aside?limit=${ROWS}`),
    setAside: (where: Where, because: string) => post<Moved>('/set-aside', { where, because }),
    restore: (jobs: readonly string[], because: string) => post<Moved>('/restore', { jobs, because }),
    remove: (where: Where, aside: boolean, count: number, because: string) =>
      post<Moved>('/delete', { where, aside, count, because }),
    /** A file for whoever sent them; of a cause or a reason. */
    async csv({ cause = '', reason = '' }: Where): Promise<string> {
      const filled = Object.entries({ cause, reason, format: 'csv' }).filter(([, value]) => value !== '');
      const url = `${api}/export?${new URLSearchParams(filled)}`;
      const answer = await ask(url, { accept: 'text/csv', key: keptKey() });
      if (!answer.ok) throw troubleOf(answer);
      return answer.text;
    },
  };
}

export type DeskApi = ReturnType<typeof deskApi>;
