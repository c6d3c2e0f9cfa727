import { describe, expect, it } from '@jest/globals';
import { ConfigError, environmentDefaults, readConfig } from '../src/config/config.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const AT_AWS = 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders';
const takes = (value: string) => (name: string) => problemsOf({ [name]: value }).length === 0;
/** Found by what they take, so that one added later is among them. The webhook's is printed nowhere and may have more. */
const OF_URLS = Object.keys(environmentDefaults())
  .filter((name) => name !== 'ALERT_WEBHOOK_URL')
  .filter(takes(AT_AWS))
  .filter((name) => !takes('ftp://shop.example/orders')(name));

it('there are URLs to look at', () => {
  expect(OF_URLS).toEqual(
    expect.arrayContaining([
      'SQS_ENDPOINT',
      'LOCALSTACK_URL',
      'AWS_ENDPOINT_URL',
      'SQS_QUEUE_URL',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    ]),
  );
});

it.each(['ftp://shop.example/hook', 'shop.example/hook', 'https://ops:hunter2@shop.example/hook'])(
  'ALERT_WEBHOOK_URL is an http(s) URL that fetch takes, and is not shown: %s',
  (value) => {
    expect(problemsOf({ ALERT_WEBHOOK_URL: value })).toEqual([
      'ALERT_WEBHOOK_URL must be an http(s) URL without a login, got ***',
    ]);
    expect(problemsOf({ ALERT_WEBHOOK_URL: 'https://shop.example/hook?key=1' })).toEqual([]);
  },
);

describe.each(OF_URLS)('%s', (name) => {
  const secretsGo = name.startsWith('OTEL_') ? 'OTEL_EXPORTER_OTLP_HEADERS' : 'AWS_ACCESS_KEY_ID';

  it.each([
    'http://ops:hunter2@127.0.0.1:1/0/orders',
    'https://hunter2@shop.example/0/orders',
    'https://:hunter2@shop.example/0/orders',
    'http:ops:hunter2@shop.example/0/orders',
    'http:\\\\ops:hunter2@shop.example/0/orders',
    '"http://ops:hunter2@shop.example/0/orders"',
  ])('takes no login, which would be printed: %s', (value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems.join('\n')).toMatch(
      new RegExp(`^${name} must have no login in it: .*${secretsGo}.* got \\*\\*\\*$`, 'm'),
    );
    expect(problems.join('\n')).not.toMatch(/hunter2|ops:/);
  });

  it.each(['?x=1', '?', '#f', '#'])('takes nothing behind its path: %s', (end) => {
    expect(problemsOf({ [name]: AT_AWS + end })).toEqual([
      expect.stringMatching(new RegExp(`^${name} must end with its path, without . and what follows`)),
    ]);
  });

  it('may have spaces around it', () => {
    expect(problemsOf({ [name]: ` ${AT_AWS}\n` })).toEqual([]);
  });
});

describe('SQS_QUEUE_URL', () => {
  it.each([
    ['arn:aws:sqs:eu-west-1:123456789012:orders', AT_AWS],
    [
      'arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo',
      'https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders.fifo',
    ],
  ])('is told from the ARN %s, whose URL is said', (arn, queueUrl) => {
    expect(problemsOf({ SQS_QUEUE_URL: arn })).toEqual([
      `SQS_QUEUE_URL must be the URL of the queue, not its ARN: ${queueUrl}, got ${JSON.stringify(arn)}`,
    ]);
    expect(problemsOf({ SQS_QUEUE_URL: queueUrl })).toEqual([]);
  });

  it('is used without the spaces around it', () => {
    expect(readConfig({ SQS_QUEUE_URL: ` ${AT_AWS} ` }).sqs.queueUrl).toBe(AT_AWS);
  });

  it('has one problem at a time', () => {
    expect(problemsOf({ SQS_QUEUE_URL: 'orders' })).toHaveLength(1);
    expect(problemsOf({ SQS_QUEUE_URL: 'ftp://shop.example' })).toHaveLength(1);
  });
});

it.each(['REDIS_PASSWORD', 'ADMIN_PASSWORD'])('a password keeps its spaces: %s', (name) => {
  const config = readConfig({
    [name]: ' hunter2 ',
    REDIS_HOST: 'a',
    ADMIN_USER: 'a',
    ADMIN_PASSWORD: ' hunter2 ',
  });
  expect(JSON.stringify(config)).toContain('" hunter2 "');
});
