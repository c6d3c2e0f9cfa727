import * as z from 'zod';
import { auditSettings, auditVariables } from './audit.ts';
import { embeddedContradictions, embeddedVariables, type Part } from './embedded.ts';
import type { Given } from './given.ts';
import { HTTP_SECRETS, httpContradictions, httpSettings, httpVariables } from './http.ts';
import { jobSettings, jobVariables } from './jobs.ts';
import { orderSettings, orderVariables } from './orders.ts';
import { processSettings, processVariables } from './process.ts';
import { REDIS_SECRETS, redisContradictions, redisSettings, redisVariables } from './redis.ts';
import type { Role } from './roles.ts';
import { SQS_SECRETS, sqsContradictions, sqsSettings, sqsVariables } from './sqs.ts';
import { isServiceAddress, type UnknownName, unknownNames } from './unknownNames.ts';

/** What each role uses; the commands of operators say it themselves. */
export const USES: Record<Role, readonly Part[]> = {
  all: ['redis', 'sqs', 'http'],
  bridge: ['redis', 'sqs', 'http'],
  worker: ['redis', 'http'],
  api: ['redis', 'http'],
};

/** Thrown with every problem of the environment at once; values of secrets are not in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** The only description of the environment: names, defaults, and what a value may be. */
const environment = z.object({
  ...httpVariables,
  ...processVariables,
  ...redisVariables,
  ...embeddedVariables,
  ...sqsVariables,
  ...jobVariables,
  ...auditVariables,
  ...orderVariables,
});
/** A URL with a password may stand where it does not belong. */
const HAS_LOGIN = /\/\/.*@/;
const SECRETS = new Set([...HTTP_SECRETS, ...REDIS_SECRETS, ...SQS_SECRETS]);

type Environment = z.output<typeof environment>;
export type Config = ReturnType<typeof settingsOf>;

/**
 * Reads and checks the environment for a process that uses so much of the outside. An empty value counts as not set,
 * as compose files produce it.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env, uses: readonly Part[] = USES.all): Config {
  const given = givenBy(env);
  const parsed = environment.safeParse(given);
  const wrongValues = parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given));
  const unknown = unknownNames(given, Object.keys(environment.shape));
  const problems = [...wrongValues, ...contradictions(given, uses, unknown)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return settingsOf(parsed.data, unknown);
}

function givenBy(env: NodeJS.ProcessEnv): Given {
  const given = Object.entries(env).filter(
    ([name, value]) => value !== undefined && value.trim() !== '' && !isServiceAddress(name, value),
  );
  return Object.fromEntries(
    given.map(([name, value = '']) => [name, name === 'NODE_ENV' ? value.trim().toLowerCase() : value]),
  );
}

/** Defaults by name, for the README's table and the test that holds it to this file. */
export function environmentDefaults(): Record<string, string> {
  const defaults = environment.parse({}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(environment.shape).map((name) => [name, String(defaults[name] ?? '')]),
  );
}

function problemOf(issue: z.core.$ZodIssue, given: Given): string {
  const name = String(issue.path[0]);
  const value = SECRETS.has(name) || HAS_LOGIN.test(given[name] ?? '') ? '***' : JSON.stringify(given[name]);
  return `${name} ${issue.message}, got ${value}`;
}

/** Looks at what is set, not at what it parsed to, so that it adds to the list whatever else is wrong. */
function contradictions(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  return [
    ...redisContradictions(given),
    ...sqsContradictions(given),
    ...(uses.includes('http') ? httpContradictions(given) : []),
    ...embeddedContradictions(given, uses, unknown),
  ];
}

function settingsOf(env: Environment, unknown: readonly UnknownName[]) {
  const http = httpSettings(env);
  return {
    ...processSettings(env),
    ...http,
    api: { ...http.api, readFromReplicas: env.READ_FROM === 'replica' },
    ...redisSettings(env),
    ...sqsSettings(env),
    ...jobSettings(env),
    ...auditSettings(env),
    ...orderSettings(env),
    /** Set, and read by nobody: worth a word, because a real one may be meant. */
    unknown,
  };
}
