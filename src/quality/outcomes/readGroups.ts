import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { qualityKeys } from '../../store/keys.ts';
import { isWrongType } from '../../store/redisFaults.ts';
import { ofItsType, stored, tellDamaged } from '../../store/stored.ts';
import { type Finding, SEVERITIES } from '../finding.ts';
import type { Mute } from './answers.ts';
import { type Group, groupId, type KeptFlagged, QUIET_MS, type Told } from './groups.ts';

/** Groups that have opened, those seen last first. */
export const readGroups = (redis: Redis | Cluster, most: number): Promise<Group[]> =>
  readFrom(redis, qualityKeys.groups, most);

/** The same of those that too few orders are in. */
export const readRareGroups = (redis: Redis | Cluster, most: number): Promise<Group[]> =>
  readFrom(redis, qualityKeys.rare, most);

const readFrom = async (redis: Redis | Cluster, set: string, most: number): Promise<Group[]> =>
  readThese(
    redis,
    await ofItsType(redis, set, redis.zrevrange(set, 0, most - 1), []),
    set === qualityKeys.groups,
  );

export async function readGroup(redis: Redis | Cluster, id: string): Promise<Group | undefined> {
  const { groups } = qualityKeys;
  const isOpen = (await ofItsType(redis, groups, redis.zscore(groups, id), null)) !== null;
  return (await readThese(redis, [id], isOpen))[0];
}

/**
 * How many groups are in each state, and all that is muted, without reading any: what is asked for at every scrape must cost
 * next to nothing.
 */
export async function countGroups(
  redis: Redis | Cluster,
  muted: Iterable<Pick<Mute, 'rule' | 'key'>>,
  now: number,
) {
  const since = now - QUIET_MS;
  const ids = [...muted].map(groupId);
  const count = async (set: string) => {
    const [all, recent, mutedSeen] = await Promise.all([
      ofItsType(redis, set, redis.zcard(set), 0),
      ofItsType(redis, set, redis.zcount(set, since, '+inf'), 0),
      ids.length === 0 ? [] : ofItsType(redis, set, redis.zmscore(set, ...ids), []),
    ]);
    const silenced = mutedSeen.filter((seen) => seen !== null);
    const now = recent - silenced.filter((seen) => Number(seen) >= since).length;
    return { now, quiet: all - now - silenced.length };
  };
  const [open, rare] = await Promise.all([count(qualityKeys.groups), count(qualityKeys.rare)]);
  return { open: open.now, rare: rare.now, quiet: open.quiet + rare.quiet, muted: ids.length };
}

/** One round trip: all lie in one slot. */
async function readThese(redis: Redis | Cluster, ids: readonly string[], isOpen: boolean): Promise<Group[]> {
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hgetall(qualityKeys.group(id));
  const answers = (await pipeline.exec()) ?? [];
  return answers.flatMap(([error, fields], at) => {
    const id = ids[at] as string;
    if (error && !isWrongType(error)) throw error;
    if (error) tellDamaged(redis, { key: qualityKeys.group(id) });
    return error ? [] : (groupIn(redis, id, fields as Record<string, string>, isOpen) ?? []);
  });
}

const LAST_INSTANT = 8.64e15;
/** Ms since 1970 that a date can be made of. */
const instant = z.number().min(0).max(LAST_INSTANT);
const severity = z.enum(SEVERITIES);
/** What is no JSON. Without it a group is none. */
const count = z.coerce.number().pipe(z.int().min(0)).default(0);
const plainShape = z.object({
  rule: z.string(),
  key: z.string().default(''),
  severity,
  version: count,
  orders: count,
  findings: count,
  minor: count,
  first: count.pipe(instant),
  last: count.pipe(instant),
});
const fix = z.array(z.looseObject({ path: z.string(), value: z.union([z.string(), z.number()]) }));
const findingShape = z.looseObject({
  rule: z.string(),
  version: z.int(),
  path: z.string(),
  key: z.string(),
  severity,
  observed: z.string(),
  expected: z.string(),
  from: z.int().optional(),
  confidence: z.number().min(0).max(1),
  fix: fix.optional(),
});
const keptShape = z.looseObject({
  message: z.string(),
  at: instant,
  held: z.boolean(),
  minorUnits: z.int().min(0),
  findings: z.array(findingShape),
});
const examplesShape = z.array(z.string());
const seenShape = z.array(z.tuple([instant, z.string(), z.string()]));
const samplesShape = z.array(z.looseObject({ ref: z.string() }));
const toldShape = z.looseObject({
  outcome: z.string(),
  at: z.iso.datetime(),
  opinion: z
    .looseObject({
      verdict: z.string(),
      cause: z.string(),
      fixes: z.array(z.looseObject({ ref: z.string(), fix })),
    })
    .optional(),
});

