import * as z from 'zod';

/** A shop's own rules for what is odd. */
export const qualityRulesVariables = {
  QUALITY_RULES: z.string().optional(),
};

const variables = z.object(qualityRulesVariables);

export function qualityRulesSettings(env: z.output<typeof variables>) {
  return {
    /** Path of the YAML file. */
    qualityRules: env.QUALITY_RULES,
  };
}
