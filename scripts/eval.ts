/**
 * How much of what is wrong the quality stage finds, and what that costs in false alarms.
 *
 *   npm run eval -- --data online-retail.csv.gz [--seed 1] [--tuning] [--examples]
 *
 * docs/quality.md tells where the data is. `--tuning` scores the part that thresholds may be chosen on and nothing else;
 * `--examples` prints what was said of clean orders.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readOnlineRetail } from './eval/onlineRetail.ts';
import { brokenSenders, priceLevels } from './eval/persistent.ts';
import { falseAlarmTable, persistentTable, precisionTable, recallTable, rulesTable } from './eval/report.ts';
import { type RunResult, run } from './eval/run.ts';
import { readSuperstore } from './eval/superstore.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'data/online-retail.csv.gz' },
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '4' },
    tuning: { type: 'boolean', default: false },
    examples: { type: 'boolean', default: false },
  },
});
if (!existsSync(values.data)) {
  console.error(`--data: there is no ${values.data}; docs/quality.md tells where to get it`);
  process.exit(2);
}
const [seed, every] = [Number(values.seed), Number(values.every)];
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

console.log(
  `# Online Retail, ${values.tuning ? 'the months thresholds are chosen on' : 'months not chosen on'}\n`,
);
for (const note of notes) console.log(`- ${note}`);
report({ orders, ...parts });
console.log(
  persistentTable([
    ["a product's price ×1.5 (in time: 10 of its orders)", priceLevels({ orders, ...parts }, seed)],
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
    run({ ...part, prevalence, seed, probeEvery: prevalence === 0.01 ? every : 0 }),
  );
  const middle = results[1] as RunResult;
  const { lines, warmLines, products } = middle.warmth;
  console.log(
    `- ${((100 * warmLines) / lines).toFixed(1)} % of the scored lines on warm baselines, ${products} products`,
  );
  console.log(`- checks that threw: ${results.reduce((sum, { faults }) => sum + faults, 0)}\n`);
  console.log(`${recallTable(middle)}\n`);
  console.log(`${falseAlarmTable(results)}\n`);
  console.log(`${precisionTable(results)}\n`);
  console.log(`${rulesTable(middle)}\n`);
  if (values.examples) for (const example of middle.examples) console.log(example);
}
