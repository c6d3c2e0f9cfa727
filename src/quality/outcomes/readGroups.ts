import type { Cluster, Redis } from 'ioredis';
import { qualityKeys } from '../../store/keys.ts';
import type { Finding, Severity } from '../finding.ts';
import type { Mute } from './answers.ts';
import { type Group, groupId, type KeptFlagged, QUIET_MS, type Told } from './groups.ts';

/** Groups that have opened, those seen last first. */
export const readGroups = (redis: Redis | Cluster, most: number): Promise<Group[]> =>
  readFrom(redis, qualityKeys.groups, most);

/** The same of those that too few orders are in. */
export const readRareGroups = (redis: Redis | Cluster, most: number): Promise<Group[]> =>
  readFrom(redis, qualityKeys.rare, most);

const readFrom = async (redis: Redis | Cluster, set: string, most: number): Promise<Group[]> =>
  readThese(redis, await redis.zrevrange(set, 0, most - 1), set === qualityKeys.groups);

export async function readGroup(redis: Redis | Cluster, id: string): Promise<Group | undefined> {
  const isOpen = (await redis.zscore(qualityKeys.groups, id)) !== null;
  return (await readThese(redis, [id], isOpen))[0];
}

/** How many groups are in each state, without reading any: what is asked for at every scrape must cost next to nothing. */
export async function countGroups(redis: Redis | Cluster, muted: Iterable<Mute>, now: number) {
  const since = now - QUIET_MS;
  const ids = [...muted].map(groupId);
  const count = async (set: string) => {
    const [all, recent, mutedSeen] = await Promise.all([
      redis.zcard(set),
      redis.zcount(set, since, '+inf'),
      ids.length === 0 ? [] : redis.zmscore(set, ...ids),
    ]);
    const silenced = mutedSeen.filter((seen) => seen !== null);
    const now = recent - silenced.filter((seen) => Number(seen) >= since).length;
    return { now, quiet: all - now - silenced.length, muted: silenced.length };
  };
  const [open, rare] = await Promise.all([count(qualityKeys.groups), count(qualityKeys.rare)]);
  return { open: open.now, rare: rare.now, quiet: open.quiet + rare.quiet, muted: open.muted + rare.muted };
}

/** One round trip: all lie in one slot. */
async function readThese(redis: Redis | Cluster, ids: readonly string[], isOpen: boolean): Promise<Group[]> {
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hgetall(qualityKeys.group(id));
  const answers = (await pipeline.exec()) ?? [];
  return answers.flatMap(([error, fields], at) => {
    if (error) throw error;
    return groupIn(ids[at] as string, fields as Record<string, string>, isOpen) ?? [];
  });
}

function groupIn(id: string, fields: Record<string, string>, isOpen: boolean): Group | undefined {
  const { rule, key = '', version, severity, finding, examples, seen, told, samples } = fields;
  if (rule === undefined || finding === undefined) return undefined;
  const count = (name: string) => Number(fields[name] ?? 0);
  return {
    id,
    rule,
    version: Number(version),
    key,
    severity: severity as Severity,
    orders: count('orders'),
    findings: count('findings'),
    minorUnits: count('minor'),
    firstSeen: count('first'),
    lastSeen: count('last'),
    finding: JSON.parse(finding) as Finding,
    examples: JSON.parse(examples ?? '[]') as string[],
    seen: JSON.parse(seen ?? '[]') as Group['seen'],
    samples: JSON.parse(samples ?? '[]') as Group['samples'],
    isOpen,
    ...(told === undefined ? {} : { told: JSON.parse(told) as Told }),
  };
}

/** Flagged orders, the newest first; `before`: only those flagged earlier than that, ms. */
export async function readFlagged(
  redis: Redis | Cluster,
  most: number,
  before = '+inf',
): Promise<KeptFlagged[]> {
  const { flagged, findings } = qualityKeys;
  const ids = await redis.zrevrangebyscore(flagged, before, '-inf', 'LIMIT', 0, most);
  if (ids.length === 0) return [];
  const texts = await redis.hmget(findings, ...ids);
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as KeptFlagged]));
}

/** What was found in the order of a message; undefined when nothing is kept of it. */
export async function readFindings(
  redis: Redis | Cluster,
  message: string,
): Promise<KeptFlagged | undefined> {
  const text = await redis.hget(qualityKeys.findings, message);
  return text === null ? undefined : (JSON.parse(text) as KeptFlagged);
}
