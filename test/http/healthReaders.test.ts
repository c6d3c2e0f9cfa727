import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const VERSIONS = {
  product: version,
  node: process.versions.node,
  redis: expect.stringMatching(/^(Redis|Valkey) \d+\.\d+\.\d+$/),
};
const ADMIN = { ADMIN_USER: 'ops', ADMIN_PASSWORD: 'a password of the operators' };
const login = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

interface Health {
  status: string;
  versions?: unknown;
  failed_orders?: unknown;
  troubles: { what: string; reason: string }[];
}

describe('/health, while the stats need a key', () => {
  let redis: TestRedis;
  let api: TestPipeline;
  let worker: TestPipeline;
  let key: string;
  beforeAll(async () => {
    redis = await startTestRedis();
    // More than half of the room of a total.
    const { global } = statsKeys(makePartitions(1).all[0] as Partition);
    await redis.client().hset(global, 'total_orders', 1, 'total_revenue', '3600000000000000');
    const env = { STATS_API: 'keys', AUTH_FAILURES_PER_MINUTE: '3', ...ADMIN };
    api = await startPipeline(env, { role: 'api', redis });
    worker = await startPipeline(env, { role: 'worker', redis });
    ({ key } = await new KeyStore(redis.client()).create({ name: 'test', role: 'read' }, Date.now()));
  });
  afterAll(async () => {
    await api.stop();
    await worker.stop();
    await redis.stop();
  });

  async function ask(headers: Record<string, string> = {}, { get } = api) {
    const response = await get('/health', { headers });
    expect(response.status).toBe(200);
    return { headers: response.headers, body: (await response.json()) as Health };
  }

  it.each([
    ['a key', () => bearer(key)],
    ['the password', () => login('ops:a password of the operators')],
  ])('tells versions and amounts with %s', async (_name, credentials) => {
    await until(async () => (await ask(credentials())).body.troubles.length > 0, 'the totals were looked at');
    const { body } = await ask(credentials());
    expect(body.versions).toEqual(VERSIONS);
    expect(body.troubles[0]?.reason).toContain('36000000000000.00');
  });

  it('says states and counts without, or with wrong ones, which it counts and does not refuse', async () => {
    for (const credentials of [{}, bearer('op_wrong'), ...Array(5).fill(login('ops:guessed'))]) {
      const { headers, body } = await ask(credentials);
      expect(body).toMatchObject({ status: 'degraded', failed_orders: { count: 0, since: null } });
      expect(body.versions).toBeUndefined();
      expect(body.troubles.map(({ what }) => what)).toEqual(['totals']);
      expect(JSON.stringify(body)).not.toMatch(/36000000000000|total_revenue/);
      expect(headers.get('www-authenticate') ?? headers.get('retry-after')).toBeNull();
    }
    const after = await api.get('/stats/global', { headers: login('ops:guessed') });
    await after.arrayBuffer();
    expect(after.status).toBe(429);
  });

  it('of a role that knows no keys tells no more', async () => {
    expect((await ask(bearer(key), worker)).body.versions).toBeUndefined();
  });
});

describe('/health, while the stats are open', () => {
  it.each(['api', 'worker'] as const)('tells the versions to everybody, in the role %s', async (role) => {
    const pipeline = await startPipeline({}, { role });
    try {
      expect(await pipeline.json<Health>('/health')).toMatchObject({ versions: VERSIONS });
    } finally {
      await pipeline.stop();
    }
  });
});
