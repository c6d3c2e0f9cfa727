import type { Random } from '../../src/cli/send/random.ts';

/** What a process does, as far as the points it can die at are concerned. */
export type Part = 'bridge' | 'worker' | 'api';

/** Where a process kills itself, and at which pass; crashAt.mjs does it. */
export interface CrashPoint {
  at: string;
  pass: number;
}

type PointStep = readonly [step: string, moments: readonly string[], latest: number];

const REPAIR_STEP: PointStep = ['repair batch', ['before', 'unanswered', 'after'], 6];

/**
 * Every step of a message with the moments around it, and the latest pass worth waiting for: a bridge receives a
 * schedule's messages in a dozen batches, while every order is completed by itself. `unanswered` is between the two
 * others: Redis does it, and nobody hears. SQS has none, because there it looks the same as `after`.
 */
const STEPS: Record<Part, readonly PointStep[]> = {
  bridge: [
    ['receive', ['after'], 5],
    ['add', ['before', 'unanswered', 'after'], 40],
    ['delete', ['before', 'after'], 5],
  ],
  worker: [
    ['fetch', ['after'], 4],
    ['record', ['before', 'unanswered', 'after'], 6],
    ['complete', ['before', 'unanswered', 'after'], 30],
    ['fail', ['before', 'unanswered', 'after'], 5],
    ['stalled check', ['unanswered'], 2],
  ],
  api: [
    ['edit', ['before', 'unanswered', 'after'], 2],
    ['retry', ['before', 'unanswered', 'after'], 2],
  ],
};

/** The names of all points, for the summary. */
export const POINT_NAMES: readonly string[] = [...Object.values(STEPS).flat(), REPAIR_STEP].flatMap(
  ([step, moments]) => moments.map((moment) => `${moment} ${step}`),
);

export function drawPoint(random: Random, parts: readonly Part[]): CrashPoint {
  return drawAt(random, random.pick(STEPS[random.pick(parts)]));
}

/** Around a step of a run of repairs. */
export function drawRunPoint(random: Random): CrashPoint {
  return drawAt(random, REPAIR_STEP);
}

function drawAt(random: Random, [step, moments, latest]: PointStep): CrashPoint {
  return { at: `${random.pick(moments)} ${step}`, pass: 1 + random.skewed(latest) };
}
