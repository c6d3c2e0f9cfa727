import { REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { DAY_SECONDS } from '../../runtime/units.ts';
import { type Counter, type Gauge, refusedFor } from '../figures.ts';
import { type Percentiles, percentilesOf } from '../latency.ts';
import type { BucketKind, Pulse } from './pulse.ts';

/** How far back, in steps of how many seconds. */
export const SPANS = {
  hour: { kind: 'seconds', seconds: 3_600, step: 10 },
  day: { kind: 'minutes', seconds: DAY_SECONDS, step: 300 },
  month: { kind: 'hours', seconds: 30 * DAY_SECONDS, step: 3_600 },
} as const satisfies Record<string, { kind: BucketKind; seconds: number; step: number }>;

export type Span = keyof typeof SPANS;

/** One line for each step, oldest first. Money is minor units, latencies are ms. */
export interface Step {
  /** When it begins, s since 1970. */
  time: number;
  counts: Map<Counter, number>;
  refused: Map<Reason, number>;
  /** The largest seen in it; missing where nobody looked. */
  gauges: Map<Gauge, number>;
  /** Sent to counted, ms; undefined when none counted. */
  latency: Percentiles | undefined;
}

/** Reads the last whole steps of a span, or the one under way as the last of them. One round trip. */
export type History = (span: Span, options?: { underWay?: boolean }) => Promise<Step[]>;

export function historyReader(look: (kind: BucketKind, seconds: number) => Promise<Pulse>): History {
  return async (span, { underWay = false } = {}) => {
    const { kind, seconds, step } = SPANS[span];
    const pulse = await look(kind, seconds);
    const end = (Math.floor(pulse.now / 1_000 / step) + Number(underWay)) * step;
    return Array.from({ length: seconds / step }, (_, index) => {
      const time = end - seconds + index * step;
      const { counts, gauges, latency } = pulse.sum(time + step, step);
      const refused = new Map(REASONS.map((reason) => [reason, counts.get(refusedFor(reason)) ?? 0]));
      return { time, counts, refused, gauges, latency: percentilesOf(latency) };
    });
  };
}
