import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const OWN = `version: 1
rules:
  - id: huge_basket
    severity: hold
    message: ask before it ships
    field: order_value
    when: { above: 5000 }
`;

const order = (order_id: string, items: [string, number, number][]) =>
  anOrder({
    order_id,
    order_value: items.reduce((sum, [, quantity, price]) => sum + quantity * price, 0),
    items: items.map(([product_id, quantity, price_per_unit]) => ({ product_id, quantity, price_per_unit })),
  });

describe('the product, reviewing', () => {
  let pipeline: TestPipeline;
  const folder = mkdtempSync(join(tmpdir(), 'own-rules-'));

  beforeAll(async () => {
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, OWN);
    pipeline = await startPipeline({
      QUALITY: 'rules,learned',
      QUALITY_RULES: file,
      QUALITY_HOLD: 'own_huge_basket',
    });
  });
  afterAll(async () => {
    await pipeline?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = async (path: string, body: unknown) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await pipeline.get(path, init);
    expect([path, response.status]).toEqual([path, 200]);
    return (await response.json()) as Record<string, unknown>;
  };
  const groups = async () =>
    (
      await pipeline.json<{ groups: { rule: string; key: string; orders: number }[] }>(
        '/quality/groups?state=rare',
      )
    ).groups;
  const total = async () => (await pipeline.json<{ total_orders: number }>('/stats/global')).total_orders;

  it('counts a clean order and an odd one, and tells of the odd one', async () => {
    await pipeline.send(
      order('CLEAN', [['P1', 1, 10]]),
      order('TWICE', [
        ['P1', 1, 10],
        ['P1', 2, 14],
      ]),
    );
    await pipeline.settled();
    expect(await total()).toBe(2);
    await until(async () => (await groups()).length > 0, 'it is grouped');
    expect(await groups()).toMatchObject([{ rule: 'two_prices', key: 'P1', orders: 1 }]);
  });

  it('holds what a rule of the shop holds, and counts it once when it is released', async () => {
    await pipeline.send(order('HUGE', [['P7', 1, 6_000]]));
    await pipeline.settled();
    expect(await total()).toBe(2);
    const [failed] = await pipeline.failed();
    expect(failed?.failedReason).toMatch(/^quality_hold: own_huge_basket/);

    const where = { reason: 'quality_hold' };
    const asTheyAre = await post('/desk/api/try', { where });
    expect(asTheyAre).toMatchObject({ would_count: { orders: 0 } });
    const { proposal } = (await post('/desk/api/proposal', { where })) as { proposal: { recipe: unknown } };
    expect(proposal.recipe).toEqual({ version: 1, steps: [{ do: 'release' }] });
    await post('/desk/api/repair', { where, recipe: proposal.recipe, because: 'they mean it' });
    await until(async () => (await total()) === 3, 'it has counted');
    expect(await pipeline.failed()).toEqual([]);
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 3 });
  });
});
