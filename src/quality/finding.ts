/**
 * The words of the quality stage: what a check says of an order. Reader and writer know this file, not each other.
 * A finding never changes whether an order is right by the rules of `orders/`; it says what those rules cannot see.
 */

/** `info` and `warn` count the order; `hold` sends it to the failed set, where a person decides. */
export type Severity = 'info' | 'warn' | 'hold';
export const SEVERITIES: readonly Severity[] = ['info', 'warn', 'hold'];

/** One edit that would mend an order. Shown only when the mended order passes the rules and the checks. */
export interface Fix {
  /** Where, in the order as it was sent: `items[0].price_per_unit`. */
  path: string;
  /** What belongs there, as JSON. */
  value: string | number;
}

export interface Finding {
  /** The check's id, e.g. `price_unlike_product`. With `version` it names the very code that said it. */
  rule: string;
  version: number;
  /** Where, in the order as it was sent; `''` when the order as a whole is meant. */
  path: string;
  /**
   * What is grouped and labelled together with `rule`: a product, a mask of an identifier, a payment method.
   * Never personal data: no user id, no address line.
   */
  key: string;
  severity: Severity;
  /** What stands there, as text for a person. */
  observed: string;
  /** What would have been expected, as text for a person: `1.85 to 4.25`. */
  expected: string;
  /** How many observations the expectation rests on; undefined for a declared rule, which rests on none. */
  from?: number;
  /** 0 to 1: how sure the check is, by its own measure. */
  confidence: number;
  /** The edits that would mend it, together. */
  fix?: readonly Fix[];
}

/** Rules that tell of something that began and goes on, once several orders have shown it. */
const SHIFTS: ReadonlySet<string> = new Set(['price_level_moved', 'field_goes_missing']);
export const isOfManyOrders = (rule: string): boolean => SHIFTS.has(rule);

const SURE = 0.98;
/** As sure as a finding must be to be one that may hold an order. */
export const isSure = ({ confidence }: Pick<Finding, 'confidence'>): boolean => confidence >= SURE;

/** Whether one finding is enough for somebody to look at; of others it takes some orders that have it. */
export const isPlain = (finding: Finding): boolean =>
  finding.severity === 'hold' || isSure(finding) || isOfManyOrders(finding.rule);
