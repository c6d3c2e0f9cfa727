import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMMA, fail, priced } from '../desk/runs/failing.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';
import { makeProducts, type Products } from './product.ts';

const ORDERS = 400;

describe('a run of repairs', () => {
  let workers: TestWorkers;
  let products: Products;
  beforeAll(async () => {
    workers = await testWorkers(2);
    await workers.start();
    products = makeProducts();
  });
  afterAll(async () => {
    await products.stop();
    await workers.stop();
  });

  it('is ended by another process when its own is killed in the middle: every order counts once', async () => {
    await fail(
      workers,
      Array.from({ length: ORDERS }, (_, n) => priced(n)),
    );
    const start = async () => {
      const product = await products.start(['api'], { REDIS_URL: workers.redis.url, PARTITIONS: '2' });
      await product.ready();
      return product;
    };
    const first = await start();
    const ask = async (url: string, path: string, body?: unknown) => {
      const sent = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      };
      const response = await fetch(`${url}/desk/api/${path}`, body === undefined ? {} : sent);
      return (await response.json()) as { run: string; state: string; counts: { sent: number } };
    };
    const wanted = { where: { reason: 'wrong_type' }, recipe: COMMA, because: 'ticket', rate: 100 };
    const { run } = await ask(first.url, 'repair', wanted);
    await until(async () => (await ask(first.url, `runs/${run}`)).counts.sent >= 60, 'some orders are sent');
    first.signal('SIGKILL');
    await first.exited;
    expect(await workers.read.global()).not.toMatchObject({ orders: ORDERS });
    const second = await start();
    await until(async () => (await ask(second.url, `runs/${run}`)).state === 'done', 'the run is done');
    expect(await ask(second.url, `runs/${run}/receipt?limit=1`)).toMatchObject({
      run: { counts: { sent: ORDERS, ended: ORDERS, left: 0, gone: 0 } },
      states: { counted: ORDERS },
      money: { before: 0, repaired: (ORDERS * ORDERS) / 2, elsewhere: 0, after: (ORDERS * ORDERS) / 2 },
    });
    expect(await workers.read.global()).toMatchObject({
      orders: ORDERS,
      minorUnits: (ORDERS * ORDERS * 100) / 2,
    });
    for (const queue of workers.queues.all) {
      for (const job of await queue.getCompleted())
        expect([job.id, job.attemptsStarted]).toEqual([job.id, 2]);
    }
  });
});
