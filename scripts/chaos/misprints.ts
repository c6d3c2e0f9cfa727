import { type GeneratedMessage, generate } from '../../src/cli/send/generate.ts';
import type { Random } from '../../src/cli/send/random.ts';

/** An order whose prices came with a comma: refused, and what it `expect`s once a run has made points of them. */
export interface Misprint extends GeneratedMessage {
  misprinted: true;
}

/** Somebody begins a run of repairs. */
export interface RunStep {
  do: 'run';
  /** What the commas are refused for, or whatever has failed. */
  where: { reason: 'wrong_type' } | Record<string, never>;
  /** Orders a second at most; undefined for as fast as it goes. */
  rate: number | undefined;
}

/** What makes points of the commas. */
export const MEND = {
  version: 1,
  steps: [{ do: 'decimal_comma', at: 'items[*].price_per_unit' }],
} as const;

/** Misprinted orders, some of them sent again as they were, or as they should have been. */
export function drawMisprints(
  random: Random,
  options: { seed: number; users: number; until: string },
): (GeneratedMessage | Misprint)[] {
  const count = 8 + random.below(25);
  const orders = [...generate({ ...options, count, invalid: 0, duplicates: 0.4 })];
  return orders.map((order) =>
    order.expect === 'duplicate' && random.chance(0.3) ? order : misprint(order),
  );
}

/** A slow one is still under way when something breaks. */
export const drawRun = (random: Random): RunStep => ({
  do: 'run',
  where: random.pick([{ reason: 'wrong_type' }, {}] as const),
  rate: random.pick([undefined, 3, 8]),
});

function misprint(order: GeneratedMessage): Misprint {
  const event = JSON.parse(order.body) as { items: { price_per_unit: number | string }[] };
  const items = event.items.map((item) => ({
    ...item,
    price_per_unit: withComma(String(item.price_per_unit).trim()),
  }));
  return { ...order, body: JSON.stringify({ ...event, items }), misprinted: true };
}

const withComma = (price: string): string => (price.includes('.') ? price.replace('.', ',') : `${price},00`);
