import type { Cluster, Redis } from 'ioredis';
import type { Config } from '../../src/config/config.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { rulesPass } from '../../src/quality/fixes.ts';
import type { GroupToReview, Reviewed } from '../../src/quality/model/opinion.ts';
import { opinionsOn } from '../../src/quality/model/opinions.ts';
import { openReviewer } from '../../src/quality/model/reviewer.ts';
import { AFTER_ITS_ORIGINAL } from './corruptions.ts';
import { makePipeline, type Verdict } from './pipeline.ts';
import { seeded } from './random.ts';
import type { RawOrder } from './rawOrder.ts';
import { ALL_KINDS, hasTwoPrices } from './run.ts';

const OF_EACH_KIND = 12;
const OF_CLEAN = 48;
const CLEAN = 'nothing put in, flagged all the same';

export interface ModelTally {
  kind: string;
  shown: number;
  /** What the model says of them. */
  defect: number;
  plausible: number;
  unsure: number;
  unanswered: number;
}

export interface ModelResult {
  rows: ModelTally[];
  /** Calls and dollars of today, this run's among them. */
  calls: number;
  dollars: number;
}

/**
 * What a model says of findings: of orders with something put in, and of such as are flagged although nothing was. As the role asks
 * it, and on the same budget. The orders are the first of the scored part that have a finding.
 */
export async function measureModel(
  { orders, from, to }: { orders: readonly RawOrder[]; from: number; to: number },
  { config, redis }: { config: Config; redis: Redis | Cluster },
): Promise<ModelResult> {
  if (!config.model) throw new Error('--llm needs LLM_BASE_URL and LLM_MODEL');
  const groups = new Map<string, GroupToReview[]>(
    [...ALL_KINDS.map(({ name }) => name), CLEAN].map((name) => [name, []]),
  );
  const keep = (name: string, order: RawOrder, { findings }: Verdict, most: number) => {
    const own = groups.get(name) as GroupToReview[];
    const [finding] = findings;
    if (finding && own.length < most)
      own.push({ id: `${name} ${own.length}`, finding, count: 1, samples: [{ ref: order.order_id, order }] });
  };
  const pipeline = makePipeline();
  const random = seeded(1);
  for (let at = 0; at < to; at += 1) {
    const order = orders[at] as RawOrder;
    pipeline.advance(Date.parse(order.order_timestamp as string));
    const verdict = pipeline.judge(order, false);
    if (at >= from) {
      if (!hasTwoPrices(order)) keep(CLEAN, order, verdict, OF_CLEAN);
      for (const kind of ALL_KINDS) {
        if (AFTER_ITS_ORIGINAL.has(kind.id) || (groups.get(kind.name)?.length ?? 0) >= OF_EACH_KIND) continue;
        const put = kind.corrupt(order, random);
        if (put) keep(kind.name, put.order, pipeline.judge(put.order, true), OF_EACH_KIND);
      }
    }
    pipeline.learn(order, verdict);
  }
  const parse = makeParseOrder(config.rules);
  const log = { info: () => log, warn: () => log } as unknown as Parameters<typeof openReviewer>[0]['log'];
  const mends = (order: unknown, fix: Parameters<typeof rulesPass>[1]) =>
    rulesPass(order, fix, { parse, receivedAt: new Date().toISOString() }) !== undefined;
  const model = openReviewer({ config: config.model, redis, log, mends });
  const rows: ModelTally[] = [];
  for (const [kind, shown] of groups) {
    if (shown.length > 0)
      rows.push({ kind, shown: shown.length, ...verdictsOf(await opinionsOn(model, shown)) });
  }
  const { calls, dollars } = await model.spend();
  model.close();
  return { rows, calls, dollars };
}

function verdictsOf(answers: readonly Reviewed[]) {
  const of = (verdict: string) => answers.filter(({ opinion }) => opinion?.verdict === verdict).length;
  return {
    defect: of('defect'),
    plausible: of('plausible'),
    unsure: of('unsure'),
    unanswered: answers.filter(({ opinion }) => opinion === undefined).length,
  };
}
