import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { makeProducts, type Products } from './product.ts';

const STEERING = '\u001b[2J\u009b2J\u007f\u202e\u2028\nready';
/** But for the ends of lines. */
const RAW = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('what clients send', () => {
  let products: Products;
  let redis: TestRedis;
  beforeEach(async () => {
    products = makeProducts();
    redis = await startTestRedis();
  });
  afterEach(async () => {
    await products.stop();
    await redis.stop();
  });

  it.each([
    ['as text', 'text', / INFO {2}ready /],
    ['as JSON where nothing is said and no terminal is there', '', /^\{.*"message":"ready".*\}$/m],
  ])('steers neither a terminal nor the log, %s', async (_how, LOG_FORMAT, ready) => {
    const sqsPort = await freePort();
    const product = await products.start(['all'], {
      REDIS_URL: redis.url,
      EMBEDDED_SQS_PORT: String(sqsPort),
      LOG_FORMAT,
    });
    await until(() => ready.test(product.output()), 'it is ready');
    const order = anOrder({ order_id: `O1${STEERING}`, user_id: `U1${STEERING}`, order_value: -1 });
    const sent = await fetch(`http://127.0.0.1:${sqsPort}`, {
      method: 'POST',
      body: new URLSearchParams({
        Action: 'SendMessage',
        QueueUrl: 'orders',
        MessageBody: JSON.stringify(order),
      }),
    });
    expect(sent.status).toBe(200);
    await sent.arrayBuffer();
    await until(() => product.output().includes('orders refused'), 'the refused order is logged');
    expect(product.output()).not.toMatch(RAW);
    // One "ready" is ours, at the beginning of the text after a level.
    expect(product.output().match(/^ready/gm)).toBeNull();
    product.signal('SIGTERM');
    await product.exited;
    const logs = join(products.dataDir, 'logs');
    const lines = readdirSync(logs)
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line !== '');
    expect(lines.join('\n')).not.toMatch(RAW);
    expect(lines.some((line) => JSON.parse(line).message === 'orders refused')).toBe(true);
  });
});

describe('what is refused', () => {
  const STEER = '\u001b[2J\u009b2J\u202e';
  const products = makeProducts();
  afterAll(() => products.stop());

  it.each([
    ['a setting', ['worker'], { LOG_LEVEL: STEER, REDIS_PORT: STEER }, 2],
    ['a setting of a command', ['send'], { QUEUE_NAME: STEER }, 2],
    ['a setting of a command on Redis', ['keys', 'list'], { REDIS_PORT: STEER }, 2],
    ['a command', [STEER], {}, 2],
    ['an argument of a role', ['worker', STEER], {}, 2],
    ['an option', ['send', `--${STEER}`], {}, 2],
    ['a value of an option', ['keys', 'create', '--role', STEER, '--name', STEER], {}, 2],
    ['a file that is not there', ['send', '--file', `${STEER}.csv`], {}, 2],
    ['a column of a file', ['send', '--dry-run', '--file', 'COLUMNS'], {}, 2],
  ])('steers no terminal: %s', async (_what, args, env, code) => {
    const file = join(products.dataDir, `${STEER}.csv`);
    writeFileSync(file, `order_id,${STEER}\nO1,x\n`);
    const product = await products.start(
      args.map((arg) => (arg === 'COLUMNS' ? file : arg)),
      env as Record<string, string>,
    );
    expect(await product.exited).toBe(code);
    expect(product.output()).toContain('\\u009b');
    expect(product.output()).not.toMatch(RAW);
  });
});
