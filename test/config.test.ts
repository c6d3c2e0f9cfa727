import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config/config.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../src/runtime/limits.ts';

describe('without any setting', () => {
  it('everything is embedded and on loopback', () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      http: { host: '127.0.0.1', port: 8000 },
      redis: { kind: 'embedded' },
      sqs: {
        kind: 'embedded',
        endpoint: 'http://127.0.0.1:4566',
        region: 'us-east-1',
        queueName: 'orders',
      },
      dataDir: '.data',
      log: { level: 'info', dir: 'logs' },
      partitions: 1,
      ledgerRetentionDays: 35,
      userDetailDays: 400,
      auditRetentionDays: 400,
      worker: { concurrency: 50 },
      jobs: { attempts: 5, failedRetentionDays: undefined },
      rules: { currency: 'USD', idCase: 'upper' },
    });
  });

  it('an empty value is the same as none, as compose files produce it', () => {
    const names = [
      'PORT',
      'REDIS_URL',
      'REDIS_HOST',
      'SQS_ENDPOINT',
      'LOCALSTACK_URL',
      'LOG_LEVEL',
      'ADMIN_USER',
    ];
    const empty = Object.fromEntries(names.map((name, index) => [name, index % 2 ? '' : '  ']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('what belongs to other programs is left alone', () => {
    expect(readConfig({ PATH: '/bin', TZ: 'Mars/Olympus', REDISCLI_AUTH: 'x' })).toEqual(readConfig({}));
  });
});

describe('Redis', () => {
  it.each([
    [
      { REDIS_URL: 'redis://cache.example:6380/2' },
      { kind: 'server', host: 'cache.example', port: 6380, tls: false, why: 'REDIS_URL is set' },
    ],
    [{ REDIS_URL: 'rediss://cache.example' }, { kind: 'server', port: 6379, tls: true }],
    [
      { REDIS_HOST: 'cache.example' },
      { kind: 'server', host: 'cache.example', port: 6379, why: 'REDIS_HOST is set' },
    ],
    [{ REDIS_PORT: '6380' }, { kind: 'server', host: '127.0.0.1', port: 6380, why: 'REDIS_PORT is set' }],
    [
      { REDIS_HOST: 'h', REDIS_USERNAME: 'u', REDIS_PASSWORD: 'p', REDIS_DB: '3', REDIS_TLS: 'Yes' },
      { username: 'u', password: 'p', db: 3, tls: true },
    ],
    [
      { REDIS_CLUSTER_NODES: 'a:7000, b:7001', REDIS_PASSWORD: 'p' },
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
        password: 'p',
      },
    ],
  ])('of %j is used as it says', (env, redis) => {
    expect(readConfig(env).redis).toMatchObject(redis);
  });
});

describe('SQS', () => {
  it.each(['SQS_ENDPOINT', 'LOCALSTACK_URL', 'AWS_ENDPOINT_URL_SQS'])('is where %s says', (name) => {
    expect(readConfig({ [name]: 'http://localstack:4566', AWS_REGION: 'eu-west-1' }).sqs).toMatchObject({
      kind: 'endpoint',
      endpoint: 'http://localstack:4566',
      region: 'eu-west-1',
      why: `${name} is set`,
    });
  });

  it('may be named by several variables that agree', () => {
    const url = 'http://localstack:4566';
    expect(readConfig({ SQS_ENDPOINT: url, LOCALSTACK_URL: url }).sqs).toMatchObject({ endpoint: url });
  });

  it("gets made-up credentials at an endpoint only where the SDK's own chain finds none", () => {
    const { sqs } = readConfig({ SQS_ENDPOINT: 'http://localstack:4566' });
    expect(sqs.credentials).toBeUndefined();
    expect(sqs.fallback?.credentials.accessKeyId).toBe('local');
  });

  it.each([
    [{ SQS: 'aws' }, { kind: 'aws', queueName: 'orders' }],
    [
      { SQS: 'AWS', QUEUE_NAME: 'shop-orders.fifo' },
      { kind: 'aws', queueName: 'shop-orders.fifo' },
    ],
    [
      { SQS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/q' },
      { kind: 'aws', queueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q' },
    ],
    [
      { SQS: 'embedded', EMBEDDED_SQS_PORT: '4577' },
      { kind: 'embedded', endpoint: 'http://127.0.0.1:4577' },
    ],
  ])('of %j is used as it says, without credentials of ours on AWS', (env, sqs) => {
    expect(readConfig(env).sqs).toMatchObject(sqs);
    expect(readConfig(env).sqs.credentials === undefined).toBe(sqs.kind === 'aws');
    expect(readConfig(env).sqs.fallback).toBeUndefined();
  });
});

describe('orders in hand', () => {
  it.each([
    ['1', 50],
    ['8', 400],
    ['64', 1_000],
  ])('with %s partitions are %i when nothing else is said', (PARTITIONS, concurrency) => {
    expect(readConfig({ PARTITIONS }).worker.concurrency).toBe(concurrency);
  });
});

describe('a value', () => {
  it.each([
    ['DEBUG', 'debug'],
    ['debug', 'debug'],
    ['Info', 'info'],
    ['WARNING', 'warn'],
    ['warn', 'warn'],
    ['ERROR', 'error'],
  ])('LOG_LEVEL=%s logs at %s', (level, winston) => {
    expect(readConfig({ LOG_LEVEL: level }).log.level).toBe(winston);
  });

  it.each([
    [{}, undefined],
    [{ LOG_FORMAT: 'JSON' }, 'json'],
    [{ LOG_FORMAT: 'text' }, 'text'],
  ])('%j makes the console write %s', (env, shape) => {
    expect(readConfig(env).log.format).toBe(shape);
  });

  it.each([
    [{ CURRENCY: 'eur' }, { currency: 'EUR' }],
    [{ ID_CASE: 'Preserve' }, { idCase: 'preserve' }],
    [{ MAX_ORDER_ITEMS: '50' }, { maxItems: 50 }],
  ])('%j sets the rules of an order', (env, rules) => {
    expect(readConfig(env).rules).toMatchObject(rules);
  });

  it.each([
    ['Auto', 'auto'],
    ['NONE', 'none'],
    ['data', ['data']],
    ['payload.after', ['payload', 'after']],
    ['Payload.After', ['Payload', 'After']],
  ])('INBOX_ENVELOPE=%s is read as %j', (INBOX_ENVELOPE, envelope) => {
    expect(readConfig({ INBOX_ENVELOPE }).bridge.envelope).toEqual(envelope);
  });

  it('MAX_BODY_BYTES is 256 KiB when nothing is said, and may be what SQS takes', () => {
    expect(readConfig({}).maxBodyBytes).toBe(DEFAULT_MAX_BODY_BYTES);
    expect(readConfig({ MAX_BODY_BYTES: '1048576' }).maxBodyBytes).toBe(1_048_576);
  });

  it('PORT=0 switches HTTP off', () => {
    expect(readConfig({ PORT: '0' }).http.port).toBe(0);
  });
});
