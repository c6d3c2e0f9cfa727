import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from './support/orders.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';

const COMPOSED = 'Jos\u00e9';
const DECOMPOSED = 'Jose\u0301';

describe('what shops send again', () => {
  let pipeline: TestPipeline;
  let sent = 0;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '4' });
  });
  afterAll(() => pipeline.stop());

  async function send(changes: Record<string, unknown>): Promise<void> {
    await pipeline.send(anOrder(changes));
    sent += 1;
    await pipeline.ended(sent);
  }
  const outcomes = async () => {
    const jobs = await Promise.all(pipeline.queues.map((queue) => queue.getCompleted()));
    return jobs.flat().map((job) => job.returnvalue.outcome);
  };

  it('is the same order with a currency, a payment method, an address or other spelling: a duplicate', async () => {
    const bare = { shipping_address: undefined, payment_method: undefined };
    await send(bare);
    await send({ ...bare, currency: 'USD' });
    await send({ ...bare, payment_method: 'CreditCard' });
    await send({ ...bare, shipping_address: '321 Pine St, Springfield' });
    await send({ ...bare, order_timestamp: '20241216T140000+0100[Europe/Paris]', gift: true });
    await send({ ...bare, order_id: 'ord1237\u200b' });
    expect(await pipeline.failed()).toEqual([]);
    expect((await outcomes()).sort()).toEqual(['counted', ...Array(5).fill('duplicate')]);
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 1, total_revenue: 2000 });
  });

  it('is the same user however the accents are composed, whoever asks', async () => {
    await send({ user_id: COMPOSED, order_id: 'D8' });
    await send({ user_id: DECOMPOSED, order_id: 'D8\u200b' });
    await send({ user_id: `\ufeff${DECOMPOSED}`, order_id: 'D9' });
    const stats = { user_id: 'JOS\u00c9', order_count: 2, total_spend: 4000 };
    for (const id of [COMPOSED, DECOMPOSED, ` \u200b${DECOMPOSED}`]) {
      expect(await pipeline.json(`/users/${encodeURIComponent(id)}/stats`)).toEqual(stats);
    }
    const asked = `user_id=${encodeURIComponent(DECOMPOSED)}&start_date=2024-12-01&end_date=2024-12-31`;
    expect(await pipeline.json(`/stats/by-date?${asked}`)).toMatchObject({
      total_orders: 2,
      total_revenue: 4000,
    });
  });

  it('was put where the worker looks for it: nothing had to move to another partition', async () => {
    expect(await outcomes()).not.toContain('moved');
  });

  it('is refused by name when something that nobody sees is inside an id, and so is the question', async () => {
    await send({ order_id: 'D\u200b8' });
    const [job] = await pipeline.failed();
    expect(job?.failedReason).toBe(
      'out_of_range: order_id must not contain the invisible character U+200B (zero width space)',
    );
    const response = await pipeline.get('/users/U%E2%80%8B1/stats');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining('must not contain the invisible character U+200B (zero width space)'),
    });
  });

  it('is told where it differs when the value is the same', async () => {
    const [first, ...rest] = anOrder().items as Record<string, unknown>[];
    await send({ items: [{ ...first, product_id: 'P099' }, ...rest] });
    const reasons = (await pipeline.failed()).map((job) => job.failedReason);
    expect(reasons).toContain(
      'conflicting_duplicate: order ORD1237 of user U0001 was already counted with the same order_value 2000.00, ' +
        'but its items, currency or time differ',
    );
  });
});
