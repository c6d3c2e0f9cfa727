import * as z from 'zod';
import type { Given } from './given.ts';
import { lower, oneOf } from './values.ts';

/** What fetch takes: it refuses a login. */
function isPosted(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Where conditions are told to, for those without Prometheus. */
export const alertVariables = {
  ALERT_WEBHOOK_URL: z.string().refine(isPosted, 'must be an http(s) URL without a login').optional(),
  ALERT_WEBHOOK_FORMAT: oneOf(['json', 'slack'], lower).default('json'),
};

/** Whoever knows the URL may write there. */
export const ALERT_SECRETS = ['ALERT_WEBHOOK_URL'];

/** A form that nothing is sent in: somebody expects to be told, and never would be. */
export function alertContradictions({
  ALERT_WEBHOOK_URL: url,
  ALERT_WEBHOOK_FORMAT: format,
}: Given): string[] {
  return url !== undefined || format === undefined || lower(format) === 'json'
    ? []
    : [`ALERT_WEBHOOK_FORMAT=${format} needs ALERT_WEBHOOK_URL: nothing is told without an address`];
}

const variables = z.object(alertVariables);

export function alertSettings(env: z.output<typeof variables>) {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_FORMAT: format } = env;
  return { webhook: url === undefined ? undefined : { url: url.trim(), format } };
}
