import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import { REASONS } from '../src/orders/invalidOrder.ts';
import type { OrderJob } from '../src/queue/orderJob.ts';
import { ADDRESS, COUNTED, REFUSED } from './support/badOrders.ts';
import { collectingLogger } from './support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';
import { until } from './support/until.ts';

describe('whatever SQS delivers', () => {
  const { logger, lines } = collectingLogger();
  /** Message id by the name of the case. */
  const ids = new Map<string, string>();
  let pipeline: TestPipeline;
  let failed: Map<string, Job<OrderJob>>;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2' }, { logger });
    for (const [what, body] of [...REFUSED, ...COUNTED]) {
      const { MessageId = '' } = await pipeline.sqs.send(
        new SendMessageCommand({ QueueUrl: pipeline.inboxUrl, MessageBody: body }),
      );
      ids.set(what, MessageId);
    }
    await pipeline.ended(ids.size);
    failed = new Map((await pipeline.failed()).map((job) => [job.id as string, job]));
  });
  afterAll(() => pipeline.stop());

  it.each(REFUSED)('%s is kept as a failed order with its reason', (what, _, reason) => {
    const job = failed.get(ids.get(what) as string);
    expect(job?.failedReason?.split(':')[0]).toBe(reason);
    // Refused at once: a second look would not change it.
    expect(job?.attemptsMade).toBe(1);
  });

  it.each(COUNTED)('%s is counted, in its day', async (what, _, day, worth) => {
    expect(failed.get(ids.get(what) as string)?.failedReason).toBeUndefined();
    expect(await pipeline.json(`/stats/by-date?start_date=${day}&end_date=${day}`)).toMatchObject({
      total_orders: 1,
      total_revenue: worth,
    });
  });

  it('ends every message: nothing else failed, and SQS has none left', async () => {
    expect(failed.size).toBe(REFUSED.length);
    await until(async () => {
      const { Attributes } = await pipeline.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: pipeline.inboxUrl,
          AttributeNames: ['ApproximateNumberOfMessages'],
        }),
      );
      return Attributes?.ApproximateNumberOfMessages === '0';
    }, 'the inbox is empty');
  });

  it('counts exactly the good ones', async () => {
    const cents = COUNTED.reduce((sum, [, , , worth]) => sum + Math.round(worth * 100), 0);
    const totals = { total_orders: COUNTED.length, total_revenue: cents / 100 };
    expect(await pipeline.json('/stats/global')).toMatchObject(totals);
    expect(await pipeline.json('/stats/by-date?start_date=0001-01-01&end_date=9999-12-31')).toMatchObject(
      totals,
    );
    expect(await pipeline.json('/stats/top-spenders?limit=1000')).toEqual([
      { user_id: 'BAD', total_spend: totals.total_revenue },
    ]);
  });

  it('starts every reason with one of the closed list, in one short sentence', () => {
    for (const { failedReason = '' } of failed.values()) {
      expect(REASONS).toContain(failedReason.split(':')[0]);
      expect(failedReason.length).toBeLessThan(1_000);
      expect(failedReason).not.toContain('\n');
    }
  });

  it('leaves nothing behind on the prototypes of this process', () => {
    const plain = {} as Record<string, unknown>;
    expect([plain.user_id, plain.order_value, plain.prototype]).toEqual([undefined, undefined, undefined]);
  });

  it('keeps addresses out of reasons and logs, whole or in part', () => {
    expect(lines.filter((line) => line.includes('orders refused')).length).toBeGreaterThan(10);
    const texts = [...failed.values()].flatMap((job) => [job.failedReason, ...(job.stacktrace ?? [])]);
    for (const text of [...texts, ...lines]) {
      expect(text).not.toContain('Secret');
      expect(text).not.toContain(ADDRESS.slice(0, 4));
    }
  });
});
