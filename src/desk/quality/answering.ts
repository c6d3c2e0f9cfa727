import type { Cluster, Redis } from 'ioredis';
import type { Author, Change } from '../../audit/auditEntry.ts';
import type { AuditLog, Outcome } from '../../audit/auditLog.ts';
import { isLearned } from '../../quality/baselines/baselines.ts';
import type { LearnedChange } from '../../quality/baselines/openBaselines.ts';
import {
  dueStep,
  keepLabel,
  type Lowered,
  lower,
  mute,
  readLabels,
  readMuted,
  restore,
  targetOf,
  unmute,
} from '../../quality/outcomes/answers.ts';
import { type Group, groupId } from '../../quality/outcomes/groups.ts';
import { judged, type Label, type Verdict } from '../../quality/outcomes/precision.ts';
import { readFindings, readGroup } from '../../quality/outcomes/readGroups.ts';
import { redisDate } from '../../store/redisTime.ts';
import { Refused } from '../refused.ts';

export interface AnsweringParts {
  redis: Redis | Cluster;
  audit: AuditLog;
  /** Has every worker know what a person says to what was learned. */
  changeLearned: (change: LearnedChange) => Promise<void>;
}

export interface Answered {
  /** What the labels of this target say together now. */
  verdict: Verdict | 'disputed';
  /** The step that its rule has just taken down because of it. */
  lowered: Lowered | null;
}

const LONGEST_NOTE = 500;

/** Somebody says what they think of a group. @throws Refused, NoTrace */
export async function labelGroup(
  parts: AnsweringParts,
  who: Author,
  { group: id, verdict, because }: { group: string; verdict: Verdict; because?: string | undefined },
): Promise<Answered> {
  const group = await groupOf(parts.redis, id);
  const target = { name: targetOf({ group: id }), action: 'label group', filter: inWords(group) };
  return label(parts, who, { ...target, rule: group.rule, key: group.key, verdict, because });
}

/** The same of one finding, by its place among those of its order. */
export async function labelFinding(
  parts: AnsweringParts,
  who: Author,
  what: { message: string; finding: number; verdict: Verdict; because?: string | undefined },
): Promise<Answered> {
  const { message, finding: place, verdict, because } = what;
  const finding = (await readFindings(parts.redis, message))?.findings[place];
  if (finding === undefined) throw new Refused('No such finding is kept of this order.', 'missing');
  const { rule, key } = finding;
  const target = { name: targetOf({ message, finding: place }), action: 'label finding' };
  return label(parts, who, {
    ...target,
    filter: `finding of ${rule}`,
    job: message,
    rule,
    key,
    verdict,
    because,
  });
}

async function label(
  { redis, audit, changeLearned }: AnsweringParts,
  who: Author,
  wanted: {
    name: string;
    action: string;
    filter: string;
    job?: string;
    rule: string;
    key: string;
    verdict: Verdict;
    because?: string | undefined;
  },
): Promise<Answered> {
  const { name, action, filter, job, rule, key, verdict, because } = wanted;
  const one: Label = { verdict, rule, key, by: who, at: await redisDate(redis), ...noteOf(because) };
  const change: Change = {
    action,
    filter: `${filter}: ${verdict}`,
    ...(job === undefined ? {} : { job }),
    ...(because === undefined ? {} : { reason: because }),
  };
  await audit.change(who, change, async () => {
    await keepLabel(redis, name, one);
    return DONE;
  });
  const labels = await readLabels(redis);
  const together = judged(labels.get(name) ?? []);
  if (together === 'wrong') await changeLearned({ do: 'readmit', rule, key });
  const step = await dueStep(redis, rule, labels);
  // By whoever gave the label that made it so: the log says what it was.
  if (step) {
    const lowering = { action: 'lower rule', filter: `rule ${rule}`, reason: step.why };
    await audit.change(who, lowering, async () => {
      await lower(redis, rule, step);
      return DONE;
    });
  }
  return { verdict: together, lowered: step ?? null };
}

/** Nobody hears of this rule and key any more, or again. @throws Refused, NoTrace */
export async function muteGroup(
  { redis, audit }: AnsweringParts,
  who: Author,
  { group: id, muted, because }: { group: string; muted: boolean; because?: string | undefined },
): Promise<void> {
  const group = muted ? await groupOf(redis, id) : await mutedOf(redis, id);
  const { rule, key } = group;
  const change = {
    action: muted ? 'mute group' : 'unmute group',
    filter: inWords(group),
    ...reasonOf(because),
  };
  const act = async (): Promise<Outcome> => {
    if (!muted) return (await unmute(redis, { rule, key })) ? DONE : refused('It is not muted.');
    const one = { rule, key, by: who, at: await redisDate(redis), ...noteOf(because) };
    return (await mute(redis, one)) ? DONE : refused('So much is muted already: unmute some first.');
  };
  done(await audit.change(who, change, act));
}

/** A rule that took a step down speaks as gravely as it is written again. @throws Refused, NoTrace */
export async function restoreRule(
  { redis, audit }: AnsweringParts,
  who: Author,
  { rule, because }: { rule: string; because?: string | undefined },
): Promise<void> {
  const change = { action: 'restore rule', filter: `rule ${rule}`, ...reasonOf(because) };
  const act = async (): Promise<Outcome> =>
    (await restore(redis, rule)) ? DONE : refused('This rule has taken no step down.');
  done(await audit.change(who, change, act));
}

/**
 * What a rule has learned is forgotten, of one key or of all: a bad day was learned as what is usual. It says nothing of them
 * until it has seen enough again. @throws Refused, NoTrace
 */
export async function resetRule(
  { audit, changeLearned }: AnsweringParts,
  who: Author,
  { rule, key, because }: { rule: string; key?: string | undefined; because?: string | undefined },
): Promise<void> {
  const of = key === undefined ? 'all it has learned' : 'one key';
  const change = { action: 'reset rule', filter: `rule ${rule}, ${of}`, ...reasonOf(because) };
  const act = async (): Promise<Outcome> => {
    if (!isLearned(rule)) return refused('This rule has learned nothing that could be forgotten.');
    await changeLearned({ do: 'reset', rule, ...(key === undefined ? {} : { key }) });
    return DONE;
  };
  done(await audit.change(who, change, act));
}

const DONE = { result: 'done' } as const;
const refused = (why: string) => ({ result: 'refused', why }) as const;
const reasonOf = (because: string | undefined) => (because === undefined ? {} : { reason: because });

function noteOf(because: string | undefined): { because?: string } {
  if (because === undefined) return {};
  if (because.length > LONGEST_NOTE) throw new Refused(`A note has ${LONGEST_NOTE} characters at most.`);
  return { because };
}

function done({ result, why }: Outcome): void {
  if (result === 'refused') throw new Refused(why ?? '');
}

async function groupOf(redis: Redis | Cluster, id: string): Promise<Group> {
  const group = await readGroup(redis, id);
  if (group === undefined) throw new Refused('There is no such group.', 'missing');
  return group;
}

/** Of a group that has gone meanwhile: what is muted would stay so for ever. */
async function mutedOf(redis: Redis | Cluster, id: string): Promise<Pick<Group, 'id' | 'rule' | 'key'>> {
  const muted = [...(await readMuted(redis)).values()].find((one) => groupId(one) === id);
  return muted ? { id, ...muted } : groupOf(redis, id);
}

/** Never its key: it may be a product's name, and the log is kept for longer than that. */
const inWords = ({ id, rule }: Pick<Group, 'id' | 'rule'>): string => `group ${id} of ${rule}`;
