import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../src/config/config.ts';

const sqsOf = (env: NodeJS.ProcessEnv) => readConfig(env).sqs;

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const HOSTS = [
  ['sqs.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['sqs-fips.us-east-2.amazonaws.com', 'us-east-2'],
  ['sqs.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['sqs.cn-northwest-1.api.amazonwebservices.com.cn', 'cn-northwest-1'],
  ['sqs.ap-southeast-7.api.aws', 'ap-southeast-7'],
  ['sqs-fips.ca-central-1.api.aws', 'ca-central-1'],
  ['sqs.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
  ['sqs.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
  ['sqs.us-isob-east-1.sc2s.sgov.gov', 'us-isob-east-1'],
  ['sqs.us-isof-south-1.csp.hci.ic.gov', 'us-isof-south-1'],
  ['sqs.eu-isoe-west-1.cloud.adc-e.uk', 'eu-isoe-west-1'],
  ['vpce-0a1b2c-xyz.sqs.eu-central-1.vpce.amazonaws.com', 'eu-central-1'],
  ['vpce-0a1b2c-xyz-eu-central-1a.sqs.eu-central-1.vpce.amazonaws.com', 'eu-central-1'],
  ['vpce-0a1b2c-xyz.sqs-fips.us-east-1.vpce.amazonaws.com', 'us-east-1'],
  ['vpce-0a1b2c-xyz.sqs.cn-north-1.vpce.amazonaws.com.cn', 'cn-north-1'],
  ['eu-west-1.queue.amazonaws.com', 'eu-west-1'],
  ['cn-north-1.queue.amazonaws.com.cn', 'cn-north-1'],
  ['queue.amazonaws.com', 'us-east-1'],
] as const;

describe('a host of SQS at AWS names its region', () => {
  it.each(HOSTS)('%s as the queue URL', (host, region) => {
    const queueUrl = `https://${host}/123456789012/orders`;
    const sqs = sqsOf({ SQS_QUEUE_URL: queueUrl });
    expect(sqs).toMatchObject({ kind: 'aws', endpoint: `https://${host}`, region, queueUrl });
    expect([sqs.credentials, sqs.fallback]).toEqual([undefined, undefined]);
    expect(sqs.regionWhy).toBe('SQS_QUEUE_URL is there');
  });

  it.each(HOSTS)('%s as the endpoint, which is never signed for with made-up credentials', (host, region) => {
    const sqs = sqsOf({ SQS_ENDPOINT: `https://${host}` });
    expect(sqs).toMatchObject({ kind: 'endpoint', endpoint: `https://${host}`, region });
    expect(sqs.fallback).toBeUndefined();
  });

  it.each([
    'my-balancer-1.eu-west-1.elb.amazonaws.com',
    'ec2-1-2-3-4.eu-west-1.compute.amazonaws.com',
    'sqs.eu-west-1.amazonaws.com.example.org',
    'xsqs.eu-west-1.amazonaws.com',
    'sqs.eu-west-1.localhost.localstack.cloud',
    'localhost',
  ])('%s is none', (host) => {
    const sqs = sqsOf({ SQS_QUEUE_URL: `http://${host}:4566/000000000000/orders` });
    expect(sqs).toMatchObject({ kind: 'endpoint', endpoint: `http://${host}:4566`, queueName: 'orders' });
    expect(sqs.region).toBeUndefined();
    expect(sqs.fallback?.region).toBe('us-east-1');
  });
});

describe('the region', () => {
  const url = { SQS_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders' };

  it('of a queue URL wins over what a platform sets, and says so', () => {
    expect(sqsOf({ ...url, AWS_REGION: 'us-east-1' })).toMatchObject({
      region: 'eu-west-1',
      regionWhy: 'SQS_QUEUE_URL is there, whatever AWS_REGION=us-east-1 says',
    });
    expect(sqsOf({ ...url, AWS_REGION: 'eu-west-1' }).regionWhy).toBe('SQS_QUEUE_URL is there');
  });

  it('is AWS_REGION, then AWS_DEFAULT_REGION, then for the SDK to find', () => {
    const aws = { SQS: 'aws', AWS_DEFAULT_REGION: 'eu-north-1' };
    expect(sqsOf({ ...aws, AWS_REGION: 'eu-west-1' }).region).toBe('eu-west-1');
    expect(sqsOf(aws)).toMatchObject({ region: 'eu-north-1', regionWhy: 'AWS_DEFAULT_REGION is set' });
    const found = sqsOf({ SQS: 'aws', AWS_PROFILE: 'shop' });
    expect([found.region, found.fallback]).toEqual([undefined, undefined]);
  });

  it.each([' eu-west-1', 'eu-west-1\n', 'EU-West-1'])('%j is eu-west-1', (AWS_REGION) => {
    expect(sqsOf({ SQS: 'aws', AWS_REGION }).region).toBe('eu-west-1');
  });

  it.each(['eu west 1', 'eu_west_1', 'eu-west-1a', 'Europe (Ireland)', '-'])(
    '%j is refused',
    (AWS_REGION) => {
      expect(problemsOf({ AWS_REGION })).toEqual([
        `AWS_REGION must be a region such as eu-west-1, got ${JSON.stringify(AWS_REGION)}`,
      ]);
    },
  );

  it('of an endpoint and of a queue may not differ', () => {
    const SQS_ENDPOINT = 'https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com';
    expect(problemsOf({ ...url, SQS_ENDPOINT })).toEqual([
      'SQS_ENDPOINT is in eu-central-1 and SQS_QUEUE_URL in eu-west-1: set one',
    ]);
  });

  it('of a queue is signed for at a proxy, too', () => {
    expect(sqsOf({ ...url, SQS_ENDPOINT: 'http://proxy:3128' })).toMatchObject({
      kind: 'endpoint',
      endpoint: 'http://proxy:3128',
      region: 'eu-west-1',
    });
  });
});

describe('AWS_ENDPOINT_URL', () => {
  const AWS_ENDPOINT_URL = 'http://everything:4566';

  it('alone is an endpoint', () => {
    expect(sqsOf({ AWS_ENDPOINT_URL })).toMatchObject({
      kind: 'endpoint',
      endpoint: AWS_ENDPOINT_URL,
      why: 'AWS_ENDPOINT_URL is set',
    });
  });

  it.each(['SQS_ENDPOINT', 'LOCALSTACK_URL', 'AWS_ENDPOINT_URL_SQS'])(
    'yields to %s without a word',
    (name) => {
      expect(sqsOf({ AWS_ENDPOINT_URL, [name]: 'http://sqs:4566' })).toMatchObject({
        endpoint: 'http://sqs:4566',
        why: `${name} is set`,
      });
    },
  );

  it('yields to a queue at AWS, but not to one of LocalStack, whose host only its own machine reaches', () => {
    const atAws = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
    expect(sqsOf({ AWS_ENDPOINT_URL, SQS_QUEUE_URL: atAws })).toMatchObject({
      kind: 'aws',
      endpoint: 'https://sqs.eu-west-1.amazonaws.com',
    });
    const local = 'http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/orders';
    expect(sqsOf({ AWS_ENDPOINT_URL, SQS_QUEUE_URL: local })).toMatchObject({
      kind: 'endpoint',
      endpoint: AWS_ENDPOINT_URL,
      queueUrl: local,
    });
  });

  it('is no rival of SQS=aws, where the SDK takes it by itself, nor of SQS=embedded', () => {
    const aws = sqsOf({ AWS_ENDPOINT_URL, SQS: 'aws' });
    expect([aws.kind, aws.endpoint]).toEqual(['aws', undefined]);
    expect(sqsOf({ AWS_ENDPOINT_URL, SQS: 'embedded' }).endpoint).toBe('http://127.0.0.1:4566');
  });
});

it('a VPC endpoint that the SDK takes by itself names the region to sign for', () => {
  const AWS_ENDPOINT_URL = 'https://vpce-0a-b.sqs.eu-west-3.vpce.amazonaws.com';
  expect(sqsOf({ SQS: 'aws', AWS_ENDPOINT_URL, AWS_REGION: 'us-east-1' })).toMatchObject({
    kind: 'aws',
    region: 'eu-west-3',
    regionWhy: 'AWS_ENDPOINT_URL is there, whatever AWS_REGION=us-east-1 says',
  });
});

describe('the inbox', () => {
  it.each([
    'https://sqs.eu-west-1.amazonaws.com',
    'https://sqs.eu-west-1.amazonaws.com/orders',
    'https://sqs.eu-west-1.amazonaws.com/123456789012/orders/',
    'http://localhost:4566/',
    'http://localhost:4566/000000000000/my orders',
    '/123456789012/orders',
  ])('is refused where the URL names none: %s', (SQS_QUEUE_URL) => {
    expect(problemsOf({ SQS_QUEUE_URL })).toEqual([expect.stringMatching(/^SQS_QUEUE_URL must /)]);
  });

  it.each([
    'http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/orders.fifo',
    'http://localhost:4566/queue/us-east-1/000000000000/orders.fifo',
    'http://localhost:9324/queue/orders.fifo',
  ])('is taken from %s, with its name', (SQS_QUEUE_URL) => {
    expect(sqsOf({ SQS_QUEUE_URL })).toMatchObject({ queueUrl: SQS_QUEUE_URL, queueName: 'orders.fifo' });
  });

  it('is named by the URL, which a name beside it must at least resemble', () => {
    const SQS_QUEUE_URL = 'http://localhost:4566/000000000000/orders.fifo';
    expect(problemsOf({ SQS_QUEUE_URL, QUEUE_NAME: 'orders' })).toEqual([
      'SQS_QUEUE_URL names "orders.fifo" and QUEUE_NAME "orders": set one',
    ]);
    expect(problemsOf({ SQS_QUEUE_URL, QUEUE_NAME: 'orders.fifo' })).toEqual([]);
    expect(sqsOf({ SQS_QUEUE_URL, QUEUE_NAME: 'others.fifo' })).toMatchObject({
      queueName: 'orders.fifo',
      why: 'SQS_QUEUE_URL is not at AWS, whatever QUEUE_NAME=others.fifo says',
    });
  });
});

it('an endpoint is the same with a slash at its end', () => {
  expect(problemsOf({ SQS_ENDPOINT: 'http://a:1', LOCALSTACK_URL: 'http://a:1/' })).toEqual([]);
});

it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])(
  '%s alone is refused: the SDK would look elsewhere',
  (name) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one is missing',
    ]);
  },
);
