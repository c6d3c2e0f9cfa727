/**
 * How much of what is wrong the quality stage finds, and what it costs in false alarms.
 *
 *   npm run eval -- --data online-retail.csv.gz [--seed 1] [--tuning] [--examples]
 *
 * The data is told in docs/quality.md. `--tuning` scores the part that thresholds may be chosen on, and nothing else.
 */
import { parseArgs } from 'node:util';
import { readOnlineRetail } from './eval/onlineRetail.ts';
import { run } from './eval/run.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'data/online-retail.csv.gz' },
    seed: { type: 'string', default: '1' },
    tuning: { type: 'boolean', default: false },
    examples: { type: 'boolean', default: false },
    every: { type: 'string', default: '4' },
    prevalence: { type: 'string', default: '0.01' },
  },
});
const { orders } = readOnlineRetail(values.data);
const indexOf = (time: string) => orders.findIndex((order) => (order.order_timestamp as string) >= time);
const t = performance.now();
const r = run({
  orders,
  from: indexOf('2011-01-10'),
  to: indexOf('2011-04-01'),
  prevalence: Number(values.prevalence),
  seed: Number(values.seed),
  probeEvery: Number(values.every),
});
for (const [k, v] of r.kinds)
  console.log(
    k.padEnd(18),
    v.tried,
    'recall',
    (v.hit / v.tried).toFixed(3),
    'warm',
    (v.warmHit / v.warmTried).toFixed(3),
    'refused',
    (v.refused / v.tried).toFixed(2),
    'mad',
    (v.mad / v.tried).toFixed(2),
    'fix',
    v.fixes,
    (v.exact / v.fixes).toFixed(3),
  );
const c = r.clean;
console.log({
  orders: c.orders,
  lines: c.lines,
  per1000: (1000 * c.flagged) / c.orders,
  perLines: (1000 * c.flaggedLines) / c.lines,
  small: (1000 * c.small.flagged) / c.small.orders,
  large: (1000 * c.large.flagged) / c.large.orders,
  mad: (1000 * c.byMad) / c.orders,
  groups: (1000 * c.groups.size) / c.orders,
  repeated: [...c.groups.values()].filter((n) => n > 1).length,
  fixes: (1000 * c.fixes) / c.orders,
  cold: c.cold,
});
console.log(c.byRule, r.put, r.warmth, r.faults, performance.now() - t);
if (values.examples) for (const e of r.examples) console.log(e);
