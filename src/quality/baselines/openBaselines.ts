import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { every } from '../../runtime/every.ts';
import { baselineKeys } from '../../store/keys.ts';
import { isWrongType } from '../../store/redisFaults.ts';
import { redisScript } from '../../store/redisScript.ts';
import { ofItsType, type Place, stored, tellDamaged } from '../../store/stored.ts';
import type { Check } from '../check.ts';
import { makeBaselines, type Warmth } from './baselines.ts';
import {
  type Observation,
  observationShape,
  type PackedObservation,
  packed,
  unpacked,
} from './observation.ts';
import { type PackedLearned, type PackedProduct, productsShape, restShape } from './packedForm.ts';

export interface SharedBaselines {
  /** One for each rule that is learned; together they look at an order once. */
  checks: readonly Check[];
  warmth(): Warmth;
  /** Resolves when Redis has it: every worker knows it with its next turn. */
  change(change: LearnedChange): Promise<void>;
  /** Sends what was learned and not sent yet, and receives no more. May be called twice. */
  close(): Promise<void>;
}

/**
 * What a person says to what was learned. `readmit`: findings of this rule and key are wrong, what they flagged is normal from
 * now on. `reset`: what this rule knows of a key is forgotten, or, without a key, all of it.
 */
export type LearnedChange =
  | { do: 'readmit'; rule: string; key: string }
  | { do: 'reset'; rule: string; key?: string };

export interface BaselineParts {
  /** Fails fast: learning waits for the next turn, judging never waits. */
  redis: Redis | Cluster;
  /** Hears what a turn failed over. What was learned in it is not lost. */
  onError: (error: Error) => void;
  /** Products in memory, 50,000 unless said otherwise; the least recently seen leaves. */
  maxProducts?: number;
}

export interface Pace {
  /** How often a worker looks whether it has something to send. */
  turnMs: number;
  /** It sends 100 orders or more at once, or fewer so long after it sent last. */
  sendWithinMs: number;
  /** With nothing to send, it reads what others sent. */
  readWithinMs: number;
  /** Entries of the log after which a snapshot takes their place. */
  longestLog: number;
}

const SHARE = readFileSync(new URL('./share.lua', import.meta.url), 'utf8');
const REPLACE = readFileSync(new URL('./replace.lua', import.meta.url), 'utf8');

/** An entry of the log. */
interface Entry {
  /** Of another format nothing is learned: a rolling deploy learns little for its time. */
  v: typeof FORMAT;
  observations?: PackedObservation[];
  change?: ['readmit' | 'reset', rule: string, key?: string];
}
const FORMAT = 1;
const entryShape = z.looseObject({
  v: z.number(),
  observations: z.array(z.unknown()).optional(),
  change: z
    .union([
      z.tuple([z.literal('readmit'), z.string(), z.string()]),
      z.tuple([z.literal('reset'), z.string(), z.string().optional()]),
    ])
    .optional(),
});

const PACE: Pace = { turnMs: 5_000, sendWithinMs: 30_000, readWithinMs: 45_000, longestLog: 500 };
const ORDERS_PER_COMMAND = 100;
/** Of more orders between two commands a sample is learned: every second one, every fourth, and so on. */
const MOST_PENDING = 500;
const SNAPSHOT_MS = 60_000;
const PRODUCTS_PER_PART = 1_000;
const NOTHING_READ = '0-0';
/** Far more than what is written here; a few bytes can become gigabytes. */
const LONGEST_TEXT = 67_108_864;

const shareScript = redisScript<[0] | [1, [Buffer, Buffer[]][], number]>('shareBaselines', {
  numberOfKeys: 3,
  lua: SHARE,
  buffers: true,
});
const replaceScript = redisScript<number>('replaceBaselines', { numberOfKeys: 3, lua: REPLACE });

const deflate = promisify(deflateRaw) as (data: string) => Promise<Buffer>;
const inflate = promisify(inflateRaw) as (
  data: Buffer,
  limits: { maxOutputLength: number },
) => Promise<Buffer>;

/** Undefined, and told, where it cannot be read: it is left out by every worker alike. */
async function inflated<T>(
  redis: Redis | Cluster,
  place: Place,
  data: Buffer | undefined,
  shape: z.ZodType,
): Promise<T | undefined> {
  const limits = { maxOutputLength: LONGEST_TEXT };
  const text = await inflate(data as Buffer, limits).then(String, () => undefined);
  if (text !== undefined) return stored<T>(redis, place, text, shape, LONGEST_TEXT);
  tellDamaged(redis, place);
  return undefined;
}

/**
 * Workers learn from one log in Redis, in its order, and from nothing else: what an order teaches comes back to the worker
 * that saw it as it comes to the others. So all of them know the same, whatever they lose or miss meanwhile.
 */
