import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config/config.ts';

const unknownIn = (env: NodeJS.ProcessEnv) =>
  readConfig(env).unknown.map(({ name, nearest }) => `${name} → ${nearest}`);

describe('a variable that nothing reads', () => {
  it.each([
    ['REDIS_URI', 'REDIS_URL'],
    ['REDIS_PASS', 'REDIS_PASSWORD'],
    ['SQS_ENDPOIN', 'SQS_ENDPOINT'],
    ['SQS_URL', 'SQS_QUEUE_URL'],
    ['AWS_ENDPOINT', 'AWS_ENDPOINT_URL'],
    ['AWS_REGOIN', 'AWS_REGION'],
    ['AWS_SESION_TOKEN', 'AWS_SESSION_TOKEN'],
    ['BRIDGE_MAX_RECEIVE', 'BRIDGE_MAX_RECEIVES'],
    ['WORKER_THREADS', 'WORKER_CONCURRENCY'],
    ['JOB_ATTEMPT', 'JOB_ATTEMPTS'],
    ['LOG_LEVL', 'LOG_LEVEL'],
    ['ADMIN_PASSWD', 'ADMIN_PASSWORD'],
    ['RATE_LIMIT_KEY', 'RATE_LIMIT_PER_KEY'],
    ['MAX_ORDERS_ITEMS', 'MAX_ORDER_ITEMS'],
    ['PARTITION', 'PARTITIONS'],
    ['ALERT_WEBHOOK', 'ALERT_WEBHOOK_URL'],
    ['METRIC_TOKEN', 'METRICS_TOKEN'],
    ['worker_concurrency', 'WORKER_CONCURRENCY'],
  ])('and that looks like ours is told with the nearest real name: %s', (name, nearest) => {
    expect(unknownIn({ [name]: 'x' })).toEqual([`${name} → ${nearest}`]);
  });

  it('is told once for each, and an empty one not at all', () => {
    expect(unknownIn({ REDIS_URI: 'a', SQS_URL: 'b', QUEUE_NAM: '' })).toEqual([
      'REDIS_URI → REDIS_URL',
      'SQS_URL → SQS_QUEUE_URL',
    ]);
  });

  it('but others do is left alone', () => {
    const others = {
      // A shell, Node's image, Jenkins, other services of AWS, the images of Redis, loggers.
      HOME: '/root',
      HOSTNAME: 'a',
      HOSTTYPE: 'x86_64',
      USER: 'me',
      LOGNAME: 'me',
      NODE_VERSION: '24',
      NODE_OPTIONS: '--trace-warnings',
      JOB_NAME: 'build',
      JOB_URL: 'http://jenkins/job',
      JOB_COMPLETION_INDEX: '0',
      MAX_OLD_SPACE: '512',
      DATA_SOURCE: 'x',
      AWS_ENDPOINT_URL_S3: 'http://minio:9000',
      AWS_ENDPOINT_URL_SNS: 'http://localstack:4566',
      AWS_SESSION_TOKEN: 'x',
      AWS_SHARED_CREDENTIALS_FILE: '/x',
      AWS_CONFIG_FILE: '/x',
      AWS_ROLE_ARN: 'x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/x',
      AWS_EC2_METADATA_DISABLED: 'true',
      LOCALSTACK_AUTH_TOKEN: 'x',
      REDIS_VERSION: '7.2.5',
      REDIS_DOWNLOAD_SHA: 'x',
    };
    expect(unknownIn(others)).toEqual([]);
  });

  it('but Kubernetes sets for services of such names is left alone, and breaks nothing', () => {
    const ofService = (name: string, port: number) => ({
      [`${name}_SERVICE_HOST`]: '10.0.0.1',
      [`${name}_SERVICE_PORT`]: String(port),
      [`${name}_SERVICE_PORT_TCP_MAIN`]: String(port),
      [`${name}_PORT`]: `tcp://10.0.0.1:${port}`,
      [`${name}_PORT_${port}_TCP`]: `tcp://10.0.0.1:${port}`,
      [`${name}_PORT_${port}_TCP_PROTO`]: 'tcp',
      [`${name}_PORT_${port}_TCP_PORT`]: String(port),
      [`${name}_PORT_${port}_TCP_ADDR`]: '10.0.0.1',
    });
    const env = {
      ...ofService('REDIS', 6379),
      ...ofService('REDIS_MASTER', 6379),
      ...ofService('SQS', 4566),
      ...ofService('EMBEDDED_SQS', 4566),
      ...ofService('WORKER', 8000),
      ...ofService('BRIDGE', 8000),
      REDIS_URL: 'redis://redis:6379',
    };
    const config = readConfig(env);
    expect(config.unknown).toEqual([]);
    expect(config).toEqual(readConfig({ REDIS_URL: 'redis://redis:6379' }));
  });
});
