import { distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { lower, oneOf, whole } from './values.ts';

const LOG_LEVELS = { debug: 'debug', info: 'info', warning: 'warn', warn: 'warn', error: 'error' } as const;

const MODES = ['production', 'development', 'test'];
/** What else production is called. */
const ALIASES = ['prod', 'prd', 'live'];

/** Taken for development, production would start without any of its safeguards. */
function isSlip(text: string): boolean {
  if (MODES.includes(text)) return false;
  const isAlias = ALIASES.some((alias) => lettersOf(alias) === lettersOf(text) || text.startsWith(alias));
  return isAlias || text.includes('prod') || distance(text, 'production') <= 3;
}

/** Two letters that changed places leave these as they are. */
const lettersOf = (text: string): string => [...text].sort().join('');

/** What concerns a process of any role. */
export const processVariables = {
  NODE_ENV: z
    .string()
    .refine((text) => !isSlip(text), 'must be production, if that is meant, else development or test')
    .default('development'),
  SHUTDOWN_TIMEOUT_MS: whole(1_000, 600_000).default(10_000),

  LOG_LEVEL: oneOf(['debug', 'info', 'warning', 'warn', 'error'], lower).default('info'),
  LOG_FORMAT: oneOf(['json', 'text'], lower).optional(),
  LOG_DIR: z.string().default('logs'),
  LOG_RETENTION_DAYS: whole(1, 3_650).default(14),

  DATA_DIR: z.string().default('.data'),
};

const variables = z.object(processVariables);

export function processSettings(env: z.output<typeof variables>) {
  return {
    production: env.NODE_ENV === 'production',
    /** A NODE_ENV that nobody here knows: worth a word. */
    countsAsDevelopment: MODES.includes(env.NODE_ENV) ? undefined : env.NODE_ENV,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
    log: {
      level: LOG_LEVELS[env.LOG_LEVEL],
      format: env.LOG_FORMAT,
      dir: env.LOG_DIR === '-' ? undefined : env.LOG_DIR,
      retentionDays: env.LOG_RETENTION_DAYS,
    },
    dataDir: env.DATA_DIR,
  };
}
