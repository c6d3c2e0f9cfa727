import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type * as z from 'zod';
import { DAY_SECONDS, HOUR_MS } from '../../runtime/units.ts';
import { PULSE_KEY } from '../../store/keys.ts';
import { redisScript } from '../../store/redisScript.ts';
import { msOfTime } from '../../store/redisTime.ts';
import { stored, tellDamaged } from '../../store/stored.ts';
import type { NewestCounted, NewestRefused, ProcessState, Stage } from '../figures.ts';
import { countedShape, processShape, refusedShape } from '../keptShapes.ts';
import { addPacked, type Figures, noFigures } from '../packed.ts';

const HOUR_SECONDS = HOUR_MS / 1_000;

/** How long each kind of bucket is, and how long the key that holds so many of them, seconds. */
const KINDS = {
  seconds: { letter: 's', size: 1, span: 60 },
  minutes: { letter: 'm', size: 60, span: HOUR_SECONDS },
  hours: { letter: 'h', size: HOUR_SECONDS, span: DAY_SECONDS },
} as const;

export type BucketKind = keyof typeof KINDS;

export interface SeenProcess extends ProcessState {
  id: string;
  /** ms since 1970. */
  seenAt: number;
}

export interface Pulse {
  /** Redis's clock, ms since 1970. */
  now: number;
  processes: SeenProcess[];
  /** Newest first. */
  newestCounted: NewestCounted[];
  newestRefused: NewestRefused[];
  /** When an order counted last, ms since 1970. */
  lastCounted: number | undefined;
  /** When a process of the stage was seen last, also one that stopped in order; undefined when none ever was. */
  lastSeen(stage: Stage): number | undefined;
  /** Adds up the buckets that begin within so many seconds before `until` (s since 1970), `until` left out. */
  sum(until: number, seconds: number): Figures;
}

const SCRIPT = readFileSync(new URL('./look.lua', import.meta.url), 'utf8');

/** An error where something else lies under the key. */
type List = Buffer[] | Error;
type Looked = [Buffer[], List, List, List, List, [number, List][]];
const callScript = redisScript<Looked>('lookAtPulse', { numberOfKeys: 1, lua: SCRIPT, buffers: true });

/** Reads the pulse with its buckets of that kind, as far back as asked. One call. */
export function pulseReader(redis: Redis | Cluster): (kind: BucketKind, seconds: number) => Promise<Pulse> {
  return async (kind, seconds) => {
    const { letter, size, span } = KINDS[kind];
    const back = Math.ceil(seconds / span);
    const looked = await callScript(redis, PULSE_KEY, letter, span, back);
    const [time, processes, counted, refused, last, chunks] = looked;
    const listOf = (key: string, list: List): Buffer[] => {
      if (Array.isArray(list)) return list;
      tellDamaged(redis, { key });
      return [];
    };
    const newest = <T>(key: string, list: List, shape: z.ZodType): T[] =>
      listOf(key, list).flatMap((text) => stored<T>(redis, { key }, String(text), shape) ?? []);
    const buckets = new Map<number, Buffer>();
    const lastly = new Map<string, number>();
    for (const [what, second] of pairsOf(listOf(`${PULSE_KEY}:last`, last)))
      if (Number.isFinite(Number(second))) lastly.set(what, Number(second) * 1_000);
    for (const [first, fields] of chunks)
      for (const [field, packed] of pairsOf(listOf(`${PULSE_KEY}:${letter}:${first / span}`, fields)))
        buckets.set(first + Number(field) * size, packed);
    return {
      now: msOfTime(time),
      processes: pairsOf(listOf(PROCESSES, processes)).flatMap(
        ([id, text]) => processOf(redis, id, String(text)) ?? [],
      ),
      newestCounted: newest<NewestCounted>(`${PULSE_KEY}:newest:counted`, counted, countedShape),
      newestRefused: newest<NewestRefused>(`${PULSE_KEY}:newest:refused`, refused, refusedShape),
      lastCounted: lastly.get('counted'),
      lastSeen: (stage) => lastly.get(stage),
      sum(until, length) {
        const figures = noFigures();
        const first = Math.ceil((until - length) / size) * size;
        for (let at = first; at < until; at += size) {
          const packed = buckets.get(at);
          if (packed) addPacked(packed, figures);
        }
        return figures;
      },
    };
  };
}

const pairsOf = (flat: readonly Buffer[]): [string, Buffer][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1] as Buffer]);

const PROCESSES = `${PULSE_KEY}:processes`;

/** `<number of its last beat> <when, s> <JSON>` */
function processOf(redis: Redis | Cluster, id: string, text: string): SeenProcess | undefined {
  const [, seen = '', state = ''] = /^\d+ (\d{1,12}) (.*)$/s.exec(text) ?? [];
  const known = stored<ProcessState>(redis, { key: PROCESSES, field: id }, state, processShape);
  return known && { ...known, id, seenAt: Number(seen) * 1_000 };
}
