import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { qualityKeys } from '../../store/keys.ts';
import { redisDate } from '../../store/redisTime.ts';
import { ofItsType, stored } from '../../store/stored.ts';
import { type Steering, steerKey } from '../steering.ts';
import { isBelowFloor, type Label, type Precision, precisionOf, type Target, VERDICTS } from './precision.ts';

/* People's answers as Redis keeps them: labels, what is muted, and what a rule has lost by them. */

/** A rule and key that nobody wants to hear of, until somebody does. */
export interface Mute {
  rule: string;
  key: string;
  by: Label['by'];
  /** ISO, UTC. */
  at: string;
  because?: string;
}

/** A rule that was wrong too often. */
export interface Lowered {
  /** How many severities lower it speaks; 0 where somebody has restored it. */
  steps: number;
  /** When the last step was taken, or it was restored, ISO, UTC: labels since then decide about the next. */
  at: string;
  /** What its labels said then, in words. */
  why: string;
}

/** Oldest go first. */
const MOST_LABELS = 10_000;
const MOST_MUTED = 1_000;
/** From `hold` to `info`. */
const MOST_STEPS = 2;

const SEPARATOR = '|';

/** The target of a label: a group, or a finding of an order by its place. */
export const targetOf = (what: { group: string } | { message: string; finding: number }): string =>
  'group' in what ? `group:${what.group}` : `finding:${what.message}:${what.finding}`;

/** Keeps a label; one of the same person on the same target replaces theirs. */
export async function keepLabel(redis: Redis | Cluster, target: string, label: Label): Promise<void> {
  const { labels } = qualityKeys;
  const { kind, name = '' } = label.by;
  await redis.hset(labels, [target, kind, name].join(SEPARATOR), JSON.stringify(label));
  if ((await redis.hlen(labels)) <= MOST_LABELS) return;
  const all = Object.entries(await redis.hgetall(labels));
  const oldest = all
    // What nobody can read goes first.
    .map(([field, text]) => ({ field, at: labelIn(redis, field, text)?.at ?? '' }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, Math.ceil(MOST_LABELS / 10));
  await redis.hdel(labels, ...oldest.map(({ field }) => field));
}

const labelShape = z.looseObject({
  verdict: z.enum(VERDICTS),
  rule: z.string(),
  key: z.string(),
  at: z.iso.datetime(),
});

const labelIn = (redis: Redis | Cluster, field: string, text: string): Label | undefined =>
  stored(redis, { key: qualityKeys.labels, field }, text, labelShape);

/** All labels by what they are on. */
export async function readLabels(redis: Redis | Cluster): Promise<Map<string, Label[]>> {
  const targets = new Map<string, Label[]>();
  const { labels } = qualityKeys;
  for (const [field, text] of Object.entries(await ofItsType(redis, labels, redis.hgetall(labels), {}))) {
    const target = field.split(SEPARATOR, 1)[0] as string;
    const label = labelIn(redis, field, text);
    if (label) targets.set(target, [...(targets.get(target) ?? []), label]);
  }
  return targets;
}

/** What the labels say of each rule that has any; `since`: only labels that were given after that, ISO. */
export function byRule(
  labels: ReadonlyMap<string, Target>,
  since: (rule: string) => string = () => '',
): Map<string, Precision> {
  const targets = new Map<string, Target[]>();
  for (const target of labels.values()) {
    const rule = target[0]?.rule ?? '';
    const counted = target.filter(({ at }) => at > since(rule));
    if (counted.length > 0) targets.set(rule, [...(targets.get(rule) ?? []), counted]);
  }
  return new Map([...targets].map(([rule, some]) => [rule, precisionOf(some)]));
}

/** False when so much is muted already. */
export async function mute(redis: Redis | Cluster, one: Mute): Promise<boolean> {
  const { muted } = qualityKeys;
  const isNew = (await redis.hexists(muted, steerKey(one))) === 0;
  if (isNew && (await redis.hlen(muted)) >= MOST_MUTED) return false;
  await redis.hset(muted, steerKey(one), JSON.stringify(one));
  return true;
}

/** False when it was not muted. */
export const unmute = async (redis: Redis | Cluster, what: { rule: string; key: string }): Promise<boolean> =>
  (await redis.hdel(qualityKeys.muted, steerKey(what))) === 1;

/** By `steerKey`, which says what is muted: who muted it, and why, is in the audit log. */
export async function readMuted(redis: Redis | Cluster): Promise<Map<string, Pick<Mute, 'rule' | 'key'>>> {
  const { muted } = qualityKeys;
  const names = await ofItsType(redis, muted, redis.hkeys(muted), []);
  return new Map(
    names.map((name) => {
      const [rule = '', ...key] = name.split(' ');
      return [name, { rule, key: key.join(' ') }];
    }),
  );
}

const loweredShape = z.looseObject({
  steps: z.int().min(0).max(MOST_STEPS),
  at: z.iso.datetime(),
  why: z.string(),
});

async function readSteps(redis: Redis | Cluster): Promise<Map<string, Lowered>> {
  const { lowered: key } = qualityKeys;
  const texts = await ofItsType(redis, key, redis.hgetall(key), {});
  return new Map(
    Object.entries(texts).flatMap(([rule, text]) => {
      const one = stored<Lowered>(redis, { key, field: rule }, text, loweredShape);
      return one ? [[rule, one] as const] : [];
    }),
  );
}

export const readLowered = async (redis: Redis | Cluster): Promise<Map<string, Lowered>> =>
  new Map([...(await readSteps(redis))].filter(([, { steps }]) => steps > 0));

/** What workers act on. One round trip. */
export async function readSteering(redis: Redis | Cluster): Promise<Steering> {
  const [muted, lowered] = await Promise.all([readMuted(redis), readLowered(redis)]);
  return {
    muted: new Set(muted.keys()),
    lowered: new Map([...lowered].map(([rule, { steps }]) => [rule, steps])),
  };
}

/**
 * The step that a rule has to take down now, because since its last one its labels say that it is wrong more often than
 * right; undefined when it has not.
 */
export async function dueStep(
  redis: Redis | Cluster,
  rule: string,
  labels: ReadonlyMap<string, Target>,
): Promise<Lowered | undefined> {
  const before = (await readSteps(redis)).get(rule);
  const precision = byRule(labels, () => before?.at ?? '').get(rule);
  const steps = (before?.steps ?? 0) + 1;
  if (precision === undefined || steps > MOST_STEPS || !isBelowFloor(precision)) return undefined;
  const { right, wrong } = precision;
  return { steps, at: await redisDate(redis), why: `${right} of ${right + wrong} labels call it right` };
}

export const lower = async (redis: Redis | Cluster, rule: string, lowered: Lowered): Promise<void> => {
  await redis.hset(qualityKeys.lowered, rule, JSON.stringify(lowered));
};

/** A rule speaks as gravely as it is written again, until labels from now on say otherwise. False when it did. */
export async function restore(redis: Redis | Cluster, rule: string): Promise<boolean> {
  const before = (await readLowered(redis)).get(rule);
  if (before === undefined) return false;
  await lower(redis, rule, { ...before, steps: 0, at: await redisDate(redis) });
  return true;
}
