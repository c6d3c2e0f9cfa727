import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type * as z from 'zod';
import { DAY_SECONDS } from '../../runtime/units.ts';
import { modelAnswerKey } from '../../store/keys.ts';
import { ofItsType } from '../../store/stored.ts';
import type { Canaries } from './canaries.ts';
import type { Endpoint } from './endpoint.ts';
import type { CallOutcome, Verdict } from './opinion.ts';
import { type Names, PROMPT_VERSION } from './questions.ts';
import { markFrom } from './redact.ts';

/** The mark that an entry has when it is looked up: what is remembered must not depend on which was drawn. */
const LOOKUP_MARK = '‡';
const REMEMBERED_SECONDS = 90 * DAY_SECONDS;
const ANSWER_TOKENS = 200;

/** What is said of any thing. */
export interface Judged {
  id: string;
  verdict: Verdict;
}

/** What is asked of one thing. */
export interface Entry {
  /** What is shown of it, typed text marked with `mark`. */
  show: (mark: string) => object;
  paths: readonly string[];
}

export interface Kind<A extends Judged> {
  name: string;
  prompt: (mark: string) => string;
  shape: (names: Names) => z.ZodType<{ answers: A[] }>;
  canaries: (mark: string) => Canaries;
  /** What an answer may say of them as of any other. */
  canaryPaths: readonly string[];
  /** The answer without what only means something in this question. */
  settled?: (answer: A) => A;
  /** Beside the entries: what all of them are held against. */
  beside?: (mark: string) => object;
  /** Entries in one question. */
  most: number;
  tokensEach: number;
}

export type Said<A> =
  | { outcome: 'ok'; cached: boolean; answer: A; mark: string }
  | { outcome: Exclude<CallOutcome, 'ok'>; cached: false };

/** Ends of a question that one entry in it may have brought about. */
const LOST = new Set<CallOutcome>(['canary_failed', 'cut_short']);

export interface AskingParts {
  endpoint: Endpoint;
  redis: Redis | Cluster;
  model: string;
  random: () => number;
  onMissedCanary: () => Promise<void>;
}

/**
 * Answers to entries, in their order: from memory, or in questions of a few at once with a pair of canaries among them.
 * A question whose canaries are missed is dropped whole, and asked once more in two halves, as is one that the model came to no
 * end of: one entry that speaks to the model must not silence what stands beside it.
 */
export async function askAbout<A extends Judged>(
  parts: AskingParts,
  kind: Kind<A>,
  entries: readonly Entry[],
): Promise<Said<A>[]> {
  const keys = entries.map((entry) => keyOf(parts.model, kind, entry));
  const said = new Map<number, Said<A>>();
  try {
    const { redis } = parts;
    const kept = await Promise.all(keys.map((key) => ofItsType(redis, key, redis.get(key), null)));
    for (const [at, entry] of entries.entries()) {
      const answer = remembered(kind.shape({ paths: entry.paths }), kept[at]);
      if (answer) said.set(at, { outcome: 'ok', cached: true, answer, mark: LOOKUP_MARK });
    }
  } catch {
    return entries.map(() => ({ outcome: 'redis_away', cached: false }));
  }
  // The same thing twice is one question.
  const asked = new Map(
    keys.map((key, at) => [key, at]).filter(([, at]) => !said.has(at as number)) as [string, number][],
  );
  const places = [...asked.values()];
  for (let from = 0; from < places.length; from += kind.most) {
    const batch = places.slice(from, from + kind.most);
    for (const [at, each] of await askOrHalve(parts, kind, entries, batch)) {
      said.set(at, each);
      if (each.outcome === 'ok') await remember(parts.redis, keys[at] as string, each);
    }
  }
  return entries.map((_, at) => {
    const own = said.get(at) ?? said.get(asked.get(keys[at] as string) as number);
    return own ?? { outcome: 'unanswered', cached: false };
  });
}

