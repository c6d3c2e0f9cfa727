import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { DAY_SECONDS, HOUR_MS } from '../../runtime/units.ts';
import { PULSE_KEY } from '../../store/keys.ts';
import { msOfTime } from '../../store/redisTime.ts';
import type { NewestCounted, NewestRefused, ProcessState, Stage } from '../figures.ts';
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

type Looked = [Buffer[], Buffer[], Buffer[], Buffer[], Buffer[], [number, Buffer[]][]];
type WithCommand = (Redis | Cluster) & {
  lookAtPulseBuffer(key: string, letter: string, span: number, back: number): Promise<Looked>;
};

/** Reads the pulse with its buckets of that kind, as far back as asked. One call. */
export function pulseReader(redis: Redis | Cluster): (kind: BucketKind, seconds: number) => Promise<Pulse> {
  redis.defineCommand('lookAtPulse', { numberOfKeys: 1, lua: SCRIPT });
  return async (kind, seconds) => {
    const { letter, size, span } = KINDS[kind];
    const back = Math.ceil(seconds / span);
    const looked = await (redis as WithCommand).lookAtPulseBuffer(PULSE_KEY, letter, span, back);
    const [time, processes, counted, refused, last, chunks] = looked;
    const buckets = new Map<number, Buffer>();
    const lastly = new Map(pairsOf(last).map(([what, second]) => [what, Number(second) * 1_000]));
    for (const [first, fields] of chunks)
      for (const [field, packed] of pairsOf(fields)) buckets.set(first + Number(field) * size, packed);
    return {
      now: msOfTime(time),
      processes: pairsOf(processes).map(([id, text]) => processOf(id, String(text))),
      newestCounted: counted.map((text) => JSON.parse(String(text))),
      newestRefused: refused.map((text) => JSON.parse(String(text))),
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

/** `<number of its last beat> <when, s> <JSON>` */
function processOf(id: string, text: string): SeenProcess {
  const [, seen = '', state = ''] = /^\d+ (\d+) (.*)$/s.exec(text) ?? [];
  return { ...(JSON.parse(state) as ProcessState), id, seenAt: Number(seen) * 1_000 };
}
