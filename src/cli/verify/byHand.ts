import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { readChain } from '../../audit/readAudit.ts';
import type { Repair } from '../../queue/repairs.ts';
import { repairKeys } from '../../store/keys.ts';
import type { Partitions } from '../../store/partitions.ts';
import { pairs } from '../kit/redisPages.ts';
import { type Check, equalCounts, noneWrong } from './check.ts';

const AT_ONCE = 20;

/** What is kept of what operators changed: edits, repairs, and the audit log. */
export async function checksByHand(redis: Redis | Cluster, partitions: Partitions): Promise<Check[]> {
  const histories = { all: 0, broken: [] as string[] };
  const listed = { repairs: 0, ended: 0 };
  for (const partition of partitions.all) {
    const keys = repairKeys(partition);
    for (const key of [keys.edits, keys.repairs]) {
      const seen = new Set<string>();
      for await (const [id, text] of historiesAt(redis, key)) {
        if (!seen.has(id) && !isWhole(text)) histories.broken.push(id);
        seen.add(id);
      }
      histories.all += seen.size;
    }
    // In one step: an order may be moving just now.
    const replies = await redis.multi().hlen(keys.repairs).zcard(keys.ended).exec();
    listed.repairs += Number(replies?.[0]?.[1] ?? 0);
    listed.ended += Number(replies?.[1]?.[1] ?? 0);
  }
  const audit = await readChain(redis);
  return [
    noneWrong('edited orders with all they were before', histories.all, histories.broken),
    equalCounts('repairs listed by when they ended', listed.repairs, listed.ended),
    {
      ...noneWrong(
        'audit entries without a gap before them',
        audit.entries,
        audit.gaps.map(({ id = 'the end', problem }) => `${id}: ${problem}`),
      ),
      ...(audit.busy ? { verdict: 'inconclusive' as const } : {}),
    },
  ];
}

/** A few at a time: each may have megabytes. One may come twice. */
async function* historiesAt(
  redis: Redis | Cluster,
  key: string,
): AsyncGenerator<[string, string], void, undefined> {
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(key, cursor, 'COUNT', AT_ONCE);
    yield* pairs(flat);
    cursor = next;
  } while (cursor !== '0');
}

/** Whether each edit replaced what the one before it left, and the first of them what was sent. */
function isWhole(text: string): boolean {
  try {
    const { original, edits } = JSON.parse(text) as Repair;
    let left = digestOf(original);
    for (const { before, after, data } of edits) {
      if (before !== left || after !== digestOf(data)) return false;
      left = after;
    }
    return edits.length > 0;
  } catch {
    return false;
  }
}

const digestOf = (data: unknown): string => createHash('sha256').update(JSON.stringify(data)).digest('hex');
