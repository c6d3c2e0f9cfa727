/** Why an order is refused by the rules: a closed list, so that failures can be grouped and counted. */
export const REFUSALS = [
  'invalid_json',
  'not_an_object',
  'missing_field',
  'wrong_type',
  'out_of_range',
  'bad_timestamp',
  'no_items',
  'order_value_mismatch',
  'currency_mismatch',
  'conflicting_duplicate',
  'too_large',
] as const;

/**
 * Why an order is kept as a failed job. The last one is no refusal: the order is right by all the rules, and a finding of
 * the quality stage sends it to a person first.
 */
export const REASONS = [...REFUSALS, 'quality_hold'] as const;

export type Refusal = (typeof REFUSALS)[number];

export type Reason = (typeof REASONS)[number];

/** One thing wrong with an order. `path` reads like `items[3].quantity`; empty means the order as a whole. */
export interface Issue {
  code: Reason;
  path: string;
  message: string;
  expected?: string;
  received?: string;
}

/** More issues than anyone would read; the rest are counted, so that one bad file cannot fill Redis. */
const ISSUES_SPELLED_OUT = 20;

/**
 * An order that can never be counted as it is: retrying is pointless, an operator has to repair it.
 * `message` is one plain sentence; `stack` lists every issue a line each, because that is what BullMQ keeps
 * on the failed job and Bull Board shows beside the data.
 */
export class InvalidOrder extends Error {
  override readonly name = 'InvalidOrder';
  readonly issues: readonly Issue[];

  /** `hint` is one more sentence: what the order looks like instead, and what to do. It quotes nothing that was sent. */
  constructor(issues: readonly Issue[], hint?: string) {
    super(hint === undefined ? sentence(issues) : `${sentence(issues)}. ${hint}`);
    this.issues = issues;
    this.stack = spelledOut(issues)
      .map(lineOf)
      .concat(moreThan(issues), hint ?? [])
      .join('\n');
  }

  /** The distinct reasons, in the order they were found. */
  get reasons(): Reason[] {
    return [...new Set(this.issues.map((issue) => issue.code))];
  }
}

const spelledOut = (issues: readonly Issue[]) => issues.slice(0, ISSUES_SPELLED_OUT);

const moreThan = (issues: readonly Issue[]): string[] =>
  issues.length > ISSUES_SPELLED_OUT ? [`and ${issues.length - ISSUES_SPELLED_OUT} more`] : [];

function sentence(issues: readonly Issue[]): string {
  return spelledOut(issues)
    .map((issue) => `${issue.code}: ${issue.message}`)
    .concat(moreThan(issues))
    .join('; ');
}

function lineOf(issue: Issue): string {
  const expected = issue.expected === undefined ? '' : `, expected ${issue.expected}`;
  const received = issue.received === undefined ? '' : `, received ${issue.received}`;
  return `${issue.code} at ${issue.path || 'the order'}: ${issue.message}${expected}${received}`;
}
