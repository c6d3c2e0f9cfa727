import { beforeEach, describe, expect, it } from '@jest/globals';
import { RateLimiter } from '../../src/access/rateLimiter.ts';
import { localBuckets, type Policy, type TakeTokens } from '../../src/access/tokenBuckets.ts';

const POLICY: Policy = { name: 'test', limit: 6_000, windowSeconds: 60 };
const TWENTIETH = POLICY.limit / 20;
/** Four processes near the limit hold 250 tokens between them as a rule, 370 on a bad seed. */
const TENTH = POLICY.limit / 10;

describe('tokens taken ahead', () => {
  let now: number;
  let limiters: RateLimiter[];
  let trips: number;
  const clock = () => now;

  beforeEach(() => {
    now = 0;
    trips = 0;
  });

  /** Processes that share one bucket. */
  function start(processes: number): void {
    const bucket = localBuckets(clock);
    const take: TakeTokens = (...args) => {
      trips += 1;
      return Promise.resolve(bucket(...args));
    };
    limiters = Array.from({ length: processes }, () => new RateLimiter(POLICY, take, clock));
  }

  async function ask(process: number) {
    const verdict = await limiters[process]?.take('someone');
    // What it asks for ahead comes before the next request.
    await new Promise(setImmediate);
    return verdict;
  }

  /** Requests at random times to random processes, against a bucket of which nobody takes anything ahead. */
  async function run(perSecond: number, seconds: number, seed: number) {
    const random = randomFrom(seed);
    const truth = localBuckets(clock);
    let [requests, refused, furthestOff, mostLeft] = [0, 0, 0, 0];
    for (const end = now + seconds * 1_000; now < end; requests += 1) {
      now += (-Math.log(1 - random()) * 1_000) / perSecond;
      const verdict = await ask(Math.floor(random() * limiters.length));
      const { left } = truth(POLICY, 'someone', 1, { tokens: 0, since: '' });
      if (!verdict?.allowed) refused += 1;
      mostLeft = Math.max(mostLeft, verdict?.remaining ?? 0);
      furthestOff = Math.max(furthestOff, Math.abs((verdict?.remaining ?? 0) - left));
    }
    return { requests, refused, furthestOff, mostLeft };
  }

  /** How many of so many requests at one moment get through. */
  async function burst(requests: number, processOf: (request: number) => number): Promise<number> {
    let through = 0;
    for (let i = 0; i < requests; i += 1) {
      if ((await ask(processOf(i)))?.allowed) through += 1;
    }
    return through;
  }

  it.each([
    [1, 10],
    [1, 50],
    [2, 20],
    [4, 20],
    [8, 10],
    [4, 60],
    [4, 95],
  ])('are not lost: %d processes at %d requests a second of 100 refuse nothing', async (processes, rate) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    start(processes);
    const { requests, refused, furthestOff, mostLeft } = await run(rate, 90, seed);
    expect({ seed, refused, off: furthestOff <= TENTH }).toEqual({ seed, refused: 0, off: true });
    expect(mostLeft).toBeLessThan(POLICY.limit);
    expect(trips).toBeLessThanOrEqual(requests);
  });

  it('leave nearly all of the bucket to one process while others are at a fifth of the limit', async () => {
    start(4);
    await run(20, 60, 1);
    expect(await burst(POLICY.limit, () => 0)).toBeGreaterThanOrEqual(POLICY.limit - TWENTIETH);
  });

  it.each([
    ['one process', () => 0],
    ['all of them', (request: number) => request % 4],
  ])('let a burst of the whole limit through %s after a quiet minute, and no more', async (_, processOf) => {
    start(4);
    await run(20, 10, 1);
    now += 60_000;
    expect(await burst(POLICY.limit + 4 * TWENTIETH, processOf)).toBe(POLICY.limit);
  });

  it('are not given back to a bucket that was full since', async () => {
    start(2);
    // The first holds tokens it does not spend.
    await burst(40, () => 0);
    now += 60_000;
    expect(await burst(POLICY.limit, () => 1)).toBe(POLICY.limit);
    expect(await burst(100, () => 0)).toBe(0);
  });

  it('are many only while they are spent', async () => {
    start(1);
    await burst(1_000, () => 0);
    expect(trips).toBeLessThan(20);
  });
});

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
