import type { Order } from '../../orders/order.ts';
import { makeBaselines } from '../../quality/baselines/baselines.ts';
import type { Check, Circumstances } from '../../quality/check.ts';
import { declaredChecks } from '../../quality/declared/declaredChecks.ts';
import { type Finding, isOfManyOrders } from '../../quality/finding.ts';
import { makeReviewer, type Reviewer } from '../../quality/review.ts';

/** What a file is judged by, without Redis: the rules, and what its own orders teach. */
export interface FileChecks {
  /** The second pass: with all orders learned, an order's own share of that left out. */
  reviewer: Reviewer;
  /** The first pass, once per order that would count. */
  learn(line: number, order: Order, circumstances: Circumstances): void;
  /** Between the two. What it returns tells how many lines were judged since, and how many on a warm baseline. */
  beginJudging(): () => { lines: number; warmLines: number };
  /** What began at this line and went on: it can only be told while the orders go by. */
  shiftsAt(line: number): readonly Finding[];
}

export function fileChecks(own: readonly Check[]): FileChecks {
  const baselines = makeBaselines({ onObservation: (seen) => baselines.observe(seen) });
  const { checks: declared } = declaredChecks();
  // Of the first pass: what looks odd to it is not learned, and a shift is one at the order that makes it plain.
  const scout = makeReviewer(baselines.checks);
  const others = makeReviewer([...declared, ...own]);
  const shifts = new Map<number, readonly Finding[]>();
  const reviewer = makeReviewer([
    ...declared,
    ...own,
    ...baselines.checks.filter(({ id }) => !isOfManyOrders(id)),
  ]);
  return {
    reviewer,
    learn(line, order, circumstances) {
      const findings = scout.review(order, circumstances);
      const some = findings.filter(({ rule }) => isOfManyOrders(rule));
      if (some.length > 0) shifts.set(line, some);
      scout.learn(order, findings, circumstances);
      others.learn(order, findings, circumstances);
    },
    beginJudging() {
      const before = baselines.warmth();
      return () => {
        const { lines, warmLines } = baselines.warmth();
        return { lines: lines - before.lines, warmLines: warmLines - before.warmLines };
      };
    },
    shiftsAt: (line) => shifts.get(line) ?? [],
  };
}

/** Own rules alone, to be tried. */
export const ownChecks = (own: readonly Check[]): FileChecks => ({
  reviewer: makeReviewer(own),
  learn: () => {},
  beginJudging: () => () => ({ lines: 0, warmLines: 0 }),
  shiftsAt: () => [],
});
