/**
 * How much of what is wrong the quality stage finds, and what that costs in false alarms.
 *
 *   npm run eval -- --data online-retail.csv.gz [--seeds 3] [--every 4] [--tuning] [--examples]
 *   npm run eval -- --data online-retail.csv.gz --llm
 *
 * docs/quality.md tells where the data is. `--tuning` scores the part that thresholds may be chosen on and nothing else;
 * `--examples` prints what was said of clean orders. `--llm` does something else instead: it shows findings to the language model
 * that LLM_… names, on the daily budget in the product's Redis, and counts what that says.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openRedis } from '../src/cli/kit/withRedis.ts';
import { readConfig } from '../src/config/config.ts';
import { measureModel } from './eval/askModel.ts';
import { readOnlineRetail } from './eval/onlineRetail.ts';
import { brokenSenders, priceLevels } from './eval/persistent.ts';
import {
  falseAlarmTable,
  modelTable,
  persistentTable,
  precisionTable,
  recallTable,
  rulesTable,
} from './eval/report.ts';
import { type RunResult, run } from './eval/run.ts';
import { readSuperstore } from './eval/superstore.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'data/online-retail.csv.gz' },
    seeds: { type: 'string', default: '3' },
    every: { type: 'string', default: '4' },
    tuning: { type: 'boolean', default: false },
    examples: { type: 'boolean', default: false },
    llm: { type: 'boolean', default: false },
  },
});
if (!existsSync(values.data)) {
  console.error(`--data: there is no ${values.data}; docs/quality.md tells where to get it`);
  process.exit(2);
}
const every = Number(values.every);
const SEEDS = Array.from({ length: Number(values.seeds) }, (_, at) => at + 1);
const PREVALENCES = [0.001, 0.01, 0.05];

const { orders, notes } = readOnlineRetail(values.data);
const indexOf = (time: string): number => {
  const at = orders.findIndex((order) => (order.order_timestamp as string) >= time);
  return at < 0 ? orders.length : at;
};
// The thresholds were chosen on what was sent before April, with six weeks to warm up.
const FROZEN = '2011-04-01';
const parts = values.tuning
  ? { from: indexOf('2011-01-10'), to: indexOf(FROZEN) }
  : { from: indexOf(FROZEN), to: orders.length };

if (values.llm) {
  const config = readConfig(process.env, ['redis']);
  const { redis, close } = await openRedis(config);
  const measured = await measureModel({ orders, ...parts }, { config, redis }).finally(close);
  const { orders: reviewed, groups, calls, dollars } = measured.natural;
  const perThousand = (of: number) => (1_000 * of) / reviewed;
  console.log(`${modelTable(measured)}\n\n${measured.calls} calls, $${measured.dollars.toFixed(4)} today`);
  console.log(
    `of ${reviewed} orders as they were sent ${groups} groups and values are asked about: ${perThousand(calls).toFixed(2)} calls and $${perThousand(dollars).toFixed(4)} per 1,000 orders`,
  );
  process.exit(0);
}

console.log(
  `# Online Retail, ${values.tuning ? 'the months thresholds are chosen on' : 'months not chosen on'}\n`,
);
for (const note of notes) console.log(`- ${note}`);
report({ orders, ...parts });
console.log(
  persistentTable([
    ...SEEDS.map(
      (seed) =>
        [
          `a product's price ×1.5 (in time: 10 of its orders), seed ${seed}`,
          priceLevels({ orders, ...parts }, seed),
        ] as const,
    ),
    ['one user in five without payment method (200 orders)', brokenSenders({ orders, ...parts })],
  ]),
);
if (!values.tuning) {
  const superstore = readSuperstore();
  console.log('\n# Superstore, from its 500th order\n');
  for (const note of superstore.notes) console.log(`- ${note}`);
  report({ orders: superstore.orders, from: 500, to: superstore.orders.length });
}

function report(part: { orders: typeof orders; from: number; to: number }): void {
  const results = PREVALENCES.map((prevalence) =>
    SEEDS.map((seed) => run({ ...part, prevalence, seed, probeEvery: prevalence === 0.01 ? every : 0 })),
  );
  const probed = results[1] as RunResult[];
  const middle = probed[0] as RunResult;
  const { lines, warmLines, products } = middle.warmth;
  console.log(
    `- ${((100 * warmLines) / lines).toFixed(1)} % of the scored lines on warm baselines, ${products} products`,
  );
  console.log(`- checks that threw: ${results.flat().reduce((sum, { faults }) => sum + faults, 0)}\n`);
  console.log(`${recallTable(probed)}\n`);
  console.log(`${falseAlarmTable(results)}\n`);
  console.log(`${precisionTable(results)}\n`);
  console.log(`${rulesTable(middle)}\n`);
  const moved = Object.entries(middle.clean.moved).map(([how, findings]) => `${findings} ${how}`);
  console.log(`- of prices said to have moved, by the product's next orders: ${moved.join(', ')}\n`);
  if (values.examples) for (const example of middle.examples) console.log(example);
}
