import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { PULSE_KEY } from '../../src/store/keys.ts';
import { COUNTERS, type Counter, GAUGES, type Gauge } from '../../src/telemetry/figures.ts';
import { BINS } from '../../src/telemetry/latency.ts';
import { addPacked, noFigures, packCounts, packGauges } from '../../src/telemetry/packed.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const SEED = 20_251;
const ORDERS_PER_SECOND = 20;
const NOW = 1_760_000_000;

/** Letter of the keys, seconds of a bucket, seconds that a key spans, buckets that are kept. */
const KINDS = [
  ['s', 1, 60, 3_600],
  ['m', 60, 3_600, 1_440],
  ['h', 3_600, 86_400, 9_600],
] as const;

describe('what the pulse holds', () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());

  it(`takes less than 3 MB after 400 days of ${ORDERS_PER_SECOND} orders a second (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    for (const [letter, size, span, buckets] of KINDS) {
      const filling = redis.pipeline();
      for (let at = NOW; at > NOW - size * buckets; at -= size)
        filling.hset(
          `${PULSE_KEY}:${letter}:${Math.floor(at / span)}`,
          Math.floor((at % span) / size),
          aBucket(ORDERS_PER_SECOND * size, random),
        );
      await filling.exec();
    }
    // Ten processes, twenty of each of the newest.
    for (let one = 0; one < 10; one += 1)
      await redis.hset(`${PULSE_KEY}:processes`, `process ${one}`, 'x'.repeat(600));
    for (const name of ['counted', 'refused'])
      await redis.rpush(`${PULSE_KEY}:newest:${name}`, ...new Array<string>(20).fill('x'.repeat(250)));

    const keys = await redis.keys(`${PULSE_KEY}*`);
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    expect(sizes.reduce<number>((sum, size) => sum + Number(size), 0)).toBeLessThan(3_000_000);
  });
});

describe('a packed bucket', () => {
  it('gives every figure back, up to the largest exact one', () => {
    const counts = new Map(COUNTERS.map((name, place): [Counter, number] => [name, 2 ** 53 - 1 - place]));
    const gauges = new Map(GAUGES.map((name, place): [Gauge, number] => [name, 64 ** place - 1]));
    const latency = Array.from({ length: BINS }, (_, bin) => bin * 63 + 1);
    const figures = noFigures();
    addPacked(Buffer.concat([packCounts(counts, latency), packGauges(gauges)]), figures);
    expect(figures).toEqual({ counts, gauges, latency });
  });
});

/** So many orders that counted, a few that did not, latencies around 64 ms. */
function aBucket(orders: number, random: () => number): Buffer {
  const about = (count: number) => Math.floor(count * (0.5 + random()));
  const counts: [Counter, number][] = [
    ['received', orders],
    ['redelivered', about(orders / 100)],
    ['enqueued', orders],
    ['sqs_calls', about(orders / 5)],
    ['counted', orders],
    ['duplicate', about(orders / 50)],
    ['retried', about(orders / 500)],
    ['revenue', about(orders * 5_000)],
    ['refused_value', about(orders * 250)],
    ['busy_ms', about(orders * 5)],
    ['refused:missing_field', about(orders / 50)],
    ['refused:order_value_mismatch', about(orders / 30)],
  ];
  const latency = new Array<number>(BINS).fill(0);
  for (let bin = 16; bin < 40; bin += 1) latency[bin] = about(orders * 0.15 * 2 ** (-Math.abs(bin - 24) / 2));
  const gauges = GAUGES.map((name): [Gauge, number] => [name, about(1_000)]);
  return Buffer.concat([packCounts(counts, latency), packGauges(gauges)]);
}

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