export async function openBaselines(
  { redis, onError, maxProducts }: BaselineParts,
  pace = PACE,
): Promise<SharedBaselines> {
  const { log, head, lease, snapshot } = baselineKeys;
  const baselines = makeBaselines({
    ...(maxProducts === undefined ? {} : { maxProducts }),
    wants,
    onObservation: keep,
  });

  let pending: Observation[] = [];
  let stride = 1;
  let skipped = 0;
  function wants(): boolean {
    skipped += 1;
    if (skipped < stride) return false;
    skipped = 0;
    return true;
  }
  function keep(seen: Observation) {
    pending.push(seen);
    if (pending.length < MOST_PENDING) return;
    pending = pending.filter((_, at) => at % 2 === 0);
    stride *= 2;
  }

  /** Undefined until loaded. */
  let position: string | undefined;
  let sharedAt = Number.NEGATIVE_INFINITY;

  async function load(): Promise<void> {
    const from = await positionIn(redis);
    if (from === NOTHING_READ) baselines.load(undefined);
    else {
      const key = snapshot(from);
      const parts = await ofItsType<Record<string, Buffer>>(redis, key, redis.hgetallBuffer(key), {});
      // Replaced between the two reads: the next turn finds the newer one.
      if (!parts.rest && (await positionIn(redis)) !== from)
        throw new Error('the snapshot of the learned baselines is gone');
      baselines.load(await readParts(redis, key, parts));
    }
    position = from;
  }

  async function share(entry: Buffer | ''): Promise<void> {
    let unsent = entry;
    for (;;) {
      if (position === undefined) await load();
      const answer = await shareScript(
        redis,
        log,
        head,
        lease,
        position as string,
        unsent,
        pace.longestLog,
        SNAPSHOT_MS,
      );
      if (answer[0] === 0) {
        position = undefined;
        continue;
      }
      unsent = '';
      const [, entries, isDue] = answer;
      for (const [id, fields] of entries) {
        // Before it is read: one that cannot be is left out, by every worker alike, and not tried again for ever.
        position = id.toString();
        const place = { key: log, field: position };
        const entry = await inflated<Entry>(redis, place, fields[1], entryShape);
        if (entry) take(entry, place);
      }
      if (isDue) await replaceLog();
      if (entries.length < 200) return;
    }
  }

  function take({ v, observations = [], change }: Entry, place: Place): void {
    if (v !== FORMAT) return;
    for (const row of observations) {
      if (observationShape.safeParse(row).success) baselines.observe(unpacked(row));
      else tellDamaged(redis, place);
    }
    if (change?.[0] === 'reset') baselines.reset(change[1], change[2]);
    else if (change) baselines.readmit(change[1], change[2] as string);
  }

  /** Nothing is taken meanwhile: it is written in the turn of this worker that found it due. */
  async function replaceLog(): Promise<void> {
    const key = snapshot(position as string);
    let parts = 0;
    for (const part of baselines.packParts(PRODUCTS_PER_PART)) {
      const name = parts === 0 ? 'rest' : String(parts);
      await redis.hset(key, name, await deflate(JSON.stringify(part)));
      parts += 1;
    }
    await redis.pexpire(key, SNAPSHOT_MS);
    await replaceScript(redis, log, head, key, position as string, parts);
  }

  // One at a time, each in its turn.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    const done = last.then(run);
    last = done.catch(() => {});
    return done;
  };
  const sendPending = async (): Promise<void> => {
    const some = pending;
    pending = [];
    stride = 1;
    try {
      await share(some.length > 0 ? await entryOf({ observations: some.map(packed) }) : '');
      sharedAt = performance.now();
    } catch (error) {
      // Sent and not answered, it is learned twice: of a sample that does not matter.
      pending = [...some, ...pending].slice(-MOST_PENDING);
      if (!isWrongType(error)) throw error;
      tellDamaged(redis, { key: log });
    }
  };
  const turn = async (): Promise<void> => {
    const since = performance.now() - sharedAt;
    const isDue =
      pending.length >= ORDERS_PER_COMMAND ||
      (pending.length > 0 && since >= pace.sendWithinMs) ||
      since >= pace.readWithinMs;
    if (isDue) await inTurn(sendPending);
  };
  await turn().catch(onError);
  const turns = every(pace.turnMs, turn, { atOnce: false, onError });
  let isClosed = false;

  return {
    checks: baselines.checks,
    warmth: baselines.warmth,
    change: ({ do: what, rule, key }) =>
      inTurn(async () =>
        share(await entryOf({ change: key === undefined ? [what, rule] : [what, rule, key] })),
      ),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await turns.stop();
      await inTurn(sendPending).catch(onError);
    },
  };
}

const entryOf = (entry: Omit<Entry, 'v'>): Promise<Buffer> =>
  deflate(JSON.stringify({ v: FORMAT, ...entry }));

/** Up to where there is a snapshot. What is no position is none, for the script as well. */
async function positionIn(redis: Redis | Cluster): Promise<string> {
  const { head } = baselineKeys;
  const found = await ofItsType(redis, head, redis.hget(head, 'position'), null);
  if (found === null || POSITION.test(found)) return found ?? NOTHING_READ;
  tellDamaged(redis, { key: head, field: 'position' });
  return NOTHING_READ;
}
const POSITION = /^\d{1,15}-\d{1,15}$/;

/** Undefined where nothing is left of it but products. */
async function readParts(
  redis: Redis | Cluster,
  key: string,
  parts: Record<string, Buffer>,
): Promise<PackedLearned | undefined> {
  const names = Object.keys(parts).sort((a, b) => Number(a) - Number(b));
  const whole = await inflated<PackedLearned>(redis, { key, field: 'rest' }, parts.rest, restShape);
  if (!whole) return undefined;
  for (const field of names) {
    if (field === 'rest') continue;
    const some = await inflated<PackedProduct[]>(redis, { key, field }, parts[field], productsShape);
    whole.products.push(...(some ?? []));
  }
  return whole;
}

/**
 * The same by whoever learns nothing besides: it takes all that was learned to add to it, and people do so some times a day.
 */
export async function changeLearned(parts: BaselineParts, change: LearnedChange): Promise<void> {
  const baselines = await openBaselines(parts);
  await baselines.change(change).finally(() => baselines.close());
}
