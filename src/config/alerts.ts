import * as z from 'zod';
import { lower, oneOf } from './values.ts';

/** Where conditions are told to, for those without Prometheus. */
export const alertVariables = {
  ALERT_WEBHOOK_URL: z
    .string()
    .refine((text) => /^https?:\/\//i.test(text.trim()) && URL.canParse(text), 'must be an http(s) URL')
    .optional(),
  ALERT_WEBHOOK_FORMAT: oneOf(['json', 'slack'], lower).default('json'),
};

/** Whoever knows the URL may write there. */
export const ALERT_SECRETS = ['ALERT_WEBHOOK_URL'];

const variables = z.object(alertVariables);

export function alertSettings(env: z.output<typeof variables>) {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_FORMAT: format } = env;
  return { webhook: url === undefined ? undefined : { url: url.trim(), format } };
}
