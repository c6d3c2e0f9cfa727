import type { Cluster, Redis } from 'ioredis';
import type { Config } from '../../src/config/config.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { isPlain } from '../../src/quality/finding.ts';
import { rulesPass } from '../../src/quality/fixes.ts';
import type { GroupToReview, Reviewed } from '../../src/quality/model/opinion.ts';
import { isAskedAbout, isOfValue, opinionsOn } from '../../src/quality/model/opinions.ts';
import { openReviewer } from '../../src/quality/model/reviewer.ts';
import { groupId, OPENS_WITH } from '../../src/quality/outcomes/groups.ts';
import { AFTER_ITS_ORIGINAL } from './corruptions.ts';
import { makePipeline, type Verdict } from './pipeline.ts';
import { seeded } from './random.ts';
import type { RawOrder } from './rawOrder.ts';
import { ALL_KINDS } from './run.ts';

const OF_EACH_KIND = 12;
/** Orders that a group is shown with. */
const SAMPLES = 2;
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
  /** What the role asks of so many orders as they were sent, as many things in one question as it may put there. */
  natural: { orders: number; groups: number; calls: number; dollars: number };
}

/**
 * What a model says of findings: of orders with something put in, and of such as are flagged although nothing was. As the role asks
 * it, and on the same budget. Those with something put in are the first of the scored part that have a finding; of the others it is
 * all that the role would ask.
 */
export async function measureModel(
  { orders, from, to }: { orders: readonly RawOrder[]; from: number; to: number },
  { config, redis }: { config: Config; redis: Redis | Cluster },
): Promise<ModelResult> {
  if (!config.model) throw new Error('--llm needs LLM_BASE_URL and LLM_MODEL');
  const groups = new Map<string, GroupToReview[]>(ALL_KINDS.map(({ name }) => [name, []]));
  const keep = (name: string, order: RawOrder, { findings }: Verdict) => {
    const own = groups.get(name) as GroupToReview[];
    const [finding] = findings;
    if (finding)
      own.push({ id: `${name} ${own.length}`, finding, count: 1, samples: [{ ref: order.order_id, order }] });
  };
  const natural = new Map<string, GroupToReview & { opens: boolean }>();
  const keepNatural = (order: RawOrder, { findings }: Verdict) => {
    for (const finding of findings) {
      const id = groupId(finding);
      const { count = 0, samples = [], opens = false } = natural.get(id) ?? {};
      natural.set(id, {
        id,
        finding,
        count: count + 1,
        samples: samples.length < SAMPLES ? [...samples, { ref: order.order_id, order }] : samples,
        opens: opens || count + 1 >= OPENS_WITH || isPlain(finding) || isOfValue(finding.rule),
      });
    }
  };
  const pipeline = makePipeline();
  const random = seeded(1);
  for (let at = 0; at < to; at += 1) {
    const order = orders[at] as RawOrder;
    pipeline.advance(Date.parse(order.order_timestamp as string));
    const verdict = pipeline.judge(order, false);
    if (at >= from) {
      keepNatural(order, verdict);
      for (const kind of ALL_KINDS) {
        if (AFTER_ITS_ORIGINAL.has(kind.id) || (groups.get(kind.name)?.length ?? 0) >= OF_EACH_KIND) continue;
        const put = kind.corrupt(order, random);
        if (put) keep(kind.name, put.order, pipeline.judge(put.order, true));
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
  const before = await model.spend();
  const asked = [...natural.values()].filter(({ opens, finding }) => opens && isAskedAbout(finding));
  if (asked.length > 0)
    rows.push({ kind: CLEAN, shown: asked.length, ...verdictsOf(await opinionsOn(model, asked)) });
  const after = await model.spend();
  for (const [kind, shown] of groups) {
    if (shown.length > 0)
      rows.push({ kind, shown: shown.length, ...verdictsOf(await opinionsOn(model, shown)) });
  }
  const { calls, dollars } = await model.spend();
  model.close();
  return {
    rows,
    calls,
    dollars,
    natural: {
      orders: to - from,
      groups: asked.length,
      calls: after.calls - before.calls,
      dollars: after.dollars - before.dollars,
    },
  };
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
