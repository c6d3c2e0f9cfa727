import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../src/config/config.ts';

/** What keeps this environment from starting. */
function problemsOf(env: NodeJS.ProcessEnv): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was taken, a refusal was expected');
}

const PRODUCTION = { NODE_ENV: 'production', REDIS: 'embedded', SQS: 'embedded' };
const ADMIN = { ADMIN_USER: 'admin', ADMIN_PASSWORD: 'hunter2hunter2' };

describe('an OpenID provider', () => {
  const PROVIDER = {
    OIDC_ISSUER: 'https://login.example',
    OIDC_CLIENT_ID: 'order-pipeline',
    OIDC_CLIENT_SECRET: 'hunter2hunter2',
  };

  it.each(Object.keys(PROVIDER))('needs %s as well', (missing) => {
    const { problems, message } = problemsOf({ ...PROVIDER, [missing]: '' });
    expect(problems).toEqual([expect.stringContaining(`belong together: without ${missing} nobody`)]);
    expect(message).not.toContain('hunter2hunter2');
  });

  it.each(['login.example', 'http://login.example'])('is not asked at %s', (issuer) => {
    expect(problemsOf({ ...PROVIDER, OIDC_ISSUER: issuer }).problems).toEqual([
      `OIDC_ISSUER must be the https URL of an OpenID provider, got "${issuer}"`,
    ]);
  });

  it('is somebody who may sign in, in production too', () => {
    const { provider } = readConfig({ ...PRODUCTION, ...PROVIDER, STATS_API: 'keys' });
    expect(provider).toMatchObject({ issuer: 'https://login.example', roleClaim: 'roles' });
  });
});

describe('HEALTH_PORT', () => {
  it.each([{ HEALTH_PORT: '8000' }, { HEALTH_PORT: '9000', PORT: '9000' }])(
    'must not be the port of the API: %j',
    (env) => {
      expect(problemsOf(env).problems).toEqual([
        expect.stringMatching(/^HEALTH_PORT and PORT are both [89]000: /),
      ]);
    },
  );

  it('may be the only one', () => {
    expect(readConfig({ HEALTH_PORT: '8000', PORT: '0' }).http).toMatchObject({ healthPort: 8000, port: 0 });
  });
});

