import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, readConfig, USES } from '../src/config/config.ts';

/*
 * Random environments against a decision table: which Redis and which SQS follow from the variables, in which region,
 * signed with whose credentials, or that the start is refused. The table is written from docs/operate.md, a row per
 * sentence, and knows nothing of the code. Above it stands one law: in production nothing of our own is started unless
 * it was asked for by name.
 */

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 0x1_0000_0000));

type Env = Record<string, string>;

const AT_AWS = [
  ['https://sqs.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['https://sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['https://sqs.eu-west-1.api.aws', 'eu-west-1'],
  ['https://vpce-0a.sqs.us-gov-west-1.vpce.amazonaws.com', 'us-gov-west-1'],
  ['https://queue.amazonaws.com', 'us-east-1'],
] as const;
const ELSEWHERE = [
  'http://localhost:4566',
  'http://proxy.example:3128',
  'https://lb-1.eu-west-1.elb.amazonaws.com',
];
const PLACES = [...AT_AWS.map(([place]) => place), ...ELSEWHERE];

const regionAt = (url: string | undefined): string | undefined =>
  AT_AWS.find(([place]) => url !== undefined && (url === place || url.startsWith(`${place}/`)))?.[1];

/** Mostly unset: an environment where everything is set is refused for one of its many contradictions. */
const maybe = (values: readonly string[], unset = 3) =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: unset });

const environments = fc
  .record({
    NODE_ENV: maybe(['production', 'development', 'Production ', "'production'", 'poduction', 'staging'], 1),
    REDIS: maybe(['embedded', 'auto', 'EMBEDDED']),
    REDIS_URL: maybe(['redis://cache.example:6379'], 2),
    REDIS_HOST: maybe(['cache.example']),
    REDIS_PORT: maybe(['6380', 'tcp://10.0.0.1:6379']),
    REDIS_URI: maybe(['redis://typo.example'], 4),
    REDIS_HOTS: maybe(['typo.example'], 8),
    SQS: maybe(['aws', 'embedded', 'auto', 'AWS'], 2),
    SQS_ENDPOINT: maybe(PLACES),
    AWS_ENDPOINT_URL_SQS: maybe(PLACES, 6),
    AWS_ENDPOINT_URL: maybe(PLACES),
    SQS_QUEUE_URL: maybe(
      PLACES.map((place) => `${place}/123456789012/orders`),
      2,
    ),
    QUEUE_NAME: maybe(['others', 'others.fifo'], 4),
    QUEUE_NAM: maybe(['others'], 6),
    ORDERS_QUEUE: maybe(['others'], 6),
    AWS_REGION: maybe(['eu-west-1', ' ap-south-1 ']),
    AWS_DEFAULT_REGION: maybe(['us-west-2']),
    AWS_PROFILE: maybe(['shop']),
  })
  .map(
    (drawn) => Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as Env,
  );

const roles = fc.constantFrom('all', 'bridge', 'worker', 'api' as const);

interface Outcome {
  redis: 'embedded' | 'server';
  sqs: {
    at: 'embedded' | 'aws' | string;
    region: string | 'of the SDK' | 'of the SDK, else us-east-1';
    signedWith: 'ours' | 'the chain' | 'the chain, else ours';
  };
}

