import { readFile } from 'node:fs/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { openBaselines, type SharedBaselines } from '../quality/baselines/openBaselines.ts';
import type { Check } from '../quality/check.ts';
import { type Declared, declaredChecks } from '../quality/declared/declaredChecks.ts';
import { ownRuleChecks } from '../quality/own/ownRules.ts';
import { makeReviewer, type Reviewer } from '../quality/review.ts';
import type { Services } from '../runtime/services.ts';
import { redisErrors } from '../store/redisAdvice.ts';

export interface OpenChecks {
  reviewer: Reviewer;
  /** Of all rules that may speak. */
  ids: ReadonlySet<string>;
  /** Undefined where no rules are asked for. */
  declared: Declared | undefined;
  /** Undefined where nothing is learned. */
  baselines: SharedBaselines | undefined;
}

export interface ChecksStart {
  config: Config;
  services: Services;
  logger: Logger;
}

/** All that QUALITY asks for, as one review. Throws when the own rules cannot be read: a process without them would look healthy. */
export async function openChecks(
  redis: Redis | Cluster,
  { config, services, logger }: ChecksStart,
): Promise<OpenChecks> {
  const { layers } = config.quality;
  const declared = layers.includes('rules') ? declaredChecks() : undefined;
  const own = layers.includes('rules') ? await readOwnRules(config.quality.ownRules) : [];
  const baselines = layers.includes('learned')
    ? await openBaselines({ redis, onError: redisErrors(logger, 'learned baselines') })
    : undefined;
  if (baselines) services.add({ name: 'learned baselines', stop: () => baselines.close() });
  const checks = [...(declared?.checks ?? []), ...own, ...(baselines?.checks ?? [])];
  const reviewer = makeReviewer(checks, {
    // Not its message: it may quote the order.
    onFault: (check, error) =>
      logger.error('a check of orders failed and is left out of that review', {
        check,
        error: error instanceof Error ? error.name : typeof error,
      }),
  });
  return { reviewer, ids: new Set(checks.map(({ id }) => id)), declared, baselines };
}

async function readOwnRules(path: string | undefined): Promise<readonly Check[]> {
  if (path === undefined) return [];
  try {
    return ownRuleChecks(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`QUALITY_RULES: ${path}: ${(error as Error).message}`, { cause: error });
  }
}
