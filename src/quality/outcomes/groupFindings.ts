import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { qualityKeys } from '../../store/keys.ts';
import { redisScript } from '../../store/redisScript.ts';
import { tellDamaged } from '../../store/stored.ts';
import { type Finding, isPlain } from '../finding.ts';
import type { FlaggedOrder } from '../flagged.ts';
import { gravest } from '../flagged.ts';
import { groupId, type KeptFlagged, MOST_FLAGGED, MOST_GROUPS, OPENS_WITH, QUIET_MS } from './groups.ts';

const SCRIPT = readFileSync(new URL('./groupFindings.lua', import.meta.url), 'utf8');

const callScript = redisScript<[opened: string[], damaged: string[]] | null>('groupFindings', {
  lua: SCRIPT,
});

const EXAMPLES = 5;
const OBSERVATIONS = 40;
/** For the language model. */
const SAMPLES = 3;
/** A batch comes again within seconds, when who took it died. */
const KNOWN_AGAIN_MS = 86_400_000;

/**
 * Adds flagged orders to their groups, once however often the same batch comes. Resolves to the ids of the groups that
 * it opened, undefined when it was grouped before.
 */
export async function groupFindings(
  redis: Redis | Cluster,
  batch: string,
  orders: readonly FlaggedOrder[],
): Promise<string[] | undefined> {
  const { groups, rare, flagged, findings } = qualityKeys;
  const gathered = [...gather(orders)];
  const keys = [qualityKeys.batch(batch), groups, flagged, findings, rare];
  const answer = await callScript(
    redis,
    keys.length + gathered.length,
    ...keys,
    ...gathered.map(({ id }) => qualityKeys.group(id)),
    MOST_GROUPS,
    MOST_FLAGGED,
    KNOWN_AGAIN_MS,
    QUIET_MS,
    qualityKeys.group(''),
    EXAMPLES,
    OBSERVATIONS,
    JSON.stringify(gathered),
    JSON.stringify(orders.flatMap((order) => [order.message, order.at, keptText(order)])),
    OPENS_WITH,
  );
  for (const id of answer?.[1] ?? []) tellDamaged(redis, { key: qualityKeys.group(id) });
  return answer?.[0];
}

/** What a batch adds to one group. */
interface Added {
  id: string;
  first: number;
  last: number;
  orders: number;
  findings: number;
  minor: number;
  fields: Record<string, string>;
  examples: string[];
  seen: [number, string, string][];
  /** JSON. */
  sample?: string;
  plain: boolean;
}

/** An order is counted once in each group, however many of its lines are in it. */
function gather(orders: readonly FlaggedOrder[]): Iterable<Added> {
  const added = new Map<string, Added>();
  for (const { message, at, minorUnits, findings, toldBefore = 0, order } of orders) {
    for (const [id, same] of byGroup(findings.slice(toldBefore))) {
      const before = added.get(id);
      const finding = same.at(-1) as Finding;
      const { rule, version, key } = finding;
      added.set(id, {
        id,
        first: Math.min(before?.first ?? at, at),
        last: Math.max(before?.last ?? at, at),
        orders: (before?.orders ?? 0) + 1,
        findings: (before?.findings ?? 0) + same.length,
        minor: (before?.minor ?? 0) + minorUnits,
        fields: {
          rule,
          version: String(version),
          key,
          severity: gravest(same),
          finding: JSON.stringify(finding),
        },
        examples: [...(before?.examples ?? []), message].slice(-EXAMPLES),
        seen: [
          ...(before?.seen ?? []),
          ...same.map((one): Added['seen'][number] => [at, one.observed, one.expected]),
        ].slice(-OBSERVATIONS),
        plain: (before?.plain ?? false) || same.some(isPlain),
        ...sampleOf(before, message, order),
      });
    }
  }
  return added.values();
}

/** The first of a batch that came whole, of a few orders. */
function sampleOf(before: Added | undefined, ref: string, order: unknown): { sample?: string } {
  const samples = JSON.parse(before?.sample ?? '[]') as unknown[];
  if (order === undefined || samples.length >= SAMPLES)
    return before?.sample ? { sample: before.sample } : {};
  return { sample: JSON.stringify([...samples, { ref, order }]) };
}

function byGroup(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const id = groupId(finding);
    groups.set(id, [...(groups.get(id) ?? []), finding]);
  }
  return groups;
}

const keptText = ({ order: _, ...kept }: FlaggedOrder): string => JSON.stringify(kept satisfies KeptFlagged);
