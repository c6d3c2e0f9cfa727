import { describe, expect, it } from '@jest/globals';
import { measureModel } from '../../scripts/eval/askModel.ts';
import { readSuperstore } from '../../scripts/eval/superstore.ts';
import { readConfig } from '../../src/config/config.ts';
import { startModelServer } from '../support/modelServer.ts';
import { startTestRedis } from '../support/redis.ts';

describe('npm run eval -- --llm', () => {
  it('counts what a model says of findings, once and on the shared budget', async () => {
    const redis = await startTestRedis();
    const server = await startModelServer();
    try {
      const env = { LLM_BASE_URL: server.baseUrl, LLM_MODEL: 'test-model', LLM_PRICE: '0.75/4.5' };
      const config = readConfig({ REDIS_URL: redis.url, ...env }, ['redis']);
      const { orders } = readSuperstore();
      const measure = () => measureModel({ orders, from: 500, to: 560 }, { config, redis: redis.client() });
      const { rows, calls, dollars, natural } = await measure();
      expect(rows.find(({ kind }) => kind === 'payment method nonsense')).toEqual({
        kind: 'payment method nonsense',
        shown: 12,
        defect: 12,
        plausible: 0,
        unsure: 0,
        unanswered: 0,
      });
      expect(natural.orders).toBe(60);
      expect([calls, dollars > 0]).toEqual([server.asked.length, true]);
    } finally {
      await server.stop();
      await redis.stop();
    }
  });
});
