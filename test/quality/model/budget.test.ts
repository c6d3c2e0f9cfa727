import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { Budget } from '../../../src/quality/model/budget.ts';
import { answersOf, honest, type ModelServer, startModelServer } from '../../support/modelServer.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { aGroup, reviewing } from '../../support/reviewing.ts';

describe("the language model's budget", () => {
  let store: TestRedis;
  let redis: Redis;
  let server: ModelServer;
  beforeAll(async () => {
    store = await startTestRedis();
    redis = store.client();
  });
  afterAll(() => store.stop());
  beforeEach(async () => {
    await redis.flushall();
    server = await startModelServer();
  });
  afterEach(() => server.stop());

  const usage = (input: unknown, output: unknown) => ({ prompt_tokens: input, completion_tokens: output });

  it('is spent by what the endpoint says that it took', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    expect(await reviewer.spend()).toMatchObject({
      dollars: 0.001125,
      dollarsCap: 100,
      tokens: 1_000,
      calls: 1,
      outcomes: { ok: 1 },
      price: { input: 0.75, output: 4.5, from: 'configured' },
      openUntil: undefined,
    });
  });

  it.each([
    ['says nothing of it', null],
    ['says less than nothing', usage(-5_000, -5_000)],
    ['says that it took nothing', usage(0, 0)],
    ['says text', usage('900', '100')],
    ['says what cannot be', usage(1e15, 10)],
    ['says half of it', { prompt_tokens: 900 }],
  ])('is spent by the most that a call can take when the endpoint %s', async (_, given) => {
    server.plays = (asked) => ({ content: answersOf(asked), usage: given });
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    const { dollars, tokens } = await reviewer.spend();
    expect(tokens).toBeGreaterThan(2_000);
    expect(tokens).toBeLessThan(20_000);
    expect(dollars).toBeGreaterThan(900 * 0.75e-6);
  });

  it('takes a model of which nobody said the price for a dear one, and says so', async () => {
    const { reviewer, lines } = reviewing(redis, server.baseUrl, { price: undefined });
    await reviewer.reviewGroups([aGroup(1)]);
    const { dollars, price } = await reviewer.spend();
    expect(price).toEqual({ input: 15, output: 75, from: 'assumed' });
    expect(dollars).toBeCloseTo(900 * 15e-6 + 100 * 75e-6, 9);
    expect(lines.join()).toContain('set LLM_PRICE');
  });

  it('asks nothing that it may not be able to pay, and says why', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl, { dailyDollars: 0.001 });
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'over_budget' }]);
    expect(server.asked).toHaveLength(0);
    expect(await reviewer.spend()).toMatchObject({ dollars: 0, calls: 0, outcomes: { over_budget: 1 } });
  });

  it('is one of tokens for whoever pays nothing', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl, {
      price: { input: 0, output: 0 },
      dailyTokens: 10_000,
    });
    const outcomes = [];
    for (let number = 0; number < 20; number += 1) {
      outcomes.push((await reviewer.reviewGroups([aGroup(number)]))[0]?.outcome);
    }
    expect(outcomes).toContain('ok');
    expect(outcomes.at(-1)).toBe('over_budget');
    expect((await reviewer.spend()).tokens).toBeLessThanOrEqual(10_000);
  });

  it('charges the repair of an answer as a call of its own', async () => {
    server.plays = (asked, nth) => (nth === 1 ? { content: 'Hm.' } : honest(asked, nth));
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    expect(await reviewer.spend()).toMatchObject({
      calls: 2,
      tokens: 2_000,
      outcomes: { ok: 1, unparsable: 1 },
    });
  });

  it('begins anew with the day', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    const [key] = await redis.keys('*:spend');
    await redis.hset(key as string, 'day', '20000');
    expect(await reviewer.spend()).toMatchObject({ dollars: 0, calls: 0, outcomes: {} });
    await reviewer.reviewGroups([aGroup(2)]);
    expect(await reviewer.spend()).toMatchObject({ tokens: 1_000, calls: 1, outcomes: { ok: 1 } });
  });

  it('gives nothing back into a day that a call was not charged to', async () => {
    const budget = new Budget(redis, { input: 1, output: 1 }, { dollars: 1, tokens: 1_000 });
    const most = { input: 400, output: 100 };
    await budget.reserve(most);
    await budget.settle({ day: '20000', most }, { input: 1, output: 1 }, 'ok');
    expect(await budget.today()).toMatchObject({ tokens: 500 });
  });

  it('is not passed by many who ask at once, whatever the calls cost in the end', async () => {
    // Each reserves 1,000 tokens and takes at most that.
    const budgets = Array.from({ length: 8 }, () => {
      return new Budget(store.client(), { input: 1, output: 1 }, { dollars: 0.02, tokens: 1e9 });
    });
    let most = 0;
    const call = async (budget: Budget, used: number) => {
      const reserved = await budget.reserve({ input: 900, output: 100 });
      most = Math.max(most, (await budget.today()).dollars);
      if (reserved !== 'over_budget') await budget.settle(reserved, { input: used, output: 0 }, 'ok');
    };
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(budgets.flatMap((budget, at) => [call(budget, at * 100), call(budget, 1_000)]));
    }
    expect(most).toBeGreaterThan(0.019);
    expect(most).toBeLessThanOrEqual(0.02 + 1e-9);
    expect((await (budgets[0] as Budget).today()).outcomes.over_budget).toBeGreaterThan(0);
  });

  it('is not passed by several processes together', async () => {
    const program = `
      import { Redis } from 'ioredis';
      import { Budget } from './src/quality/model/budget.ts';
      const redis = new Redis(${store.port}, '127.0.0.1');
      const budget = new Budget(redis, { input: 1, output: 1 }, { dollars: 0.05, tokens: 1e9 });
      const call = async () => {
        const reserved = await budget.reserve({ input: 900, output: 100 });
        if (reserved !== 'over_budget') await budget.settle(reserved, { input: 700, output: 0 }, 'ok');
        return reserved !== 'over_budget';
      };
      let made = 0;
      for (let round = 0; round < 10; round += 1) {
        made += (await Promise.all(Array.from({ length: 10 }, call))).filter(Boolean).length;
      }
      redis.disconnect();
      console.log(made);
    `;
    const run = async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      let out = '';
      child.stdout.on('data', (text) => {
        out += text;
      });
      await once(child, 'close');
      return Number(out);
    };
    const made = await Promise.all([run(), run(), run()]);
    const { dollars, calls, outcomes } = await new Budget(
      redis,
      { input: 1, output: 1 },
      { dollars: 0.05, tokens: 1e9 },
    ).today();
    const all = made.reduce((sum, each) => sum + each, 0);
    expect({ calls, ok: outcomes.ok }).toEqual({ calls: all, ok: all });
    expect(dollars).toBeCloseTo(all * 0.0007, 9);
    expect(dollars).toBeLessThanOrEqual(0.05);
    // What was given back was spent by others: 50 calls at their most, 71 at what they took.
    expect(all).toBeGreaterThan(50);
  });
});
