import { type GeneratedMessage, generate } from '../../src/cli/send/generate.ts';
import type { Random } from '../../src/cli/send/random.ts';

/**
 * An order whose prices came with a comma, or that its review holds: refused, and what it `expect`s once a run has made points
 * of them, or has released it.
 */
export interface Misprint extends GeneratedMessage {
  misprinted: true;
}

/** Somebody begins a run of repairs. */
export interface RunStep {
  do: 'run';
  /** What the commas are refused for, what its review holds, or whatever has failed. */
  where: { reason: (typeof MENDED)[number] } | Record<string, never>;
  /** Orders a second at most; undefined for as fast as it goes. */
  rate: number | undefined;
}

export const MENDED = ['wrong_type', 'quality_hold'] as const;

/** What makes points of the commas, and lets go what is held. */
export const MEND = {
  version: 1,
  steps: [{ do: 'decimal_comma', at: 'items[*].price_per_unit' }, { do: 'release' }],
} as const;

const HELD_PAYMENT = 'Hold me';
export const HOLDING_RULE = 'own_held';
/** What QUALITY_RULES names. */
export const HOLDING_RULES = `version: 1
rules:
  - { id: held, field: payment_method, when: { is: '${HELD_PAYMENT}' }, severity: hold, message: To be seen }
`;
/** Of misprinted orders one in so many is held instead. */
const HELD_EACH = 3;

/** Misprinted orders, some of them sent again as they were, or as they should have been. */
export function drawMisprints(
  random: Random,
  options: { seed: number; users: number; until: string },
): (GeneratedMessage | Misprint)[] {
  const count = 8 + random.below(25);
  const orders = [...generate({ ...options, count, invalid: 0, duplicates: 0.4 })];
  return orders.map((order, at) =>
    order.expect === 'duplicate' && random.chance(0.3)
      ? order
      : at % HELD_EACH === 1
        ? held(order)
        : misprint(order),
  );
}

/** A slow one is still under way when something breaks. */
export const drawRun = (random: Random): RunStep => ({
  do: 'run',
  where: random.pick([{ reason: 'wrong_type' }, {}] as const),
  rate: random.pick([undefined, 3, 8]),
});

/** How it is paid is no part of what an order is: sent again as it should be, it is the same one. */
function held(order: GeneratedMessage): Misprint {
  const event = JSON.parse(order.body) as object;
  return { ...order, body: JSON.stringify({ ...event, payment_method: HELD_PAYMENT }), misprinted: true };
}

function misprint(order: GeneratedMessage): Misprint {
  const event = JSON.parse(order.body) as { items: { price_per_unit: number | string }[] };
  const items = event.items.map((item) => ({
    ...item,
    price_per_unit: withComma(String(item.price_per_unit).trim()),
  }));
  return { ...order, body: JSON.stringify({ ...event, items }), misprinted: true };
}

const withComma = (price: string): string => (price.includes('.') ? price.replace('.', ',') : `${price},00`);
