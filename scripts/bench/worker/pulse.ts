import { parseArgs } from 'node:util';
import { median, printTable } from '../support/table.ts';
import type { Contender } from './contender.ts';
import { type Figures, measure } from './throughput.ts';

/** Figures of a full run, and how they are called. */
const COLUMNS: readonly [keyof Figures, string, number][] = [
  ['calls', 'Redis commands/order', 3],
  ['scriptMicroseconds', 'µs/order in Redis scripts', 2],
  ['redisMicroseconds', 'Redis: CPU µs/order', 1],
  ['cpuMicroseconds', 'worker: CPU µs/order', 1],
  ['perSecond', 'orders/s', 0],
];

/**
 * The worker with the pulse and without it, in turns, from a full queue. The pulse costs by the second and not by the order,
 * so this is what it comes to where orders are most. Each pair takes turns in who is first.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { jobs: { type: 'string', default: '30000' }, pairs: { type: 'string', default: '7' } },
  });
  await inPairs(
    'the pulse',
    { on: 'ours', off: 'ours without pulse' },
    Number(values.jobs),
    Number(values.pairs),
  );
}

/** The worker stage with something and without it, in pairs. */
export async function inPairs(
  what: string,
  contenders: { on: Contender; off: Contender },
  jobs: number,
  count: number,
): Promise<void> {
  const work = { jobs, users: 10_000, days: 2 };
  const pairs: { on: Figures; off: Figures }[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    const on = () => measure(contenders.on, work);
    const off = () => measure(contenders.off, work);
    const isOnFirst = pair % 2 === 0;
    const [first, second] = [await (isOnFirst ? on() : off()), await (isOnFirst ? off() : on())];
    pairs.push(isOnFirst ? { on: first, off: second } : { on: second, off: first });
  }
  // The median lies between the smallest and the largest of n with 1 - 2 / 2^n: of seven, 98 %.
  const sure = 100 * (1 - 2 ** (1 - pairs.length));
  printTable(
    `BullMQ → stats with and without ${what}, ${work.jobs} jobs, ${pairs.length} pairs; the interval has the median of on/off with ${sure.toFixed(1)} %`,
    ['', 'on', 'off', 'on/off', 'interval'],
    COLUMNS.map(([figure, name, digits]) => {
      const ratios = pairs.map(({ on, off }) => on[figure] / off[figure]);
      return [
        name,
        median(pairs.map(({ on }) => on[figure])).toFixed(digits),
        median(pairs.map(({ off }) => off[figure])).toFixed(digits),
        median(ratios).toFixed(3),
        `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`,
      ];
    }),
  );
}
