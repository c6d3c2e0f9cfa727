import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig, USES } from '../src/config/config.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  STATS_API: 'keys',
  ADMIN_USER: 'admin',
  ADMIN_PASSWORD: 'a long password',
};
const REDIS = { REDIS_URL: 'redis://cache.example' };
const SQS = { SQS: 'aws', AWS_REGION: 'eu-west-1' };

const NO_REDIS = expect.stringMatching(/^NODE_ENV=production starts no Redis of its own.*or REDIS=embedded/);
const NO_SQS = expect.stringMatching(/^NODE_ENV=production starts no SQS of its own.*or SQS=embedded/);

function problemsOf(env: NodeJS.ProcessEnv, uses = USES.all): readonly string[] {
  try {
    readConfig({ ...PRODUCTION, ...env }, uses);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('production', () => {
  it('refuses a Redis and an SQS of its own that nobody asked for, both in one message', () => {
    expect(problemsOf({})).toEqual([NO_REDIS, NO_SQS]);
    expect(problemsOf({ ...REDIS, QUEUE_NAME: 'orders-prod', AWS_REGION: 'eu-west-1' })).toEqual([NO_SQS]);
    expect(problemsOf(SQS)).toEqual([NO_REDIS]);
    expect(problemsOf({ ...SQS, ...REDIS })).toEqual([]);
  });

  it('starts them when they are asked for by name', () => {
    const config = readConfig({ ...PRODUCTION, REDIS: 'Embedded', SQS: 'embedded' });
    expect([config.redis.kind, config.sqs.kind, config.sqs.why]).toEqual([
      'embedded',
      'embedded',
      'SQS=embedded',
    ]);
  });

  it('asks of each role only for what it uses', () => {
    expect(problemsOf(REDIS, USES.worker)).toEqual([]);
    expect(problemsOf(REDIS, USES.api)).toEqual([]);
    expect(problemsOf(REDIS, USES.bridge)).toEqual([NO_SQS]);
    expect(problemsOf({}, USES.worker)).toEqual([NO_REDIS]);
    expect(problemsOf(SQS, ['sqs'])).toEqual([]);
  });

  it.each([
    [{ ...SQS, REDIS_URI: 'redis://cache.example' }, 'nothing reads REDIS_URI: is REDIS_URL meant?'],
    [{ ...SQS, REDISURL: 'redis://cache.example' }, 'nothing reads REDISURL: is REDIS_URL meant?'],
    [{ ...SQS, redis_host: 'cache.example' }, 'nothing reads redis_host: is REDIS_HOST meant?'],
    [{ ...REDIS, SQS_QUEUE: 'orders-prod' }, 'nothing reads SQS_QUEUE: is SQS_QUEUE_URL meant?'],
    [{ ...REDIS, 'SQS-ENDPOINT': 'http://a' }, 'nothing reads SQS-ENDPOINT: is SQS_ENDPOINT meant?'],
    [{ ...REDIS, ...SQS, QUEUE_NAM: 'orders-prod' }, 'nothing reads QUEUE_NAM: is QUEUE_NAME meant?'],
    [
      { ...REDIS, ...SQS, SQS_QUEUE_NAME: 'orders-prod' },
      'nothing reads SQS_QUEUE_NAME: is QUEUE_NAME meant?',
    ],
  ])('after a typo does not end on an empty place of its own: %j', (env, said) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(said)]);
  });

  it('is not brought to start an own Redis by what Kubernetes says of a service called redis', () => {
    expect(problemsOf({ ...SQS, REDIS_PORT: 'tcp://10.0.0.1:6379' })).toEqual([NO_REDIS]);
  });

  it.each([' production ', 'Production'])('is meant by NODE_ENV=%j as well', (NODE_ENV) => {
    expect(problemsOf({ NODE_ENV })).toEqual([NO_REDIS, NO_SQS]);
  });

  it.each(['prod', 'PROD', 'produciton', 'production-eu'])('is not missed by NODE_ENV=%s', (NODE_ENV) => {
    expect(problemsOf({ NODE_ENV })).toEqual([expect.stringMatching(/^NODE_ENV must be production, if/)]);
  });
});

describe('REDIS=embedded', () => {
  it.each([
    { REDIS_URL: 'redis://a' },
    { REDIS_HOST: 'a' },
    { REDIS_PORT: '1' },
    { REDIS_CLUSTER_NODES: 'a:1' },
  ])('contradicts another Redis: %j', (env) => {
    expect(() => readConfig({ REDIS: 'embedded', ...env })).toThrow(
      `REDIS=embedded and ${Object.keys(env)[0]} contradict each other: set one`,
    );
  });

  it('is the only other value', () => {
    expect(() => readConfig({ REDIS: 'local' })).toThrow('REDIS must be one of auto, embedded, got "local"');
    expect(readConfig({ REDIS: 'auto', REDIS_HOST: 'a' }).redis.kind).toBe('server');
  });
});
