import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { manifestsIn } from '../../scripts/support/manifests.ts';
import { type Load, play, Scaler, type ScalerRules } from '../../scripts/support/scaler.ts';

const DAY = 86_400;
const WORKERS = rulesOf('order-pipeline-worker');
/** Slow workers beside a fast Redis: what is drained by these is drained by better ones. */
const MODEST: Load = {
  arrivals: () => 200,
  perWorker: 1_500,
  perRedis: 12_000,
  startSeconds: 20,
  figureAgeSeconds: 2,
};

describe('what KEDA would make of the chart', () => {
  it('never has fewer than the least nor more than the most, whatever is seen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.nat(10_000_000), { nil: undefined }), { maxLength: 200 }),
        (figures) => {
          const scaler = new Scaler(WORKERS);
          for (const [step, figure] of figures.entries()) {
            const pods = scaler.look(step * 15, figure);
            expect(pods).toBeGreaterThanOrEqual(WORKERS.min);
            expect(pods).toBeLessThanOrEqual(WORKERS.max);
          }
        },
      ),
    );
  });

  it('drains a backlog of a million within three minutes, while orders go on coming', () => {
    const { backlog } = play(WORKERS, MODEST, 3_600, 1_000_000);
    expect(backlog.findIndex((left) => left < 1_000)).toBeLessThan(180);
    expect(backlog.at(-1)).toBeLessThan(1_000);
  });

  it('leaves the number of pods alone on a day that its least pods can carry', () => {
    const { turns, podSeconds } = play(WORKERS, { ...MODEST, arrivals: aDay({ top: 2_000 }) }, DAY);
    expect({ turns, podSeconds }).toEqual({ turns: 0, podSeconds: WORKERS.min * DAY });
  });

  it('turns twice for each peak of a day that its least pods cannot carry, and once more for its noise', () => {
    // Five campaigns, each more than two workers can take.
    const peaks = 5;
    const { turns, backlog } = play(
      WORKERS,
      { ...MODEST, arrivals: aDay({ top: 2_000, peaks, peak: 6_000 }) },
      DAY,
    );
    expect(turns).toBeLessThanOrEqual(3 * peaks);
    expect(Math.max(...backlog)).toBeLessThan(6_000 * 120);
    expect(backlog.at(-1)).toBeLessThan(1_000);
  });

  it('takes no worker away while nobody can be asked, and brings more when it can', () => {
    const outage = (second: number) => second >= 3_600 && second < 7_200;
    const { pods, backlog } = play(WORKERS, { ...MODEST, down: outage }, 4 * 3_600);
    expect(new Set(pods.slice(3_600, 7_200)).size).toBe(1);
    expect(Math.max(...pods)).toBe(WORKERS.max);
    expect(backlog.at(-1)).toBeLessThan(1_000);
  });

  it('comes down by one pod a minute, and not before five minutes of calm', () => {
    const scaler = new Scaler(WORKERS);
    for (let at = 0; at <= 300; at += 15) scaler.look(at, 1_000_000);
    const after = Array.from({ length: 60 }, (_, step) => scaler.look(315 + step * 15, 0));
    expect(after.slice(0, 19)).toEqual(Array(19).fill(WORKERS.max));
    for (let from = 0; from + 4 < after.length; from += 1) {
      expect((after[from] as number) - (after[from + 3] as number)).toBeLessThanOrEqual(1);
    }
    expect(after.at(-1)).toBe(WORKERS.min);
  });
});

/** Orders a second over a day: most in the evening, fewest at night, uneven from second to second. */
function aDay({ top, peaks = 0, peak = 0 }: { top: number; peaks?: number; peak?: number }) {
  return (second: number): number => {
    const curve = top * (0.5 - 0.4 * Math.cos((second / DAY) * 2 * Math.PI));
    const noise = 1 + 0.5 * Math.sin(second * 12.9898) * Math.cos(second * 78.233);
    const every = DAY / (peaks + 1);
    const campaign = peaks > 0 && second > every / 2 && second % every < 600 ? peak : 0;
    return curve * noise + campaign;
  };
}

function rulesOf(name: string): ScalerRules {
  const rendered = manifestsIn(readFileSync('test/deploy/everything.yaml', 'utf8'));
  const { spec } = rendered.find(
    ({ kind, metadata }) => kind === 'ScaledObject' && metadata.name === name,
  ) as { spec: NonNullable<(typeof rendered)[number]['spec']> };
  return {
    min: spec.minReplicaCount,
    max: spec.maxReplicaCount,
    target: Number(spec.advanced.scalingModifiers.target),
    behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior,
  };
}
