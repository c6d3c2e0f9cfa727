import * as z from 'zod';
import { lower, oneOf, whole } from './values.ts';

const LOG_LEVELS = { debug: 'debug', info: 'info', warning: 'warn', warn: 'warn', error: 'error' } as const;

/** What concerns a process of any role. */
export const processVariables = {
  NODE_ENV: z
    .string()
    .refine((text) => text === 'production' || !/^pro?d/.test(text), 'must be production, if that is meant')
    .default('development'),
  SHUTDOWN_TIMEOUT_MS: whole(1_000, 600_000).default(10_000),

  LOG_LEVEL: oneOf(['debug', 'info', 'warning', 'warn', 'error'], lower).default('info'),
  LOG_DIR: z.string().default('logs'),
  LOG_RETENTION_DAYS: whole(1, 3_650).default(14),

  DATA_DIR: z.string().default('.data'),
};

const variables = z.object(processVariables);

export function processSettings(env: z.output<typeof variables>) {
  return {
    production: env.NODE_ENV === 'production',
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
    log: {
      level: LOG_LEVELS[env.LOG_LEVEL],
      dir: env.LOG_DIR === '-' ? undefined : env.LOG_DIR,
      retentionDays: env.LOG_RETENTION_DAYS,
    },
    dataDir: env.DATA_DIR,
  };
}
