import * as z from 'zod';
import { lower } from './values.ts';

const LAYERS = ['rules', 'learned'] as const;
const ASKED = /^(?:off|(?:rules|learned)(?:,(?:rules|learned))*)$/;

/** What looks at orders beside the rules, and whether it may keep one from counting. */
export const qualityVariables = {
  QUALITY: z
    .string()
    .transform((text) => lower(text).replaceAll(' ', ''))
    .refine((text) => ASKED.test(text), `must be off, or any of ${LAYERS.join(', ')}, comma separated`)
    .transform((text) => LAYERS.filter((layer) => text.split(',').includes(layer)))
    .default([...LAYERS]),
  QUALITY_HOLD: z
    .string()
    .transform((text) => text.split(',').map((rule) => lower(rule.trim())))
    .refine(
      (rules) => rules.every((rule) => /^[a-z][a-z0-9_]*$/.test(rule)),
      'must be rules such as price_far_from_known, comma separated, or all',
    )
    .default([]),
};

const variables = z.object(qualityVariables);

export function qualitySettings(env: z.output<typeof variables>) {
  return {
    quality: {
      /** None of them: orders are not reviewed. */
      layers: env.QUALITY,
      /** Rules whose findings, where they are grave enough, keep an order from counting until somebody has seen it; or `all`. */
      holds: env.QUALITY_HOLD,
    },
  };
}