describe('a wrong value', () => {
  it.each([
    ['PORT', '65536'],
    ['BASE_PATH', '/'],
    ['BASE_PATH', 'orders'],
    ['BASE_PATH', '/orders/'],
    ['BASE_PATH', '/shop//orders'],
    ['BASE_PATH', '/shop/../orders'],
    ['BASE_PATH', 'https://shop.example/orders'],
    ['BASE_PATH', '/Stats/orders'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '8000 or so'],
    ['REDIS_PORT', '0'],
    ['REDIS_URL', 'cache.example:6379'],
    ['REDIS_TLS', 'maybe'],
    ['SQS', 'azure'],
    ['SQS_ENDPOINT', 'localhost:4566'],
    ['QUEUE_NAME', 'my orders'],
    ['QUEUE_NAME', 'x'.repeat(81)],
    ['LOG_LEVEL', 'loud'],
    ['LOG_FORMAT', 'xml'],
    ['PARTITIONS', '0'],
    ['PARTITIONS', '65'],
    ['LEDGER_RETENTION_DAYS', '0'],
    ['USER_DETAIL_DAYS', '0'],
    ['WORKER_CONCURRENCY', '0'],
    ['JOB_ATTEMPTS', '0'],
    ['CURRENCY', 'dollars'],
    ['ID_CASE', 'lower'],
    ['STATS_API', 'closed'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '0'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', 'loopback,everyone'],
    ['CORS_ORIGINS', 'shop.example'],
    ['CORS_ORIGINS', 'https://shop.example/'],
    ['CORS_ORIGINS', 'https://shop.example,'],
    ['RATE_LIMIT_PER_KEY', '-1'],
    ['AUTH_FAILURES_PER_MINUTE', '0'],
    ['READS_IN_FLIGHT', '0'],
    ['READ_FROM', 'cache'],
    ['INBOX_ENVELOPE', 'off'],
    ['INBOX_ENVELOPE', 'True'],
    ['INBOX_ENVELOPE', 'payload..after'],
    ['INBOX_ENVELOPE', '$. data'],
    ['MAX_BODY_BYTES', '1023'],
    ['MAX_BODY_BYTES', '1048577'],
    ['MAX_BODY_BYTES', '512k'],
  ])('%s=%s is refused, naming both', (name, value) => {
    const { problems } = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must be `));
    if (name !== 'REDIS_URL') expect(problems[0]).toContain(JSON.stringify(value));
  });
});

describe('a word for INBOX_ENVELOPE that is no place', () => {
  it.each([
    ['sns', 'auto,'],
    ['EventBridge', 'auto,'],
    ['true', 'auto,'],
    ['on', 'auto,'],
    ['yes', 'auto,'],
    ['false', 'none,'],
    ['off', 'none,'],
    ['no', 'none,'],
    ['cloudevents', 'data,'],
    ['debezium', 'payload.after,'],
  ])('is refused with what is meant: %s', (INBOX_ENVELOPE, word) => {
    expect(problemsOf({ INBOX_ENVELOPE }).problems).toEqual([
      expect.stringContaining(`INBOX_ENVELOPE must be ${word}`),
    ]);
  });
});

describe('the form of a webhook', () => {
  it('is refused without an address, where it says more than the default', () => {
    expect(problemsOf({ ALERT_WEBHOOK_FORMAT: 'Slack' }).problems).toEqual([
      expect.stringMatching(/^ALERT_WEBHOOK_FORMAT=Slack needs ALERT_WEBHOOK_URL: /),
    ]);
    expect(readConfig({ ALERT_WEBHOOK_FORMAT: 'json' }).webhook).toBeUndefined();
  });
});

describe('METRICS_TOKEN', () => {
  it.each([
    'a token of enough letters',
    'a-token-of\tenough-letters',
    'ein-Schlüssel-für-uns',
    'x'.repeat(15),
  ])('that no header carries, or that can be guessed, is refused and not shown: %j', (METRICS_TOKEN) => {
    const { problems, message } = problemsOf({ METRICS_TOKEN });
    expect(problems).toEqual([expect.stringMatching(/^METRICS_TOKEN must /)]);
    expect(message).not.toContain(METRICS_TOKEN);
  });

  it('may end as the file ends that it was read from', () => {
    const token = 'a-token-of-enough-letters';
    expect(readConfig({ METRICS_TOKEN: `${token}\r\n` }).api.metricsToken).toBe(token);
  });
});

describe('Redis', () => {
  it.each([
    [{ REDIS_URL: 'redis://a', REDIS_HOST: 'b' }, 'REDIS_URL and REDIS_HOST contradict'],
    [{ REDIS_URL: 'redis://a', REDIS_CLUSTER_NODES: 'b:1' }, 'REDIS_URL and REDIS_CLUSTER_NODES contradict'],
    [{ REDIS_HOST: 'a', REDIS_CLUSTER_NODES: 'b:1' }, 'REDIS_HOST and REDIS_CLUSTER_NODES contradict'],
  ])('named twice is refused: %j', (env, problem) => {
    expect(problemsOf(env).problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each([['a'], ['a:'], ['a:1,'], [':7000'], ['a:1;b:2'], ['a:65536'], ['a:0']])(
    'is refused as a cluster of %j',
    (nodes) => {
      expect(problemsOf({ REDIS_CLUSTER_NODES: nodes }).problems).toEqual([
        expect.stringMatching(/^REDIS_CLUSTER_NODES must be host:port/),
      ]);
    },
  );
});

describe('SQS', () => {
  it.each([
    [
      { SQS_ENDPOINT: 'http://a', LOCALSTACK_URL: 'http://b' },
      'SQS_ENDPOINT and LOCALSTACK_URL name different',
    ],
    [{ SQS: 'aws', LOCALSTACK_URL: 'http://b' }, 'SQS=aws and LOCALSTACK_URL contradict'],
    [{ SQS: 'embedded', SQS_ENDPOINT: 'http://a' }, 'SQS=embedded and SQS_ENDPOINT contradict'],
    [{ SQS: 'embedded', SQS_QUEUE_URL: 'http://a/q' }, 'SQS=embedded and SQS_QUEUE_URL contradict'],
  ])('named twice is refused: %j', (env, problem) => {
    expect(problemsOf(env).problems).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the problems of an environment', () => {
  it('are listed all at once, a line each', () => {
    const error = problemsOf({ PORT: 'x', LOG_LEVEL: 'loud', PARTITIONS: '65', CURRENCY: '$' });
    expect(error.problems.map((problem) => problem.split(' ')[0])).toEqual([
      'PORT',
      'LOG_LEVEL',
      'PARTITIONS',
      'CURRENCY',
    ]);
    expect(error.message.split('\n')).toHaveLength(5);
    expect(error.message).toContain('4 problems');
    for (const problem of error.problems) expect(error.message).toContain(problem);
  });

  it('include contradictions beside wrong values', () => {
    const { problems } = problemsOf({
      PORT: 'x',
      REDIS_URL: 'redis://a',
      REDIS_HOST: 'b',
      SQS: 'aws',
      SQS_ENDPOINT: 'http://a',
      QUEUE_NAME: 'orders-prod',
      ADMIN_USER: 'admin',
      NODE_ENV: 'production',
    });
    expect([...problems].sort()).toEqual([
      expect.stringMatching(/^ADMIN_USER and ADMIN_PASSWORD belong together/),
      expect.stringMatching(/^NODE_ENV=production needs .*STATS_API/),
      expect.stringMatching(/^PORT must be/),
      expect.stringMatching(/^REDIS_URL and REDIS_HOST contradict/),
      expect.stringMatching(/^SQS=aws and SQS_ENDPOINT contradict/),
    ]);
  });

  it('say one problem when there is one', () => {
    expect(problemsOf({ PORT: 'x' }).message).toMatch(/^The configuration has a problem:\n {2}- PORT /);
  });

  it.each([
    [{ REDIS_URL: 'http://user:hunter2@cache.example' }],
    [{ REDIS_URL: 'hunter2' }],
    [{ REDIS_URL: 'redis://:hunter2@a', REDIS_HOST: 'b' }],
    [{ ADMIN_PASSWORD: 'hunter2' }],
    [{ REDIS_PASSWORD: 'hunter2', AWS_SECRET_ACCESS_KEY: 'hunter2', PORT: 'x' }],
  ])('never show a secret: %j', (env) => {
    const { message, problems, stack } = problemsOf(env);
    expect(`${message}${problems.join()}${stack}`).not.toContain('hunter2');
  });
});

describe('who may enter', () => {
  it('is everybody on loopback until someone sets a user and a password', () => {
    expect(readConfig({}).admin).toBeUndefined();
    expect(readConfig(ADMIN).admin).toMatchObject({ user: 'admin', password: 'hunter2hunter2' });
  });

  it.each([[{ ADMIN_USER: 'admin' }], [{ ADMIN_PASSWORD: 'hunter2hunter2' }]])(
    'needs both: %j is refused',
    (env) => {
      expect(problemsOf(env).problems).toEqual([expect.stringContaining('belong together')]);
    },
  );

  it('is decided on purpose in production', () => {
    expect(problemsOf({ ...PRODUCTION }).problems).toEqual([expect.stringContaining('STATS_API')]);
    expect(problemsOf({ ...PRODUCTION, ...ADMIN }).problems).toEqual([expect.stringContaining('STATS_API')]);
    expect(readConfig({ ...PRODUCTION, STATS_API: 'Open', ...ADMIN }).api.keysNeeded).toBe(false);
    expect(readConfig({ ...PRODUCTION, STATS_API: 'keys', ...ADMIN }).api.keysNeeded).toBe(true);
  });

  it('is nobody whom a proxy of somebody else names', () => {
    expect(readConfig({}).api.trustProxy).toBeUndefined();
    expect(readConfig({ TRUST_PROXY: '2' }).api.trustProxy).toBe(2);
    expect(readConfig({ TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::/8' }).api.trustProxy).toEqual([
      'loopback',
      '10.0.0.0/8',
      'fd00::/8',
    ]);
  });
});

describe('replicas', () => {
  it('are read only where we know them: in a Redis Cluster', () => {
    expect(problemsOf({ READ_FROM: 'replica' }).problems).toEqual([
      expect.stringMatching(/^READ_FROM=replica needs REDIS_CLUSTER_NODES/),
    ]);
    expect(readConfig({ READ_FROM: 'replica', REDIS_CLUSTER_NODES: 'a:1' }).api.readFromReplicas).toBe(true);
  });
});
