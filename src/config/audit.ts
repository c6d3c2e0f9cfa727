import * as z from 'zod';
import { whole } from './values.ts';

/** How long it is kept what operators changed. */
export const auditVariables = {
  AUDIT_RETENTION_DAYS: whole(1, 36_500).default(400),
};

const variables = z.object(auditVariables);

export function auditSettings(env: z.output<typeof variables>) {
  return { auditRetentionDays: env.AUDIT_RETENTION_DAYS };
}
