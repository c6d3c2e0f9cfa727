import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { anOrder } from '../support/orders.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Product, type Products } from './product.ts';

describe('a product whose embedded Redis dies', () => {
  let products: Products;
  let product: Product;
  let sqs: SQSClient;
  let queueUrl: string;
  let sent = 0;
  const inData = (...path: string[]) => join(products.dataDir, ...path);
  /** What a shell does before it becomes the server: a limit for the size of its files stops it as a full disk does. */
  const beforeStart = (commands: string) => writeFileSync(inData('before-start'), commands);

  beforeAll(async () => {
    products = makeProducts();
    beforeStart('');
    const script = `#!/bin/sh\ntrap '' XFSZ\n. '${inData('before-start')}'\nPATH='${process.env.PATH}' exec redis-server "$@"\n`;
    writeFileSync(inData('redis-server'), script);
    chmodSync(inData('redis-server'), 0o755);
    const sqsPort = String(await freePort());
    product = await products.start(['all'], {
      PATH: `${products.dataDir}:${process.env.PATH}`,
      EMBEDDED_SQS_PORT: sqsPort,
      SQS_WAIT_SECONDS: '1',
      JOB_LOCK_MS: '2000',
    });
    await product.ready();
    const endpoint = `http://127.0.0.1:${sqsPort}`;
    queueUrl = `${endpoint}/123456789012/orders`;
    sqs = new SQSClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      useQueueUrlAsEndpoint: false,
    });
  });
  afterAll(async () => {
    sqs?.destroy();
    // In order, so that the server does not outlive its users.
    product?.signal('SIGTERM');
    await product?.exited;
    await products.stop();
  });

  async function send(count: number): Promise<void> {
    for (let from = 0; from < count; from += 10) {
      const Entries = Array.from({ length: 10 }, (_, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(anOrder({ order_id: `ORD-${sent + index}` })),
      }));
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      sent += 10;
    }
  }

  async function kill(): Promise<void> {
    const port = Number(readFileSync(inData('redis', 'port'), 'utf8'));
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null });
    client.on('error', () => {});
    const info = await client.info('server');
    client.disconnect();
    process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
  }

  const json = async (path: string) => (await (await fetch(`${product.url}${path}`)).json()) as never;
  const everyOrderCountsOnce = () =>
    until(async () => {
      const { total_orders: total } = (await json('/stats/global')) as { total_orders?: number };
      if (total !== undefined && total > sent) throw new Error(`${total} of ${sent} orders were counted`);
      return total === sent;
    }, 'every order is counted');
  const troubles = async () =>
    ((await json('/health')) as { troubles: { what: string; reason: string }[] }).troubles;

  it('by kill -9 in the middle of orders counts every one of them once', async () => {
    const sending = send(200);
    await until(
      async () => ((await json('/stats/global')) as { total_orders?: number }).total_orders !== 0,
      'some count',
    );
    await kill();
    await sending;
    await everyOrderCountsOnce();
    expect(product.output()).toMatch(/ERROR .*embedded Redis ended, it is started again.*kill -9/);
    expect(product.output()).toContain('embedded Redis is back');
    await until(async () => (await troubles()).length === 0, 'nothing is wrong any more');
  });

  it('because nothing can be written says why in /health, and goes on when there is room', async () => {
    beforeStart('ulimit -f 256');
    await kill();
    const sending = send(20);
    await until(
      async () =>
        (await troubles()).some(
          ({ what, reason }) => what === 'embedded Redis' && /limit for its size/.test(reason),
        ),
      'the reason is told',
    );
    beforeStart('');
    await sending;
    await everyOrderCountsOnce();
    expect(product.output()).toMatch(/AOF write error/);
  });
});
