import { COUNTERS, type Counter, GAUGES, type Gauge } from './figures.ts';
import { BINS } from './latency.ts';

/*
 * What a bucket of the pulse holds: a byte that is no digit for each figure, then its value in decimal digits. Short,
 * written and read by Lua with one pattern, and older versions skip what they do not know.
 */

const FIRST_BYTE = 58;
const GAUGES_FROM = 64;
const BINS_FROM = 80;

const counterPlaces = new Map<Counter, number>(COUNTERS.map((name, place) => [name, place]));
const gaugePlaces = new Map<Gauge, number>(GAUGES.map((name, place) => [name, GAUGES_FROM + place]));

/** One bucket, or several added up: counts, the largest of each gauge that was seen, latencies by bin. */
export interface Figures {
  counts: Map<Counter, number>;
  gauges: Map<Gauge, number>;
  latency: number[];
}

export const noFigures = (): Figures => ({
  counts: new Map(),
  gauges: new Map(),
  latency: new Array(BINS).fill(0),
});

export function packCounts(counts: Iterable<[Counter, number]>, latency: readonly number[]): Buffer {
  const parts: [number, number][] = [];
  for (const [name, count] of counts) parts.push([counterPlaces.get(name) as number, count]);
  latency.forEach((count, bin) => {
    parts.push([BINS_FROM + bin, count]);
  });
  return pack(parts.filter(([, count]) => count > 0));
}

/** Zeros too: somebody looked, and there was nothing. */
export function packGauges(gauges: Iterable<[Gauge, number]>): Buffer {
  return pack([...gauges].map(([name, value]) => [gaugePlaces.get(name) as number, value]));
}

function pack(parts: readonly (readonly [number, number])[]): Buffer {
  const text = parts.map(([place, value]) => byteOf(place) + digits(value));
  return Buffer.from(text.join(''), 'latin1');
}

const byteOf = (place: number): string => String.fromCharCode(FIRST_BYTE + place);
const digits = (value: number): string => BigInt(Math.round(value)).toString();

/** Adds what is packed to `into`. */
export function addPacked(packed: Buffer, into: Figures): void {
  for (const [, byte = '', value = ''] of packed.toString('latin1').matchAll(/([^\d])(\d+)/gs)) {
    const place = byte.charCodeAt(0) - FIRST_BYTE;
    const amount = Number(value);
    const counter = COUNTERS[place];
    const gauge = GAUGES[place - GAUGES_FROM];
    const bin = place - BINS_FROM;
    if (place < GAUGES_FROM && counter) into.counts.set(counter, (into.counts.get(counter) ?? 0) + amount);
    else if (gauge) into.gauges.set(gauge, Math.max(into.gauges.get(gauge) ?? 0, amount));
    else if (bin >= 0 && bin < BINS) into.latency[bin] = (into.latency[bin] ?? 0) + amount;
  }
}
