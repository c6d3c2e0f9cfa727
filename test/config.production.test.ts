import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig, USES } from '../src/config/config.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  STATS_API: 'keys',
  ADMIN_USER: 'admin',
  ADMIN_PASSWORD: 'a long password',
};
const REDIS = { REDIS_URL: 'redis://cache.example' };
const SQS = { SQS: 'aws', AWS_REGION: 'eu-west-1', QUEUE_NAME: 'orders-prod' };
const UNNAMED = { SQS: 'aws', AWS_REGION: 'eu-west-1' };

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
    [{ ...REDIS, ...UNNAMED, QUEUE_NAM: 'orders-prod' }, 'nothing reads QUEUE_NAM: is QUEUE_NAME meant?'],
    [
      { ...REDIS, ...UNNAMED, SQS_QUEUE_NAME: 'orders-prod' },
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

  it.each([
    'prod',
    'PROD',
    'produciton',
    'production-eu',
    'preprod',
    'poduction',
    'rpoduction',
    'oduction',
    'live',
    'prd',
    'pord',
  ])('is not missed by NODE_ENV=%s', (NODE_ENV) => {
    expect(problemsOf({ NODE_ENV })).toEqual([
      `NODE_ENV must be production, if that is meant, else development or test, got ${JSON.stringify(NODE_ENV.toLowerCase())}`,
    ]);
  });

  it.each(['"production"', "'production'", '"Production"'])('is not missed by NODE_ENV=%s', (NODE_ENV) => {
    expect(problemsOf({ NODE_ENV })).toEqual([
      expect.stringMatching(/^NODE_ENV has quotes around its value/),
      NO_REDIS,
      NO_SQS,
    ]);
  });

  it.each(['staging', 'dev', 'local', 'ci', 'demo'])(
    'is not meant by NODE_ENV=%s, which is told',
    (NODE_ENV) => {
      expect(readConfig({ NODE_ENV }).countsAsDevelopment).toBe(NODE_ENV);
    },
  );

  it.each([undefined, 'development', 'test'])(
    'is not meant by NODE_ENV=%s, which needs no word',
    (NODE_ENV) => {
      expect(readConfig({ NODE_ENV }).countsAsDevelopment).toBeUndefined();
    },
  );

  it.each([
    [{ REDIS_PORT: '6379', REDIS_HOTS: 'r' }, 'nothing reads REDIS_HOTS: is REDIS_HOST meant?'],
    [{ ...REDIS, REDIS_CLUSTER: 'a:1' }, 'nothing reads REDIS_CLUSTER: is REDIS_CLUSTER_NODES meant?'],
    [{ REDIS_HOST: 'a', REDIS_DATABASE: '2' }, 'nothing reads REDIS_DATABASE: is REDIS_DB meant?'],
    [{ ...REDIS, SQS_ENDPONT: 'http://a' }, 'nothing reads SQS_ENDPONT: is SQS_ENDPOINT meant?'],
    [{ ...REDIS, QUEUE_NAM: 'a' }, 'nothing reads QUEUE_NAM: is QUEUE_NAME meant?'],
    [{ ...REDIS, AWS_REGION: '', AWS_REGOIN: 'a' }, 'nothing reads AWS_REGOIN: is AWS_REGION meant?'],
  ])('takes no place beside one whose name is mistyped: %j', (env, said) => {
    expect(problemsOf({ ...SQS, ...env }).join()).toContain(said);
  });

  it('goes on after a typo that leads nowhere else', () => {
    expect(problemsOf({ ...SQS, ...REDIS, WORKER_CONCURENCY: '10', SQS_WAIT: '1' })).toEqual([]);
    expect(problemsOf({ ...REDIS, SQS_ENDPONT: 'http://a' }, USES.worker)).toEqual([]);
  });

  it('needs the host of its Redis in words', () => {
    expect(problemsOf({ ...SQS, REDIS_PORT: '6379' })).toEqual([
      expect.stringMatching(/^NODE_ENV=production needs REDIS_HOST beside REDIS_PORT/),
    ]);
    expect(problemsOf({ ...SQS, REDIS_PORT: '6379', REDIS_HOST: '127.0.0.1' })).toEqual([]);
  });

  it.each([
    {},
    { QUENAME: 'orders-prod' },
    { QUEUE: 'orders-prod' },
    { INBOX: 'orders-prod' },
    { INBOX_NAME: 'orders-prod' },
    { ORDERS_QUEUE: 'orders-prod' },
    { AWS_SQS_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders' },
  ])('looks for no inbox that was not named: %j', (env) => {
    const places = [
      { SQS: 'aws' },
      { SQS_ENDPOINT: 'https://sqs.eu-west-1.amazonaws.com' },
      { AWS_ENDPOINT_URL: 'http://proxy:3128' },
    ];
    for (const place of places) {
      expect(problemsOf({ ...REDIS, ...place, AWS_REGION: 'eu-west-1', ...env })[0]).toMatch(
        /^NODE_ENV=production needs to be told which inbox: set SQS_QUEUE_URL or QUEUE_NAME/,
      );
    }
    expect(problemsOf({ ...REDIS, SQS: 'aws' }, USES.worker)).toEqual([]);
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
