import type { Order } from '../orders/order.ts';
import type { Check, Circumstances } from './check.ts';
import { type Finding, SEVERITIES } from './finding.ts';
import { keyOf, shownText } from './keyText.ts';

export interface ReviewOptions {
  /** Told the first time a check throws; the message of `error` may quote the order. */
  onFault?: (check: string, error: unknown) => void;
}

/** All checks as one. None of its functions throws. */
export interface Reviewer {
  /** What the checks say of an order, the most severe first, at most MOST_FINDINGS. Same order, same answer. */
  review: (order: Order, circumstances: Circumstances) => readonly Finding[];
  /** Once per order that counted, with what `review` found in it. */
  learn: (order: Order, findings: readonly Finding[], circumstances: Circumstances) => void;
  /** How often each check threw, by its id; one that never did is not in it. */
  faults: () => ReadonlyMap<string, number>;
}

/** An order of a thousand odd lines has one story, not a thousand. */
export const MOST_FINDINGS = 20;

const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);

/**
 * The review of an order by all of some checks. A check that throws is left out of that review and counted: it must
 * neither cost the order its place in the totals nor the other checks their say.
 */
export function makeReviewer(checks: readonly Check[], options: ReviewOptions = {}): Reviewer {
  const { onFault = () => {} } = options;
  const faults = new Map<string, number>();
  const fault = (check: Check, error: unknown) => {
    const before = faults.get(check.id) ?? 0;
    faults.set(check.id, before + 1);
    if (before === 0) onFault(check.id, error);
  };
  return {
    review(order, circumstances) {
      let found: Finding[] | undefined;
      for (const check of checks) {
        try {
          const findings = check.judge(order, circumstances);
          if (findings.length > 0) found = found ? found.concat(findings) : [...findings];
        } catch (error) {
          fault(check, error);
        }
      }
      return found ? tidied(found) : NONE;
    },
    learn(order, findings, circumstances) {
      for (const check of checks) {
        if (!check.learn) continue;
        try {
          check.learn(order, findings, circumstances);
        } catch (error) {
          fault(check, error);
        }
      }
    },
    faults: () => faults,
  };
}

const NONE: readonly Finding[] = Object.freeze([]);

function tidied(found: readonly Finding[]): readonly Finding[] {
  return found
    .map(
      (finding): Finding => ({
        ...finding,
        key: keyOf(finding.key),
        observed: shownText(finding.observed),
        expected: shownText(finding.expected),
      }),
    )
    .sort((a, b) => rank(b) - rank(a) || b.confidence - a.confidence)
    .slice(0, MOST_FINDINGS);
}