/** What docs/operate.md and docs/configuration.md say. */
function expected(env: Env, role: keyof typeof USES): Outcome | 'refused' {
  const mode = env.NODE_ENV?.trim().toLowerCase();
  const isProduction = mode === 'production';
  const asked = env.SQS?.toLowerCase() ?? 'auto';
  const port = env.REDIS_PORT?.startsWith('tcp:') ? undefined : env.REDIS_PORT;
  const redisIsNamed = [env.REDIS_URL, env.REDIS_HOST, port].some((value) => value !== undefined);
  const redisAskedFor = env.REDIS?.toLowerCase() === 'embedded';
  const ours = env.SQS_ENDPOINT ?? env.AWS_ENDPOINT_URL_SQS;
  const queueAtAws = regionAt(env.SQS_QUEUE_URL);

  const refusals = [
    mode === "'production'" || mode === 'poduction',
    env.REDIS_URL !== undefined && (env.REDIS_HOST ?? port) !== undefined,
    redisAskedFor && redisIsNamed,
    env.SQS_ENDPOINT !== undefined &&
      env.AWS_ENDPOINT_URL_SQS !== undefined &&
      env.SQS_ENDPOINT !== env.AWS_ENDPOINT_URL_SQS,
    asked !== 'auto' && ours !== undefined,
    asked === 'embedded' && env.SQS_QUEUE_URL !== undefined,
    env.SQS_QUEUE_URL !== undefined && env.QUEUE_NAME === 'others.fifo',
    regionAt(ours) !== undefined && queueAtAws !== undefined && regionAt(ours) !== queueAtAws,
  ];
  const usesSqs = role === 'all' || role === 'bridge';
  const sqsIsNamed = asked !== 'auto' || (ours ?? env.AWS_ENDPOINT_URL ?? env.SQS_QUEUE_URL) !== undefined;
  const inboxIsNamed = (env.QUEUE_NAME ?? env.SQS_QUEUE_URL) !== undefined;
  if (isProduction) {
    refusals.push(
      !redisAskedFor && (env.REDIS_URL ?? env.REDIS_HOST) === undefined,
      usesSqs && !sqsIsNamed,
      usesSqs && asked !== 'embedded' && !inboxIsNamed,
      'REDIS_URI' in env || 'REDIS_HOTS' in env,
      usesSqs && 'QUEUE_NAM' in env,
    );
  }
  if (refusals.includes(true)) return 'refused';

  const endpoint = ours ?? (asked === 'auto' && queueAtAws === undefined ? env.AWS_ENDPOINT_URL : undefined);
  const ofSdk = asked === 'aws' && env.SQS_QUEUE_URL === undefined ? env.AWS_ENDPOINT_URL : undefined;
  const named =
    queueAtAws ?? regionAt(endpoint) ?? regionAt(ofSdk) ?? (env.AWS_REGION ?? env.AWS_DEFAULT_REGION)?.trim();
  const queueHost = env.SQS_QUEUE_URL === undefined ? undefined : new URL(env.SQS_QUEUE_URL).origin;
  const redis = redisIsNamed ? 'server' : 'embedded';
  if (asked === 'embedded' || (asked === 'auto' && (endpoint ?? queueHost) === undefined)) {
    return { redis, sqs: { at: 'embedded', region: named ?? 'us-east-1', signedWith: 'ours' } };
  }
  const at = endpoint ?? queueHost;
  if (asked === 'aws' || regionAt(at) !== undefined) {
    return { redis, sqs: { at: at ?? 'aws', region: named ?? 'of the SDK', signedWith: 'the chain' } };
  }
  return {
    redis,
    sqs: {
      at: at as string,
      region: named ?? 'of the SDK, else us-east-1',
      signedWith: 'the chain, else ours',
    },
  };
}

const MAY_ENTER = { STATS_API: 'open', ADMIN_USER: 'a', ADMIN_PASSWORD: 'a long password' };

function actual(env: Env, role: keyof typeof USES): Outcome | 'refused' {
  try {
    const { redis, sqs } = readConfig({ ...MAY_ENTER, ...env }, USES[role]);
    const otherwise = sqs.fallback === undefined ? 'of the SDK' : 'of the SDK, else us-east-1';
    const chain = sqs.fallback === undefined ? 'the chain' : 'the chain, else ours';
    return {
      redis: redis.kind === 'embedded' ? 'embedded' : 'server',
      sqs: {
        at: sqs.kind === 'embedded' ? 'embedded' : (sqs.endpoint ?? 'aws'),
        region: sqs.region ?? otherwise,
        signedWith: sqs.credentials === undefined ? chain : 'ours',
      },
    };
  } catch (error) {
    if (error instanceof ConfigError) return 'refused';
    throw error;
  }
}

describe(`random environments (SEED=${SEED})`, () => {
  it('lead where the table says', () => {
    const met = new Map<string, number>();
    fc.assert(
      fc.property(environments, roles, (env, role) => {
        const [is, should] = [actual(env, role), expected(env, role)].map((each) => JSON.stringify(each));
        met.set(should as string, (met.get(should as string) ?? 0) + 1);
        if (is !== should) throw new Error(`${is} instead of ${should}`);
      }),
      { numRuns: 1_000, seed: SEED },
    );
    // A table of which hardly a row was met would prove nothing.
    if (met.size < 20) throw new Error(`only ${met.size} outcomes were met`);
  });

  it('in production start nothing of our own that was not asked for by name', () => {
    fc.assert(
      fc.property(environments, roles, (env, role) => {
        const outcome = actual({ ...env, NODE_ENV: 'production' }, role);
        if (outcome === 'refused') return;
        if (outcome.redis === 'embedded' && env.REDIS?.toLowerCase() !== 'embedded') throw new Error('Redis');
        const usesSqs = USES[role].includes('sqs');
        if (usesSqs && outcome.sqs.at === 'embedded' && env.SQS !== 'embedded') throw new Error('SQS');
      }),
      { numRuns: 500, seed: SEED },
    );
  });
});
