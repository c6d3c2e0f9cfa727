import { keptKey } from '../kit/apiKey.ts';
import { ask, troubleOf } from '../kit/ask.ts';
import { withValues } from '../kit/jsonPlaces.ts';

export type Severity = 'info' | 'warn' | 'hold';
export type Verdict = 'right' | 'wrong' | 'unsure';

export interface Fix {
  path: string;
  value: string | number;
}

export interface Group {
  group: string;
  rule: string;
  version: number;
  key: string;
  severity: Severity;
  path: string;
  observed: string;
  expected: string;
  from: number | null;
  confidence: number;
  fix: Fix[] | null;
  state: State;
  /** Whether what its rule has learned of the key can be forgotten. */
  learned: boolean;
  orders: number;
  findings: number;
  money: number;
  first_seen: string;
  last_seen: string;
  examples: string[];
  seen: { at: string; observed: string; expected: string }[];
  labels: { right: number; wrong: number; unsure: number; together: Verdict | 'disputed' | null };
  model: { outcome: string; verdict: string | null; cause: string | null; explanation: string | null } | null;
}

/** What GET /quality/groups answers. */
export interface Groups {
  currency: string;
  groups: Group[];
  /** What is muted and has no group any more. */
  muted: Pick<Group, 'group' | 'rule' | 'key'>[];
}

export type State = 'open' | 'rare' | 'quiet' | 'muted';
export type Span = 'hour' | 'day' | 'month';

export interface Outcomes {
  clean: number;
  warned: number;
  held: number;
  invalid: number;
  unreviewed: number;
}

export interface Rule {
  rule: string;
  right: number;
  wrong: number;
  unsure: number;
  disputed: number;
  precision: { value: number; low: number; high: number } | null;
  lowered: { steps: number; at: string; why: string } | null;
  muted: number;
  groups: number;
}

/** What GET /quality/summary answers. */
export interface Summary {
  currency: string;
  layers: string[];
  points: ({ time: string } & Outcomes)[];
  orders: Outcomes & { lost: number };
  groups: Record<State, number>;
  lines: { reviewed: number; warm: number; share: number | null };
  rules: Rule[];
  drift: {
    key: string;
    rule: string;
    orders: number;
    observed: string;
    expected: string;
    last_seen: string;
  }[];
  model: {
    name: string;
    day: string;
    dollars: number;
    dollars_cap: number;
    tokens: number;
    tokens_cap: number;
    calls: number;
    parse_failures: number;
    canary_misses: number;
    outcomes: Record<string, number>;
    open_until: string | null;
  } | null;
}

export interface Labelled {
  together: Verdict | 'disputed';
  lowered: { steps: number; why: string } | null;
}

/** Cards on the page; a thousand of them are no list that anybody reads. */
export const MOST_GROUPS = 100;

/** Asks for what is behind /quality. `locked` hears when nobody may look. */
export function qualityApi(root: string, locked: (why: string) => void) {
  const good = async <T>(path: string, body?: unknown): Promise<T> => {
    const answer = await ask(root + path, {
      key: keptKey(),
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    if (answer.ok) return JSON.parse(answer.text) as T;
    const trouble = troubleOf(answer);
    if (answer.status === 401 || (answer.status === 403 && body === undefined)) locked(trouble.message);
    throw trouble;
  };
  return {
    summary: (span: Span) => good<Summary>(`quality/summary?span=${span}`),
    groups: (state: State) => good<Groups>(`quality/groups?state=${state}&limit=${MOST_GROUPS}`),
    label: (group: string, label: Verdict) => good<Labelled>(`quality/groups/${group}/label`, { label }),
    mute: (group: string, muted: boolean) => good(`quality/groups/${group}/mute`, { muted }),
    reset: (rule: string, key: string) => good(`quality/rules/${rule}/reset`, { key }),
    restore: (rule: string) => good(`quality/rules/${rule}/restore`, {}),
    /** The desk's edit of one order: judged by the rules and the ledger, audited, and given to the workers in the same step. */
    async repair(job: string, fix: readonly Fix[], because: string): Promise<void> {
      const at = `desk/api/orders/${encodeURIComponent(job)}`;
      const { text, revision } = await good<{ text: string | null; revision: number | null }>(at);
      const mended = text === null ? undefined : withValues(text, fix);
      if (mended === undefined) throw new Error('It waits no more, or was changed: look at it on the desk.');
      await good(`${at}/edit`, { text: mended, revision: revision ?? 0, queue: true, because });
    },
  };
}

export type QualityApi = ReturnType<typeof qualityApi>;
