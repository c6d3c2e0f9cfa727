import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { atMost } from '../../runtime/deadline.ts';
import { every } from '../../runtime/every.ts';
import { PULSE_KEY } from '../../store/keys.ts';
import { redisScript } from '../../store/redisScript.ts';
import { stored, tellDamaged } from '../../store/stored.ts';
import {
  COUNTERS,
  type Counter,
  type Gauge,
  type ProcessState,
  type SeenInbox,
  stagesOf,
} from '../figures.ts';
import { inboxShape } from '../keptShapes.ts';
import { packCounts, packGauges } from '../packed.ts';
import type { Tally } from '../tally.ts';

const BEAT_EVERY_MS = 1_000;
const LAST_BEAT_MS = 1_000;

export interface BeatParts {
  redis: Redis | Cluster;
  tally: Tally;
  describe: () => Omit<ProcessState, 'started_at'>;
  /** What this process has seen of queues and inbox; nothing of what it has not seen. */
  gauges: () => Iterable<[Gauge, number]>;
  /** Called whenever Redis's clock was compared with ours. */
  onClock?: () => void;
  onError: (error: Error) => void;
}

export interface Beating {
  /** Resolves when the first one was answered, and Redis's clock is known, or could not be. */
  begun: Promise<void>;
  /** When any process counted an order last, ms since 1970; undefined when none has, or nobody knows yet. */
  lastCounted(): number | undefined;
  /** The inbox as any bridge saw it last. */
  inbox(): SeenInbox | undefined;
  /** Tells the last of it, and that this process has gone. */
  stop(): Promise<void>;
}

/** What a beat sends, kept until Redis has answered: sent again, it is the same one. */
interface Beat {
  number: number;
  counts: Buffer;
  gauges: Buffer;
  counted: boolean;
  newest: [counted: string, refused: string];
  /** What had been added up when it was made. */
  totals: Totals;
}

interface Totals {
  counts: Map<Counter, number>;
  latency: readonly number[];
}

const SCRIPT = readFileSync(new URL('./beat.lua', import.meta.url), 'utf8');

const callScript = redisScript<[string, string, string | null, string | null, damaged: string[]]>('beat', {
  numberOfKeys: 1,
  lua: SCRIPT,
});

/**
 * Tells the installation once a second what this process did since it told last, in one call, whatever it did. While
 * Redis is away it goes on adding up. Each beat counts once, however often it has to be sent.
 */
export function startBeat(
  { redis, tally, describe, gauges, onClock, onError }: BeatParts,
  { everyMs = BEAT_EVERY_MS }: { everyMs?: number } = {},
): Beating {
  const id = randomUUID();
  let told: Totals = { counts: new Map(), latency: [] };
  let number = 0;
  let unanswered: Beat | undefined;
  let startedAt: string | undefined;
  let lastCounted: number | undefined;
  let inbox: SeenInbox | undefined;

  const send = async (): Promise<void> => {
    unanswered ??= makeBeat(++number, tally, told, gauges());
    const { counts, counted, newest, totals } = unanswered;
    startedAt ??= new Date(tally.now()).toISOString();
    const described = describe();
    const state = JSON.stringify({ ...described, started_at: startedAt });
    const asked = tally.clock();
    const [seconds, microseconds, last, lastInbox, damaged] = await callScript(
      redis,
      PULSE_KEY,
      id,
      unanswered.number,
      counts,
      unanswered.gauges,
      state,
      counted ? 1 : 0,
      ...newest,
      stagesOf(described).join(' '),
      described.inbox ? JSON.stringify(described.inbox) : '',
    );
    told = totals;
    unanswered = undefined;
    for (const key of damaged) tellDamaged(redis, { key });
    const place = { key: `${PULSE_KEY}:last`, field: 'inbox' };
    inbox = stored<SeenInbox>(redis, place, lastInbox, inboxShape) ?? inbox;
    lastCounted = Number(last ?? 'none') * 1_000 || undefined;
    const offset = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (asked + tally.clock()) / 2;
    // What it guessed before it knew better.
    if (number === 1) startedAt = new Date(Date.parse(startedAt) + offset).toISOString();
    tally.clockOffsetMs = offset;
    onClock?.();
  };

  let hasBegun = () => {};
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const beating = every(everyMs, () => send().finally(hasBegun), { atOnce: true, onError });
  return {
    begun,
    lastCounted: () => lastCounted,
    inbox: () => inbox,
    async stop() {
      const last = async () => {
        await beating.stop();
        if (unanswered) await send();
        await send();
        // On its own, after all is told: what forgets the number of the last beat must not come again with its counts.
        await redis.hdel(`${PULSE_KEY}:processes`, id);
      };
      await atMost(
        LAST_BEAT_MS,
        last().catch(() => {}),
      );
    },
  };
}

function makeBeat(number: number, tally: Tally, told: Totals, gauges: Iterable<[Gauge, number]>): Beat {
  const totals: Totals = {
    counts: new Map(COUNTERS.map((name) => [name, tally.countOf(name)])),
    latency: tally.latency,
  };
  const grown = new Map<Counter, number>();
  for (const [name, count] of totals.counts) grown.set(name, count - (told.counts.get(name) ?? 0));
  const { counted, refused } = tally.takeNewest();
  const texts = (entries: readonly object[]) => JSON.stringify(entries.map((entry) => JSON.stringify(entry)));
  return {
    number,
    counts: packCounts(
      grown,
      totals.latency.map((count, bin) => count - (told.latency[bin] ?? 0)),
    ),
    gauges: packGauges(gauges),
    counted: (grown.get('counted') ?? 0) > 0,
    newest: [texts(counted), texts(refused)],
    totals,
  };
}