function groupIn(
  redis: Redis | Cluster,
  id: string,
  fields: Record<string, string>,
  isOpen: boolean,
): Group | undefined {
  // Dropped since it was listed.
  if (fields.rule === undefined || fields.finding === undefined) return undefined;
  const key = qualityKeys.group(id);
  const of = <T>(field: string, shape: z.ZodType): T | undefined =>
    stored(redis, { key, field }, fields[field], shape);
  const finding = of<Finding>('finding', findingShape);
  const plain = plainShape.safeParse(fields);
  if (!plain.success) tellDamaged(redis, { key, field: String(plain.error.issues[0]?.path[0]) });
  if (!plain.success || finding === undefined) return undefined;
  const { minor, first, last, ...rest } = plain.data;
  const told = of<Told>('told', toldShape);
  return {
    id,
    ...rest,
    minorUnits: minor,
    firstSeen: first,
    lastSeen: last,
    finding,
    examples: of<string[]>('examples', examplesShape) ?? [],
    seen: of<Group['seen']>('seen', seenShape) ?? [],
    samples: of<Group['samples']>('samples', samplesShape) ?? [],
    isOpen,
    ...(told === undefined ? {} : { told }),
  };
}

/**
 * Flagged orders, the newest first; `before`: only those flagged earlier than that, ms. Those of one millisecond come together,
 * even where they alone are more than `most`: a page that parted them would leave the others out. `next` is where the next page
 * begins; undefined at the end.
 */
export async function readFlagged(
  redis: Redis | Cluster,
  most: number,
  before?: number,
): Promise<{ orders: KeptFlagged[]; next: number | undefined }> {
  const { flagged, findings } = qualityKeys;
  const from = before === undefined ? '+inf' : `(${before}`;
  const found = redis.zrevrangebyscore(flagged, from, '-inf', 'WITHSCORES', 'LIMIT', 0, most + 1);
  const { ids, times } = scored(await ofItsType(redis, flagged, found, []));
  let next: number | undefined;
  if (ids.length > most) {
    const parted = times.indexOf(times[most] as number);
    next = times[parted > 0 ? parted - 1 : 0] as number;
    if (parted > 0) ids.splice(parted);
    else ids.splice(0, ids.length, ...(await redis.zrevrangebyscore(flagged, next, next)));
  }
  if (ids.length === 0) return { orders: [], next };
  const texts = await ofItsType(redis, findings, redis.hmget(findings, ...ids), []);
  return { orders: texts.flatMap((text, at) => keptIn(redis, ids[at] as string, text) ?? []), next };
}

const scored = (answer: readonly string[]) => ({
  ids: answer.filter((_, at) => at % 2 === 0),
  times: answer.filter((_, at) => at % 2 === 1).map(Number),
});

/** What was found in the order of a message; undefined when nothing is kept of it. */
export async function readFindings(
  redis: Redis | Cluster,
  message: string,
): Promise<KeptFlagged | undefined> {
  const { findings } = qualityKeys;
  return keptIn(redis, message, await ofItsType(redis, findings, redis.hget(findings, message), null));
}

const keptIn = (redis: Redis | Cluster, message: string, text: string | null): KeptFlagged | undefined =>
  stored(redis, { key: qualityKeys.findings, field: message }, text, keptShape);
