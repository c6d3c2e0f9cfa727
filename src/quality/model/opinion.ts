import type { Finding, Fix } from '../finding.ts';

/**
 * The words of the language model's part. What it says is an opinion beside a finding: it closes no finding, changes no
 * severity, and no order waits for it.
 */

/**
 * How a call ended. Each is counted. `http_<status>` is a refusal of the endpoint; `cut_short`, that the model ran into
 * the bound of its answer; `unparsable`, that no JSON was found in the answer after a repair turn; `wrong_shape`, that
 * what was found is not what was asked for; `unanswered`, that this one was left out; `canary_failed`, that the model
 * misjudged what is plain, so that nothing it said in the same breath counts; `redis_away`, that nobody could say whether
 * there is budget left.
 */
export type CallOutcome =
  | 'ok'
  | 'over_budget'
  | 'open_circuit'
  | 'timeout'
  | 'unreachable'
  | `http_${number}`
  | 'too_large'
  | 'cut_short'
  | 'empty'
  | 'unparsable'
  | 'wrong_shape'
  | 'unanswered'
  | 'canary_failed'
  | 'redis_away'
  | 'closed';

export const VERDICTS = ['defect', 'plausible', 'unsure'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What the model may give as the cause: a closed list, so that causes can be counted and nothing else is said in one. */
export const CAUSES = [
  'decimal_shift',
  'wrong_unit',
  'extra_digit',
  'swapped_fields',
  'typo',
  'unknown_value',
  'wrong_format',
  'place_mismatch',
  'duplicate',
  'test_data',
  'sender_changed',
  'price_changed',
  'bulk_order',
  'new_and_real',
  'addresses_the_reader',
  'other',
] as const;
export type ModelCause = (typeof CAUSES)[number];

/** One order of a group, as it was sent. Of it only the fields of an allow-list leave the house; see redact.ts. */
export interface SampleOrder {
  /** The caller's word for it, as a message id. It does not leave; a fix is handed back under it. */
  ref: string;
  order: unknown;
  /** Where in this order the finding is, when it is elsewhere than in the group's own. */
  path?: string;
}

/** What is shown of a group: one finding of it, and a few of its orders. */
export interface GroupToReview {
  /** The caller's word for it. It does not leave. */
  id: string;
  finding: Finding;
  /** Findings in the group. */
  count: number;
  /** The first few are shown. */
  samples: readonly SampleOrder[];
}

export interface Opinion {
  verdict: Verdict;
  cause: ModelCause;
  /** English, one line, without addresses of the web; text of a stranger, never markup. Undefined when it was none of that. */
  explanation: string | undefined;
  /** For orders of the samples; each passed `mends`, so the repaired order passes the rules and the checks. */
  fixes: readonly { ref: string; fix: readonly Fix[] }[];
}

export interface Reviewed {
  id: string;
  outcome: CallOutcome;
  /** From memory: nothing was asked. */
  cached: boolean;
  /** Only when the outcome is `ok`. */
  opinion?: Opinion;
}

/** Distinct values, each asked about once ever. `place` is city, region, country; `id_shape` a mask, never an id. */
export type ValueKind = 'payment_method' | 'place' | 'id_shape';

export interface JudgedValue {
  value: string;
  outcome: CallOutcome;
  cached: boolean;
  verdict?: Verdict;
  cause?: ModelCause;
  /** One of the known values that were given, when it looks like a slip of that. */
  meant?: string;
}

/** One order of a sample that somebody asked for. */
export interface ReviewedOrder {
  ref: string;
  outcome: CallOutcome;
  cached: boolean;
  /** `info`, rule `model_review`, with a closed cause as its key; a fix only when it passed `mends`. */
  findings?: readonly Finding[];
}

/** Rules that would catch a group from now on. Nothing switches them on but a person who puts them into QUALITY_RULES. */
export interface DraftedRules {
  id: string;
  outcome: CallOutcome;
  cached: boolean;
  /** Each the text of a file of own rules with one rule, `warn` at most, which the reader of such files takes. */
  drafts?: readonly string[];
}

/** What was spent today (UTC by Redis's clock) over all processes, and what may be. */
export interface Spend {
  day: string;
  dollars: number;
  dollarsCap: number;
  tokens: number;
  tokensCap: number;
  calls: number;
  /** Calls by outcome. */
  outcomes: Readonly<Record<string, number>>;
  /** Dollars per million tokens; `assumed`, and high, when nobody said. */
  price: { input: number; output: number; from: 'configured' | 'assumed' };
  /** Until when no call is made, ms since 1970; undefined while calls are made. Of this process. */
  openUntil: number | undefined;
}

/** No call rejects because of the model: how it ended is in what it returns. */
export interface ModelReviewer {
  readonly model: string;
  readonly promptVersion: number;
  reviewGroups(groups: readonly GroupToReview[]): Promise<Reviewed[]>;
  judgeValues(kind: ValueKind, values: readonly string[], known?: readonly string[]): Promise<JudgedValue[]>;
  reviewOrders(orders: readonly SampleOrder[]): Promise<ReviewedOrder[]>;
  draftRules(groups: readonly GroupToReview[]): Promise<DraftedRules[]>;
  spend(): Promise<Spend>;
  /** Ends calls under way; whatever is asked later ends as `closed`. The Redis connection stays the caller's. */
  close(): void;
}

/**
 * Whether the order, with these edits, passes the rules and the checks: the same question that fixes of rules answer.
 * `finding` is the group's, with the path that it has in this order.
 */
export type Mends = (order: unknown, fix: readonly Fix[], finding: Finding) => boolean;