async function askOrHalve<A extends Judged>(
  parts: AskingParts,
  kind: Kind<A>,
  entries: readonly Entry[],
  batch: readonly number[],
): Promise<Map<number, Said<A>>> {
  const said = await askOnce(parts, kind, entries, batch);
  const missed = [...said.values()].some(({ outcome }) => LOST.has(outcome));
  if (!missed || batch.length === 1) return said;
  const half = Math.ceil(batch.length / 2);
  const first = await askOnce(parts, kind, entries, batch.slice(0, half));
  const second = await askOnce(parts, kind, entries, batch.slice(half));
  return new Map([...first, ...second]);
}

async function askOnce<A extends Judged>(
  { endpoint, random, onMissedCanary }: AskingParts,
  kind: Kind<A>,
  entries: readonly Entry[],
  batch: readonly number[],
): Promise<Map<number, Said<A>>> {
  const mark = markFrom(random);
  const { wrong, right } = kind.canaries(mark);
  const shown: { at: number | 'wrong' | 'right'; entry: object }[] = batch.map((at) => ({
    at,
    entry: (entries[at] as Entry).show(mark),
  }));
  for (const canary of [{ at: 'wrong', entry: wrong } as const, { at: 'right', entry: right } as const]) {
    shown.splice(Math.floor(random() * (shown.length + 1)), 0, canary);
  }
  const paths = [...new Set([...kind.canaryPaths, ...batch.flatMap((at) => (entries[at] as Entry).paths)])];
  const ids = shown.map((_, at) => `e${at + 1}`);
  const answer = await endpoint.ask({
    name: kind.name,
    system: kind.prompt(mark),
    user: JSON.stringify({
      ...kind.beside?.(mark),
      entries: shown.map(({ entry }, at) => ({ id: ids[at], ...entry })),
    }),
    shape: kind.shape({ ids, paths }),
    tokens: ANSWER_TOKENS + shown.length * kind.tokensEach,
  });
  const all = (outcome: Exclude<CallOutcome, 'ok'>) =>
    new Map(batch.map((at): [number, Said<A>] => [at, { outcome, cached: false }]));
  if (answer.outcome !== 'ok') return all(answer.outcome);
  // Whoever answers one entry twice means neither.
  const byId = new Map<string, A | undefined>();
  for (const each of answer.value.answers) byId.set(each.id, byId.has(each.id) ? undefined : each);
  const of = (at: number | 'wrong' | 'right') =>
    byId.get(`e${shown.findIndex((each) => each.at === at) + 1}`);
  if (of('wrong')?.verdict !== 'defect' || of('right')?.verdict !== 'plausible') {
    await onMissedCanary();
    return all('canary_failed');
  }
  return new Map(
    batch.map((at): [number, Said<A>] => {
      const said = of(at);
      const own = said && (kind.settled?.(said) ?? said);
      return [
        at,
        own ? { outcome: 'ok', cached: false, answer: own, mark } : { outcome: 'unanswered', cached: false },
      ];
    }),
  );
}

function keyOf<A extends Judged>(model: string, kind: Kind<A>, entry: Entry): string {
  const asked = JSON.stringify([PROMPT_VERSION, model, kind.name, entry.show(LOOKUP_MARK)]);
  return modelAnswerKey(createHash('sha256').update(asked).digest('hex'));
}

/** As it was said, with the mark of the lookup in place of the one it was asked with. */
async function remember<A>(redis: Redis | Cluster, key: string, said: Said<A>): Promise<void> {
  if (said.outcome !== 'ok') return;
  const text = JSON.stringify(said.answer).replaceAll(said.mark, LOOKUP_MARK);
  // Forgotten, it is asked again.
  await redis.set(key, text, 'EX', REMEMBERED_SECONDS).catch(() => {});
}

function remembered<A extends Judged>(
  shape: z.ZodType<{ answers: A[] }>,
  text: string | null | undefined,
): A | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    return shape.parse({ answers: [JSON.parse(text)] }).answers[0];
  } catch {
    return undefined;
  }
}
