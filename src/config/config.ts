import * as z from 'zod';
import { ALERT_SECRETS, alertContradictions, alertSettings, alertVariables } from './alerts.ts';
import { auditSettings, auditVariables } from './audit.ts';
import { embeddedContradictions, embeddedVariables, type Part } from './embedded.ts';
import type { Given } from './given.ts';
import { HISTORY_SECRETS, historyContradictions, historySettings, historyVariables } from './history.ts';
import { HTTP_SECRETS, httpContradictions, httpSettings, httpVariables } from './http.ts';
import { jobSettings, jobVariables } from './jobs.ts';
import { MODEL_SECRETS, modelContradictions, modelSettings, modelVariables } from './model.ts';
import { orderSettings, orderVariables } from './orders.ts';
import { PEOPLE_SECRETS, peopleContradictions, peopleSettings, peopleVariables } from './people.ts';
import { processSettings, processVariables } from './process.ts';
import { qualityContradictions, qualitySettings, qualityVariables } from './quality.ts';
import { quotedAmong, readGiven, withoutQuotes } from './readGiven.ts';
import { REDIS_SECRETS, redisContradictions, redisSettings, redisVariables } from './redis.ts';
import type { Role } from './roles.ts';
import { SQS_SECRETS, sqsContradictions, sqsSettings, sqsVariables } from './sqs.ts';
import { TRACES_SECRETS, tracesSettings, tracesVariables } from './traces.ts';
import { type UnknownName, unknownNames } from './unknownNames.ts';

/** What each role uses; the commands of operators say it themselves. */
export const USES: Record<Role, readonly Part[]> = {
  all: ['redis', 'sqs', 'http', 'history'],
  bridge: ['redis', 'sqs', 'http'],
  worker: ['redis', 'http'],
  quality: ['redis', 'http'],
  archiver: ['redis', 'http', 'history'],
  api: ['redis', 'http', 'history'],
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
  ...peopleVariables,
  ...processVariables,
  ...redisVariables,
  ...embeddedVariables,
  ...sqsVariables,
  ...historyVariables,
  ...jobVariables,
  ...auditVariables,
  ...alertVariables,
  ...tracesVariables,
  ...orderVariables,
  ...qualityVariables,
  ...modelVariables,
});
/** A URL with a password may stand where it does not belong, and a parser needs no slashes to find one. */
const HAS_LOGIN = /(:|\/\/).*@/s;
const SECRETS = new Set([
  ...HTTP_SECRETS,
  ...PEOPLE_SECRETS,
  ...ALERT_SECRETS,
  ...TRACES_SECRETS,
  ...REDIS_SECRETS,
  ...SQS_SECRETS,
  ...MODEL_SECRETS,
  ...HISTORY_SECRETS,
]);
const PASSWORDS = new Set([...SECRETS].filter((name) => name !== 'REDIS_URL' && name !== 'DATABASE_URL'));
const NAMES = Object.keys(environment.shape);
const QUOTES_ADVICE = 'leave them out, docker --env-file passes them on';

type Environment = z.output<typeof environment>;
export type Config = ReturnType<typeof settingsOf>;

/**
 * Reads and checks the environment for a process that uses so much of the outside.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env, uses: readonly Part[] = USES.all): Config {
  const asSet = readGiven(env, PASSWORDS);
  const quoted = quotedAmong(asSet, NAMES);
  const given = withoutQuotes(asSet, quoted);
  const parsed = environment.safeParse(given);
  const unknown = unknownNames(given, NAMES);
  const problems = [
    ...quoted.map(
      (name) => `${name} has quotes around its value, got ${shown(name, asSet)}: ${QUOTES_ADVICE}`,
    ),
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given))),
    ...contradictions(given, uses, unknown),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return settingsOf(parsed.data, unknown);
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
  return `${name} ${issue.message}, got ${shown(name, given)}`;
}

const shown = (name: string, given: Given): string =>
  SECRETS.has(name) || HAS_LOGIN.test(given[name] ?? '') ? '***' : JSON.stringify(given[name]);

/** Looks at what is set, not at what it parsed to, so that it adds to the list whatever else is wrong. */
function contradictions(given: Given, uses: readonly Part[], unknown: readonly UnknownName[]): string[] {
  return [
    ...redisContradictions(given),
    ...sqsContradictions(given),
    ...historyContradictions(given, uses),
    ...(uses.includes('http') ? [...httpContradictions(given), ...peopleContradictions(given)] : []),
    ...alertContradictions(given),
    ...(uses.includes('redis') ? qualityContradictions(given) : []),
    ...modelContradictions(given),
    ...embeddedContradictions(given, uses, unknown),
  ];
}

function settingsOf(env: Environment, unknown: readonly UnknownName[]) {
  const http = httpSettings(env);
  return {
    ...processSettings(env),
    ...http,
    ...peopleSettings(env),
    api: { ...http.api, readFromReplicas: env.READ_FROM === 'replica' },
    ...redisSettings(env),
    ...sqsSettings(env),
    ...historySettings(env),
    ...jobSettings(env),
    ...auditSettings(env),
    ...alertSettings(env),
    ...tracesSettings(env),
    ...orderSettings(env),
    ...qualitySettings(env),
    ...modelSettings(env),
    /** Set, and read by nobody: worth a word, because a real one may be meant. */
    unknown,
  };
}
