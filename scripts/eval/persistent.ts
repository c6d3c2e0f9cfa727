import { hashOf } from '../../src/quality/baselines/masks.ts';
import { makePipeline } from './pipeline.ts';
import { seeded } from './random.ts';
import { copyOf, type RawOrder, totalOf } from './rawOrder.ts';

/* What begins at some order and goes on: one price for good, a sender that leaves a field out. */

interface Span {
  orders: readonly RawOrder[];
  from: number;
  to: number;
}

export interface Seen {
  tried: number;
  within: number;
  /** Orders until it was told, of those that were. */
  median: number;
  /** Findings that it brought, each. */
  findings: number;
}

/** The prices of 40 products ×1.5 from the first scored order on. */
export function priceLevels({ orders, from, to }: Span, seed: number): Seen {
  const random = seeded(seed);
  const ahead = new Map<string, number>();
  for (const order of orders.slice(from, to))
    for (const id of new Set(order.items.map(({ product_id }) => product_id)))
      ahead.set(id, (ahead.get(id) ?? 0) + 1);
  const behind = new Map<string, number>();
  for (const order of orders.slice(0, from))
    for (const { product_id } of order.items) behind.set(product_id, (behind.get(product_id) ?? 0) + 1);
  const often = [...ahead].flatMap(([id, times]) => (times >= 10 && (behind.get(id) ?? 0) >= 10 ? [id] : []));
  const moved = new Map<string, { orders: number; told: number | undefined; findings: number }>();
  while (moved.size < Math.min(40, often.length))
    moved.set(random.pick(often), { orders: 0, told: undefined, findings: 0 });
  const pipeline = makePipeline();
  orders.slice(0, to).forEach((sent, at) => {
    const order = copyOf(sent);
    if (at >= from) {
      for (const item of order.items)
        if (moved.has(item.product_id)) item.price_per_unit = Math.round(item.price_per_unit * 150) / 100;
      order.order_value = totalOf(order.items);
    }
    pipeline.advance(Date.parse(order.order_timestamp as string));
    const verdict = pipeline.judge(order, false);
    if (at >= from)
      for (const id of new Set(order.items.map(({ product_id }) => product_id))) {
        const product = moved.get(id);
        if (!product) continue;
        product.orders += 1;
        const findings = verdict.findings.filter(({ rule, key }) => key === id && rule.startsWith('price_'));
        product.findings += findings.length;
        if (findings.length > 0) product.told ??= product.orders;
      }
    pipeline.learn(order, verdict);
  });
  return seen([...moved.values()], 10);
}

/** One user in five sends no payment method any more, from ten different orders on, each on its own. */
export function brokenSenders({ orders, from, to }: Span): Seen {
  const starts = Array.from({ length: 10 }, (_, at) => from + Math.floor(((to - from - 400) * at) / 10));
  const runs = starts.map((start) => {
    const pipeline = makePipeline();
    const run = { orders: 0, told: undefined as number | undefined, findings: 0 };
    orders.slice(0, start + 400).forEach((sent, at) => {
      const order = copyOf(sent);
      if (at >= start && hashOf(order.user_id) % 5 === 0) delete order.payment_method;
      pipeline.advance(Date.parse(order.order_timestamp as string));
      const verdict = pipeline.judge(order, false);
      if (at >= start) {
        run.orders += 1;
        const findings = verdict.findings.filter(({ path }) => path === 'payment_method');
        run.findings += findings.length;
        if (findings.some(({ rule }) => rule === 'field_goes_missing')) run.told ??= run.orders;
      }
      pipeline.learn(order, verdict);
    });
    return run;
  });
  return seen(runs, 200);
}

function seen(all: readonly { told: number | undefined; findings: number }[], bound: number): Seen {
  const told = all.flatMap((each) => each.told ?? []).sort((a, b) => a - b);
  return {
    tried: all.length,
    within: told.filter((orders) => orders <= bound).length,
    median: told[told.length >> 1] ?? Number.NaN,
    findings: all.reduce((sum, { findings }) => sum + findings, 0) / all.length,
  };
}
