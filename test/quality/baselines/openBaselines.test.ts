import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { makeBaselines } from '../../../src/quality/baselines/baselines.ts';
import type { Pace, SharedBaselines } from '../../../src/quality/baselines/openBaselines.ts';
import { openBaselines } from '../../../src/quality/baselines/openBaselines.ts';
import { baselineKeys } from '../../../src/store/keys.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { orderOf, reviewing } from './orders.ts';

const OFTEN: Pace = { turnMs: 5, sendWithinMs: 20, readWithinMs: 20, longestLog: 500 };

describe('baselines that workers share', () => {
  let server: TestRedis;
  let opened: SharedBaselines[] = [];
  const errors: Error[] = [];

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => server.client().flushall());
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
    opened = [];
    expect(errors.splice(0)).toEqual([]);
  });

  async function worker(pace: Partial<Pace> = {}) {
    const shared = await openBaselines(
      { redis: server.client(), onError: (error) => errors.push(error) },
      { ...OFTEN, ...pace },
    );
    opened.push(shared);
    return { ...shared, ...reviewing(shared.checks) };
  }

  const PRICED = { product: 'P100', price: 2.5 };
  const odd = () => orderOf({ lines: [{ ...PRICED, price: 250 }] });

  it('a worker judges by what another has learned, and so does one that starts later', async () => {
    const [one, two] = [await worker(), await worker()];
    for (let at = 0; at < 150; at += 1) (at % 2 ? one : two).count(orderOf({ lines: [PRICED] }));
    await until(() => [one, two].every(({ rules }) => rules(odd()).length === 1), 'both know the price');
    const later = await worker();
    expect(later.rules(odd())).toEqual(['price_unlike_product']);
    const told = (each: typeof one) => each.judge(odd())[0]?.from;
    await until(() => told(one) === 150 && told(two) === 150, 'both have learned all 150');
  });

  it('asks Redis at most once for a hundred orders', async () => {
    const shared = await worker({ turnMs: 1, sendWithinMs: 60_000, readWithinMs: 60_000 });
    const client = server.client();
    const calls = async () =>
      [
        ...(await client.info('commandstats')).matchAll(/cmdstat_(evalsha|eval|hset|hget):calls=(\d+)/g),
      ].reduce((sum, [, , count]) => sum + Number(count), 0);
    const before = await calls();
    let sent = 0;
    const isEmpty = async () => (await client.xlen(baselineKeys.log)) === sent;
    for (let round = 0; round < 5; round += 1) {
      for (let at = 0; at < 200; at += 1) shared.count(orderOf({ lines: [PRICED] }));
      sent += 1;
      await until(isEmpty, 'what was learned is sent');
    }
    expect((await calls()) - before).toBeLessThanOrEqual(10);
  });

  it('sends what it learned when it is closed, and a snapshot takes the place of the log', async () => {
    const first = await worker({ longestLog: 3, turnMs: 60_000 });
    for (let at = 0; at < 40; at += 1) first.count(orderOf({ lines: [PRICED] }));
    await first.close();
    for (const product of ['P201', 'P202', 'P203', 'P204']) {
      const next = await worker({ longestLog: 3, turnMs: 60_000 });
      for (let at = 0; at < 40; at += 1) next.count(orderOf({ lines: [{ product, price: 8 }] }));
      await next.close();
    }
    const client = server.client();
    expect(await client.hget(baselineKeys.head, 'position')).not.toBeNull();
    expect(await client.xlen(baselineKeys.log)).toBeLessThan(5);
    const last = await worker();
    expect(last.rules(odd())).toEqual(['price_unlike_product']);
    expect(last.rules(orderOf({ lines: [{ product: 'P204', price: 800 }] }))).toEqual([
      'price_unlike_product',
    ]);
  });

  it('knows after a restart what it knew, with places that were set aside or turned out to be real', async () => {
    const at = (place: string, user = 'U1') =>
      orderOf({ user, lines: [PRICED], address: `1 High Street, ${place}` });
    const first = await worker({ longestLog: 1, turnMs: 60_000 });
    for (let order = 0; order < 30; order += 1)
      for (const place of ['Rochester, New York', 'Duluth, Minnesota', 'Salem, Oregon'])
        first.count(at(place));
    await first.close();
    const told = await worker({ longestLog: 1, turnMs: 60_000 });
    for (const user of ['U1', 'U2', 'U3']) told.count(at('Rochester, Minnesota', user));
    told.count(at('Salem, Minnesota'));
    await told.close();
    await server.client().del(baselineKeys.lease);
    for (let at = 0; at < 3; at += 1) {
      const next = await worker({ longestLog: 1, turnMs: 60_000 });
      next.count(orderOf({ lines: [PRICED] }));
      await next.close();
    }
    const after = await worker();
    const judged = ['Rochester, Minnesota', 'Duluth, New York'].map((place) => after.rules(at(place)));
    expect(judged).toEqual([[], ['places_unlike']]);
  });

  it('agrees with the others again after a failover that lost what it had read', async () => {
    const [one, two] = [await worker(), await worker()];
    for (let at = 0; at < 60; at += 1) one.count(orderOf({ lines: [PRICED] }));
    await until(() => [one, two].every(({ rules }) => rules(odd()).length === 1), 'both know the price');
    const client = server.client();
    await client.del(baselineKeys.log);
    for (let at = 0; at < 30; at += 1) one.count(orderOf({ lines: [{ product: 'P300', price: 4 }] }));
    const other = () => orderOf({ lines: [{ product: 'P300', price: 400 }] });
    await until(
      () => [one, two].every(({ rules }) => rules(odd()).length === 0 && rules(other()).length === 1),
      'both know what is in Redis, and nothing else',
    );
  });

  it('goes on learning what it kept while Redis was away', async () => {
    const redis = server.client();
    const heard: Error[] = [];
    const shared = await openBaselines({ redis, onError: (error) => heard.push(error) }, OFTEN);
    opened.push(shared);
    const { count, rules } = reviewing(shared.checks);
    redis.disconnect();
    for (let at = 0; at < 30; at += 1) count(orderOf({ lines: [PRICED] }));
    await until(() => heard.length > 0, 'a turn failed');
    expect(rules(odd())).toEqual([]);
    await redis.connect();
    await until(() => rules(odd()).length === 1, 'what was kept is learned');
  });

  it('readmits and resets for every worker', async () => {
    const [one, two] = [await worker(), await worker()];
    for (let at = 0; at < 150; at += 1) one.count(orderOf({ payment: 'PAYPAL' }));
    const strange = () => orderOf({ payment: 'GIFTCARD' });
    await until(() => two.rules(strange()).length === 1, 'the other one knows the payment methods');
    const giftCard = { rule: 'payment_method_unseen', key: 'GIFTCARD' };
    await one.change({ do: 'readmit', ...giftCard });
    await one.change({ do: 'readmit', ...giftCard });
    await until(() => two.rules(strange()).length === 0, 'it is admitted there too');
    await two.change({ do: 'reset', ...giftCard });
    await until(() => one.rules(strange()).length === 1, 'it is forgotten here too');
  });

  it('two workers that share know the same as one that saw all of it in that order', async () => {
    const seed = 20_261_126;
    let state = seed;
    const below = (most: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % most;
    };
    const pair = [await worker({ turnMs: 60_000 }), await worker({ turnMs: 60_000 })];
    for (let at = 0; at < 400; at += 1) {
      const lines = Array.from({ length: 1 + below(4) }, () => ({
        product: `P${100 + below(30)}`,
        price: 1 + below(4),
        quantity: 1 + below(9),
      }));
      pair[below(2)]?.count(orderOf({ lines }));
    }
    await pair[0]?.close();
    await pair[1]?.close();
    // The first has not read what the second sent when it closed: two that load do.
    const [three, four] = [await worker(), await worker()];
    const probes = Array.from({ length: 30 }, (_, at) =>
      orderOf({ lines: [{ product: `P${100 + at}`, price: 100 }] }),
    );
    const said = (each: { judge: (typeof three)['judge'] }) => ({
      seed,
      findings: probes.map((probe) => each.judge(probe)),
    });
    expect(said(four)).toEqual(said(three));
    expect(said(pair[1] as typeof three)).toEqual(said(three));
    expect(makeBaselines({ onObservation: () => {} }).warmth().products).toBe(0);
  });
});
