import { InvalidOrder } from '../../src/orders/invalidOrder.ts';
import type { Order } from '../../src/orders/order.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { type Baselines, makeBaselines } from '../../src/quality/baselines/baselines.ts';
import { packed, unpacked } from '../../src/quality/baselines/observation.ts';
import { declaredChecks } from '../../src/quality/declared/declaredChecks.ts';
import type { Finding, Fix } from '../../src/quality/finding.ts';
import { explainTotal } from '../../src/quality/refusedTotal.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { medianMad } from './medianMad.ts';
import type { RawOrder } from './rawOrder.ts';

/** What each contender says of an order. */
export interface Verdict {
  /** Refused by the rules that every order has to pass, which all contenders have before them. */
  refused: readonly { path: string }[];
  /** What is proposed where it was refused. */
  fix?: readonly Fix[];
  findings: readonly Finding[];
  /** Paths that median ± MAD finds odd. */
  mad: readonly string[];
}

export interface Pipeline {
  /** The clock goes with the orders as they were sent, ms since 1970. */
  advance(at: number): void;
  /** `trial`: nothing is remembered of it. */
  judge(raw: RawOrder, trial: boolean): Verdict;
  /** To be called after `judge`, of what was not refused. */
  learn(raw: RawOrder, verdict: Verdict): void;
  /** Whether there are at least five lines of the product. */
  isWarm(product: string): boolean;
  baselines: Baselines;
  /** Of checks that threw: must be none. */
  faults(): number;
}

const parse = makeParseOrder({
  currency: 'USD',
  idCase: 'upper',
  maxItems: 10_000,
  maxOrderValue: '1000000000',
  accepts: [],
  sumFields: [],
});

const MINUTES = 60_000;

/** The stages of the worker that decide and learn, in one process and at once: score first, then learn. */
export function makePipeline(): Pipeline {
  const baselines = makeBaselines({
    // Through the form in which workers share it.
    onObservation: (seen) => baselines.observe(unpacked(JSON.parse(JSON.stringify(packed(seen))))),
  });
  const reviewer = makeReviewer([...declaredChecks().checks, ...baselines.checks]);
  const mad = medianMad();
  const seen = new Map<string, number>();
  let newest = 0;
  let last: { raw: RawOrder; order: Order } | undefined;
  const parsed = (raw: RawOrder): Order => {
    if (last?.raw === raw) return last.order;
    const order = parse(raw, new Date(newest + MINUTES).toISOString());
    last = { raw, order };
    return order;
  };
  const circumstances = (trial: boolean) => ({ now: newest + 5 * MINUTES, ...(trial ? { trial } : {}) });
  return {
    baselines,
    judge(raw, trial) {
      let order: Order;
      try {
        order = parsed(raw);
      } catch (error) {
        if (!(error instanceof InvalidOrder)) throw error;
        const fix = explainTotal(raw, error.issues)?.fix;
        return { refused: error.issues, ...(fix ? { fix } : {}), findings: [], mad: [] };
      }
      return { refused: [], findings: reviewer.review(order, circumstances(trial)), mad: mad.review(order) };
    },
    learn(raw, { findings }) {
      const order = parsed(raw);
      reviewer.learn(order, findings, circumstances(false));
      mad.learn(order);
      for (const { productId } of order.items) seen.set(productId, (seen.get(productId) ?? 0) + 1);
    },
    isWarm: (product) => (seen.get(product.toUpperCase()) ?? 0) >= 5,
    faults: () => [...reviewer.faults().values()].reduce((sum, count) => sum + count, 0),
    advance(at) {
      newest = Math.max(newest, at);
    },
  };
}
