import * as z from 'zod';
import type { Given } from './given.ts';
import { login } from './values.ts';

const OF_THIS_MACHINE = ['localhost', '127.0.0.1', '[::1]'];

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && OF_THIS_MACHINE.includes(hostname));
}

/** Where people sign in who have an account elsewhere. */
export const peopleVariables = {
  OIDC_ISSUER: z.string().refine(isIssuer, 'must be the https URL of an OpenID provider').optional(),
  OIDC_CLIENT_ID: login.optional(),
  OIDC_CLIENT_SECRET: login.optional(),
  OIDC_ROLE_CLAIM: z.string().default('roles'),
};

export const PEOPLE_SECRETS = ['OIDC_CLIENT_SECRET'];

const variables = z.object(peopleVariables);
const TOGETHER = ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'];

export function peopleContradictions(given: Given): string[] {
  const missing = TOGETHER.filter((name) => given[name] === undefined);
  if (missing.length === 0 || missing.length === TOGETHER.length) return [];
  return [`${TOGETHER.join(', ')} belong together: without ${missing.join(', ')} nobody can sign in there`];
}

export function peopleSettings(env: z.output<typeof variables>) {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = env;
  const isWhole = issuer !== undefined && clientId !== undefined && clientSecret !== undefined;
  return {
    provider: isWhole ? { issuer, clientId, clientSecret, roleClaim: env.OIDC_ROLE_CLAIM } : undefined,
  };
}
