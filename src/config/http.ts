import * as z from 'zod';
import type { Given } from './given.ts';
import { basePath, login, lower, oneOf, origins, proxies, whole } from './values.ts';

/** What the paths of the API begin with: under one of them a request could mean two things. */
export const OWN_PATHS = [
  'admin',
  'analytics',
  'desk',
  'docs',
  'favicon.ico',
  'health',
  'home',
  'invitation',
  'metrics',
  'openapi.json',
  'problems',
  'pulse',
  'quality',
  'queue',
  'session',
  'sign-in',
  'sign-out',
  'stats',
  'users',
  'v1',
];

/** What can stand behind `Authorization: Bearer` and arrives as it was sent. */
const isSendable = (text: string): boolean => /^[\x21-\x7e]*$/.test(text);

/** Where HTTP answers, to whom, and how much at once. */
export const httpVariables = {
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  HEALTH_PORT: whole(1, 65_535).optional(),
  BASE_PATH: basePath(OWN_PATHS).default(''),
  ADMIN_USER: login.optional(),
  ADMIN_PASSWORD: login.optional(),
  METRICS_TOKEN: login
    .refine((text) => text.length >= 16, 'must have 16 characters or more')
    .refine(isSendable, 'must be ASCII letters, digits and signs, without spaces: it is sent in a header')
    .optional(),
  STATS_API: oneOf(['open', 'keys'], lower).optional(),
  RATE_LIMIT_PER_KEY: whole(0, 10_000_000).default(6_000),
  RATE_LIMIT_PER_ADDRESS: whole(0, 10_000_000).default(0),
  AUTH_FAILURES_PER_MINUTE: whole(1, 1_000_000).default(30),
  TRUST_PROXY: proxies.optional(),
  CORS_ORIGINS: origins.default([]),
  MAX_CONNECTIONS: whole(1, 1_000_000).default(1_000),
  READS_IN_FLIGHT: whole(1, 100_000).default(256),
};

export const HTTP_SECRETS = ['ADMIN_PASSWORD', 'METRICS_TOKEN'];

const variables = z.object(httpVariables);

export function httpContradictions(given: Given): string[] {
  const problems: string[] = [];
  if (given.HEALTH_PORT !== undefined && Number(given.HEALTH_PORT) === Number(given.PORT ?? 8000)) {
    problems.push(
      `HEALTH_PORT and PORT are both ${given.HEALTH_PORT}: leave HEALTH_PORT out, or give it a port of its own`,
    );
  }
  if ((given.ADMIN_USER === undefined) !== (given.ADMIN_PASSWORD === undefined)) {
    problems.push('ADMIN_USER and ADMIN_PASSWORD belong together: one is missing');
  }
  if (given.NODE_ENV === 'production') {
    if (given.STATS_API === undefined) {
      problems.push(
        'NODE_ENV=production needs a choice who may read the stats: STATS_API=keys, with keys made by order-pipeline keys, or STATS_API=open, behind your own gateway',
      );
    }
  }
  return problems;
}

export function httpSettings(env: z.output<typeof variables>) {
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      healthPort: env.HEALTH_PORT,
      basePath: env.BASE_PATH,
      maxConnections: env.MAX_CONNECTIONS,
    },
    api: {
      metricsToken: env.METRICS_TOKEN,
      keysNeeded: env.STATS_API === 'keys',
      perKey: env.RATE_LIMIT_PER_KEY,
      perAddress: env.RATE_LIMIT_PER_ADDRESS,
      authFailures: env.AUTH_FAILURES_PER_MINUTE,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      readsInFlight: env.READS_IN_FLIGHT,
    },
    admin:
      env.ADMIN_USER === undefined || env.ADMIN_PASSWORD === undefined
        ? undefined
        : { user: env.ADMIN_USER, password: env.ADMIN_PASSWORD },
  };
}
