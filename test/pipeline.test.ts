import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from './support/orders.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';

/** As Postman would: a form to the local SQS. */
async function postForm(pipeline: TestPipeline, body: unknown): Promise<number> {
  const form = new URLSearchParams({
    Action: 'SendMessage',
    QueueUrl: pipeline.inboxUrl,
    MessageBody: JSON.stringify(body),
  });
  return (await fetch(pipeline.sqsEndpoint, { method: 'POST', body: form })).status;
}

const first = anOrder();
const sameOrderOfAnotherUser = anOrder({ user_id: 'U0002' });
const wrongTotal = anOrder({ user_id: 'U0002', order_value: 201 });
const changedAfterwards = anOrder({
  order_value: 2100,
  items: [
    { product_id: 'P006', quantity: 5, price_per_unit: 220.0 },
    { product_id: 'P007', quantity: 2, price_per_unit: 500.0 },
  ],
});

describe.each([
  { sender: 'a form over plain HTTP', viaSdk: false, partitions: '1' },
  { sender: 'the AWS SDK', viaSdk: true, partitions: '1' },
  { sender: 'the AWS SDK, over four partitions', viaSdk: true, partitions: '4' },
])('three real events sent by $sender', ({ viaSdk, partitions }) => {
  let pipeline: TestPipeline;
  let processed = 0;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: partitions });
  });
  afterAll(() => pipeline.stop());

  async function send(body: unknown): Promise<void> {
    if (viaSdk) await pipeline.send(body);
    else expect(await postForm(pipeline, body)).toBe(200);
    processed += 1;
    await pipeline.ended(processed);
  }

  it('counts an order, and the same order id of another user', async () => {
    await send(first);
    await send(sameOrderOfAnotherUser);
    expect(await pipeline.json('/users/U0001/stats')).toEqual({
      user_id: 'U0001',
      order_count: 1,
      total_spend: 2000,
    });
    expect(await pipeline.json('/users/u0002/stats')).toEqual({
      user_id: 'U0002',
      order_count: 1,
      total_spend: 2000,
    });
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 2, total_revenue: 4000 });
    expect(await pipeline.json('/stats/by-date?start_date=2024-12-16&end_date=2024-12-16')).toMatchObject({
      total_orders: 2,
      total_revenue: 4000,
    });
  });

  it('refuses a total that its items do not add up to, naming both', async () => {
    await send(wrongTotal);
    const [failed] = await pipeline.failed();
    expect(failed?.failedReason).toBe(
      'order_value_mismatch: order_value is 201.00 but its items add up to 2000.00',
    );
  });

  it('changes nothing when an order is sent again', async () => {
    await send(first);
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 2, total_revenue: 4000 });
    expect(await pipeline.failed()).toHaveLength(1);
  });

  it('refuses a counted order that comes back changed, naming both values', async () => {
    await send(changedAfterwards);
    const reasons = (await pipeline.failed()).map((job) => job.failedReason);
    expect(reasons).toContainEqual(
      expect.stringMatching(/^conflicting_duplicate: .*2000\.00 then, 2100\.00 now/),
    );
    expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 2, total_revenue: 4000 });
  });
});
