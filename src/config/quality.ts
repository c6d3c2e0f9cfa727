import * as z from 'zod';
import type { Given } from './given.ts';
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
    .default([]),
  QUALITY_HOLD: z
    .string()
    .transform((text) => text.split(',').map((rule) => lower(rule.trim())))
    .refine(
      (rules) => rules.every((rule) => /^[a-z][a-z0-9_]*$/.test(rule)),
      'must be rules such as price_unlike_product, comma separated, or all',
    )
    .default([]),
  QUALITY_RULES: z.string().optional(),
};

const variables = z.object(qualityVariables);

export function qualitySettings(env: z.output<typeof variables>) {
  return {
    quality: {
      /** None of them: orders are not reviewed. */
      layers: env.QUALITY,
      /** Rules whose findings, where they are grave or sure enough, keep an order from counting until somebody has seen it; or `all`. */
      holds: env.QUALITY_HOLD,
      /** Path of a YAML file with a shop's own rules. */
      ownRules: env.QUALITY_RULES,
    },
  };
}

/** Rules that nobody runs look like orders without a fault. */
export function qualityContradictions(given: Given): string[] {
  const { QUALITY = 'off' } = given;
  if (lower(QUALITY.trim()) !== 'off') return [];
  return ['QUALITY_RULES', 'QUALITY_HOLD']
    .filter((name) => given[name] !== undefined)
    .map((name) => `${name} is set and QUALITY is off: QUALITY=rules, or rules,learned, reviews orders`);
}
