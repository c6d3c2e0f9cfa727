import { COUNTERS, type Counter, GAUGES, type Gauge } from './figures.ts';
import { BINS } from './latency.ts';

/*
 * What a bucket of the pulse holds: for each figure its byte, from `p` on, then its value in digits of base 64, `0` to `o`.
 * That is a third less than decimal digits, and 14,640 buckets are kept. Lua reads it with one pattern, and older
 * versions skip what they do not know.
 */

const FIRST_DIGIT = 48;
const BASE = 64;
const FIRST_BYTE = FIRST_DIGIT + BASE;
/** Counters have the places before, bins the 96 after: 144 places in all. */
const GAUGES_FROM = 40;
const BINS_FROM = 48;

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
  const text = parts.map(([place, value]) => String.fromCharCode(FIRST_BYTE + place) + digitsOf(value));
  return Buffer.from(text.join(''), 'latin1');
}

function digitsOf(value: number): string {
  let digits = '';
  let left = Math.round(value);
  do {
    digits = String.fromCharCode(FIRST_DIGIT + (left % BASE)) + digits;
    left = Math.floor(left / BASE);
  } while (left > 0);
  return digits;
}

function amountOf(digits: string): number {
  let value = 0;
  for (let at = 0; at < digits.length; at += 1) value = value * BASE + (digits.charCodeAt(at) - FIRST_DIGIT);
  return value;
}

/** Adds what is packed to `into`. */
export function addPacked(packed: Buffer, into: Figures): void {
  for (const [, byte = '', value = ''] of packed.toString('latin1').matchAll(/([p-\xff])([0-o]+)/g)) {
    const place = byte.charCodeAt(0) - FIRST_BYTE;
    const amount = amountOf(value);
    const counter = COUNTERS[place];
    const gauge = GAUGES[place - GAUGES_FROM];
    const bin = place - BINS_FROM;
    if (place < GAUGES_FROM && counter) into.counts.set(counter, (into.counts.get(counter) ?? 0) + amount);
    else if (gauge) into.gauges.set(gauge, Math.max(into.gauges.get(gauge) ?? 0, amount));
    else if (bin >= 0 && bin < BINS) into.latency[bin] = (into.latency[bin] ?? 0) + amount;
  }
}

/** One count of a bucket, without unpacking the others: no digit has the byte of a figure. */
export function countIn(packed: Buffer, counter: Counter): number {
  const at = packed.indexOf(FIRST_BYTE + (counterPlaces.get(counter) as number));
  if (at === -1) return 0;
  const next = packed.findIndex((byte, index) => index > at && byte >= FIRST_BYTE);
  return amountOf(packed.toString('latin1', at + 1, next === -1 ? packed.length : next));
}
