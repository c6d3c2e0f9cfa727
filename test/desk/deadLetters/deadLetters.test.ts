import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { type DeadLetters, deadLetters } from '../../../src/bridge/sqs/deadLetters.ts';
import { run as command } from '../../../src/cli/dead-letters/run.ts';
import { beginRedrive, driveRedrive, readRedrive } from '../../../src/desk/deadLetters/redrive.ts';
import { runCommand } from '../../scripts/verifyCommand.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { anOrder } from '../../support/orders.ts';
import { startPipeline, type TestPipeline } from '../../support/pipeline.ts';
import { until } from '../../support/until.ts';
import { sqsWithoutMoves } from './withoutMoves.ts';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

describe('dead letters', () => {
  let pipeline: TestPipeline;
  let plain: { endpoint: string; stop(): void };
  let letterUrl: string;
  const opened: DeadLetters[] = [];

  const start = async (env: Record<string, string> = {}) => {
    pipeline = await startPipeline({ PARTITIONS: '2', ...env });
    plain = await sqsWithoutMoves(pipeline.sqsEndpoint);
    letterUrl = pipeline.inboxUrl.replace(/orders$/, 'orders-dlq');
  };
  afterEach(async () => {
    for (const each of opened.splice(0)) each.close();
    plain?.stop();
    await pipeline?.stop();
  });

  const giveUp = async (...bodies: unknown[]) => {
    for (const body of bodies) {
      await pipeline.sqs.send(
        new SendMessageCommand({
          QueueUrl: letterUrl,
          MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
          MessageAttributes: { shop: { DataType: 'String', StringValue: 'north' } },
        }),
      );
    }
    await until(async () => (await lying()) >= bodies.length, 'all lie there');
  };
  /** Not hidden from anybody: the emulator counts what is into the first figure. */
  const lying = async () => {
    const { Attributes = {} } = await pipeline.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: letterUrl, AttributeNames: ['All'] }),
    );
    const counts: Record<string, string> = Attributes;
    return Number(counts.ApproximateNumberOfMessages) - Number(counts.ApproximateNumberOfMessagesNotVisible);
  };
  const queueAt = (endpoint: string) => {
    const queue = deadLetters({
      endpoint,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      queueName: 'orders',
    });
    opened.push(queue);
    return queue;
  };
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await pipeline.get(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return {
      status: response.status,
      body: (await response.json()) as { groups: Record<string, unknown>[] },
    };
  };
  const stats = () => pipeline.json<{ total_orders: number }>('/stats/global');
  const orders = (count: number) =>
    Array.from({ length: count }, (_, n) => anOrder({ order_id: `D${n}`, user_id: `U${n % 9}` }));

  describe('in the product', () => {
    beforeEach(() => start());

    it('are told by cause, what would pass by now among them, and lie there as before', async () => {
      await pipeline.send(anOrder({ order_id: 'D0', user_id: 'U0' }));
      await pipeline.settled();
      await giveUp(
        ...orders(3),
        anOrder({ order_id: 'D1', user_id: 'U1', order_value: '12,50' }),
        anOrder({ order_id: 'D0', user_id: 'U0', order_timestamp: '2024-01-01T00:00:00Z' }),
        'no JSON',
      );
      const { status, body } = await post('/desk/api/dead-letters/peek', {});
      expect(status).toBe(200);
      expect(body).toMatchObject({ queue: 'orders-dlq', looked_at: 6, whole: true, most_deliveries: 1 });
      const told = body.groups.map((each) => [each.reason, each.path, each.orders, each.money]);
      expect(told.sort()).toEqual([
        ['already_counted', '', 1, 2000],
        ['conflicting_duplicate', 'order_id', 1, 2000],
        ['invalid_json', '', 1, 0],
        ['would_pass', '', 2, 4000],
        ['wrong_type', 'order_value', 1, 2000],
      ]);
      expect(await lying()).toBe(6);
      // A look is a delivery, and the answer says so.
      const again = (await post('/desk/api/dead-letters/peek', {})).body as unknown as {
        most_deliveries: number;
      };
      expect(again.most_deliveries).toBeGreaterThan(1);
      await until(async () => (await lying()) === 6, 'they lie there again');
      // While somebody else holds some, nobody has seen all.
      const queue = queueAt(new URL(pipeline.inboxUrl).origin);
      const held = await queue.take(30);
      expect((await post('/desk/api/dead-letters/peek', {})).body).toMatchObject({ whole: false });
      await queue.release(held);
    });

    it("go back by SQS's own move, once asked for, with a trail", async () => {
      await giveUp(...orders(20));
      const begun = await post('/desk/api/dead-letters/redrive', { because: 'ticket 7' });
      expect(begun).toMatchObject({ status: 200, body: { state: 'running', how: 'move', total: 20 } });
      await until(async () => (await stats()).total_orders === 20, 'all count');
      const status = () => pipeline.json<{ redrive: Record<string, unknown> }>('/desk/api/dead-letters');
      await until(async () => (await status()).redrive.state === 'done', 'it is done');
      expect(await status()).toMatchObject({ visible: 0, redrive: { moved: 20, because: 'ticket 7' } });
      expect((await post('/desk/api/dead-letters/redrive', { because: 'x' })).status).toBe(409);
      expect((await post('/desk/api/dead-letters/redrive', {})).body).toMatchObject({ parameter: 'because' });
      const trail = (await auditTrail(pipeline.redis.client())).map(({ phase, action, result }) => [
        phase,
        action,
        result,
      ]);
      expect(trail).toEqual([
        ['intent', 'redrive dead letters', undefined],
        ['outcome', 'redrive dead letters', 'done'],
        ['intent', 'end redrive', undefined],
        ['outcome', 'end redrive', 'done'],
      ]);
    });

    it('go back at the rate that was asked for, until somebody cancels', async () => {
      await giveUp(...orders(30));
      await post('/desk/api/dead-letters/redrive', { because: 'slowly', rate: 2 });
      expect((await post('/desk/api/dead-letters/redrive', { because: 'again' })).status).toBe(409);
      await until(async () => (await stats()).total_orders >= 2, 'some count');
      expect(await post('/desk/api/dead-letters/cancel', {})).toMatchObject({ body: { state: 'cancelled' } });
      const { total_orders } = await stats();
      expect(total_orders).toBeLessThan(30);
      await until(async () => total_orders + (await lying()) >= 26, 'the rest lies there');
      expect((await post('/desk/api/dead-letters/cancel', {})).status).toBe(409);
    });

    it('are listed and sent back by the command, by copying where SQS moves nothing', async () => {
      await giveUp(...orders(25), 'no JSON');
      const env = { REDIS_URL: pipeline.redis.url, SQS_ENDPOINT: plain.endpoint };
      const list = await runCommand(command, 'list --json', env);
      expect(list.code).toBe(0);
      expect(JSON.parse(list.stdout)).toMatchObject({
        looked_at: 26,
        groups: [{ reason: 'would_pass', orders: 25 }, {}],
      });
      expect((await runCommand(command, 'list', env)).stdout).toMatch(/would_pass .* 25 /);
      const { code, stdout } = await runCommand(command, 'redrive --because test --json', env);
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { state: 'done', how: 'copy', moved: 26 }]);
      await until(async () => (await stats()).total_orders === 25, 'they count');
      expect(await lying()).toBe(0);
      expect((await runCommand(command, 'cancel', env)).code).toBe(1);
      expect((await runCommand(command, 'redrive', env)).code).toBe(2);
    });

    it('say so where SQS does not answer', async () => {
      const env = { REDIS_URL: pipeline.redis.url, SQS_ENDPOINT: 'http://127.0.0.1:9' };
      const { code, stderr } = await runCommand(command, 'list', env);
      expect([code, stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
    });
  });

  describe('while they are copied', () => {
    it('keep their body and attributes', async () => {
      await start({ PORT: '0' });
      await giveUp('{"a": 1.10}');
      const queue = queueAt(plain.endpoint);
      const letters = await queue.take(5);
      const other = await pipeline.sqs.send(
        new SendMessageCommand({ QueueUrl: letterUrl, MessageBody: 'stays' }),
      );
      expect(other.MessageId).toBeDefined();
      // Copied into the queue itself, because a bridge empties the inbox at once.
      const [letter] = letters;
      expect(letter).toMatchObject({ body: '{"a": 1.10}', receiveCount: 1, isForeign: false });
      expect(letter?.message.MessageAttributes).toMatchObject({ shop: { StringValue: 'north' } });
      await queue.release(letters);
      const { Messages = [] } = await pipeline.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: letterUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
      );
      expect(Messages.map(({ Body }) => Body).sort()).toEqual(['stays', '{"a": 1.10}']);
    });

    it('are neither lost nor counted twice when the process is killed, twice', async () => {
      await start({ PORT: '0' });
      await giveUp(...orders(120));
      const redis = pipeline.redis.client();
      const audit = makeAuditLog(redis, { retentionDays: 400 });
      const queue = queueAt(plain.endpoint);
      const who = { kind: 'user', name: 'anna' } as const;
      await beginRedrive({ redis, audit, queue }, who, { because: 'kill', rate: 60 });
      for (const least of [20, 50]) {
        const script = new URL('./redriver.ts', import.meta.url).pathname;
        const args = ['--import', TSX, script, pipeline.redis.url, plain.endpoint];
        const child = spawn(process.execPath, args, { stdio: 'ignore', env: { PATH: process.env.PATH } });
        await until(async () => ((await readRedrive(redis))?.moved ?? 0) >= least, `${least} are moved`);
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      expect((await readRedrive(redis))?.state).toBe('running');
      await until(async () => {
        await driveRedrive({ redis, audit, queue, holdSeconds: 2 }, 'the last', new AbortController().signal);
        return (await readRedrive(redis))?.state === 'done';
      }, 'another ends it');
      expect(await lying()).toBe(0);
      await pipeline.ended(120);
      const totals = await redis.keys('*:global:stats');
      const counted = await Promise.all(totals.map((key) => redis.hget(key, 'total_orders')));
      expect(counted.reduce((sum, each) => sum + Number(each), 0)).toBe(120);
      expect(await pipeline.failed()).toEqual([]);
    });
  });
});
