import { parseArgs } from 'node:util';
import type { Order } from '../../src/orders/order.ts';
import { makeBaselines } from '../../src/quality/baselines/baselines.ts';
import { packed, unpacked } from '../../src/quality/baselines/observation.ts';
import { declaredChecks } from '../../src/quality/declared/declaredChecks.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { inTurns } from './worker/turns.ts';

const PRODUCTS = 5_000;
const ORDERS = 20_000;
const NOW = Date.parse('2026-03-01T12:05:00.000Z');

/** What judging and learning an order costs by itself, and the worker's stage with both and without, in turns. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { jobs: { type: 'string', default: '3000' }, rounds: { type: 'string', default: '40' } },
  });
  const rounds = Number(values.rounds);
  alone();
  if (rounds > 0)
    await inTurns('a review', { on: 'ours with review', off: 'ours' }, Number(values.jobs), rounds);
}

const PAIRS = 7;

function alone(): void {
  let turn = 0;
  // As a worker does at 800 orders a second: one in eight is learned.
  const wants = () => (++turn & 7) === 0;
  const baselines = makeBaselines({ wants, onObservation: () => {} });
  const declared = declaredChecks();
  const reviewer = makeReviewer([...declared.checks, ...baselines.checks]);
  const observer = makeBaselines({ onObservation: (seen) => baselines.observe(seen) });
  // Through JSON, as they come: texts that were put together here are looked through more slowly.
  const made = Array.from({ length: ORDERS }, (_, at) => orderOf(at));
  const orders = JSON.parse(JSON.stringify(made)) as Order[];
  for (const order of orders) observer.checks[0]?.learn?.(order, [], { now: NOW });
  const times: number[][] = [[], []];
  for (let pair = 0; pair < PAIRS; pair += 1)
    for (const [at, on] of [false, true].entries()) {
      const began = process.cpuUsage();
      let sum = 0;
      for (const order of orders) {
        sum += order.items.length;
        if (!on) continue;
        const findings = reviewer.review(order, { now: NOW });
        reviewer.learn(order, findings, { now: NOW });
      }
      if (sum === 0) throw new Error('no orders');
      const { user, system } = process.cpuUsage(began);
      times[at]?.push((user + system) / ORDERS);
    }
  const middle = (values: number[] = []) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  const cost = middle(times[1]) - middle(times[0]);
  console.log(
    `judged, and one in eight kept to be learned: ${cost.toFixed(2)} µs for an order of 2.5 lines (median of ${PAIRS} pairs)`,
  );
  const began = process.cpuUsage();
  for (const order of orders) observer.checks[0]?.learn?.(order, [], { now: NOW });
  const { user, system } = process.cpuUsage(began);
  console.log(
    `taking it in from the log: ${((user + system) / ORDERS).toFixed(2)} µs an order, of at most 100 a second`,
  );
  memory();
}

/** Needs `--expose-gc` to be exact. */
function memory(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const before = process.memoryUsage().heapUsed;
  const baselines = makeBaselines({ onObservation: () => {} });
  // A million products of which one order each is seen leave no trace behind those that come after.
  for (let at = 0; at < 1_000_000 + 50_000 * 10; at += 1) {
    const line = {
      product: at < 1_000_000 ? `ONCE-${at}` : `SKU-${at % 50_000}`,
      price: 1 + (at % 7) / 3,
      quantity: 1 + (at % 5),
      flagged: 0,
    };
    const seen = {
      user: at % 50_000,
      source: '',
      orderMask: '999999',
      userMask: 'A999',
      lacks: 0,
      payment: 'CARD',
      chain: [],
      lines: [line],
    };
    baselines.observe(unpacked(packed(seen)));
  }
  gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / 50_000;
  console.log(
    `${Math.round(bytes)} bytes a product, a user for each beside it (${baselines.warmth().products} products of a million and fifty thousand)`,
  );
}

function orderOf(at: number): Order {
  const items = Array.from({ length: 2 + (at % 2) }, (_, line) => {
    const product = (at * 7 + line * 131) % PRODUCTS;
    return {
      productId: `SKU-${10_000 + product}`,
      quantity: 1 + ((at + line) % 5),
      pricePerUnit: String(1 + (product % 90)),
      line,
    };
  });
  return {
    orderId: `ORD-${100_000 + at}`,
    userId: `U${1_000 + (at % 3_000)}`,
    minorUnits: 0,
    items,
    timestamp: '2026-03-01T12:00:00.000Z',
    placedAt: '2026-03-01T12:00:00.000Z',
    day: '2026-03-01',
    currency: 'USD',
    paymentMethod: 'CREDITCARD',
    shippingAddress: `${at % 90} High Street, Leeds, West Yorkshire, United Kingdom`,
    notes: [],
  };
}
