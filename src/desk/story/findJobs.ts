import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';

const SCRIPT = readFileSync(new URL('./findText.lua', import.meta.url), 'utf8');
/** Redis does nothing else meanwhile: below 5 ms. */
const LOOKED_AT = 200;
/** Of each list; nobody waits for longer. */
const MOST_STEPS = 500;

const callScript = redisScript<[string, ...string[]]>('findText', { numberOfKeys: 1, lua: SCRIPT });

/**
 * Ids of the jobs of a partition, and of those that left only a repair, whose data may hold one of some texts, upper and
 * lower case of A to Z being the same. Some 100,000 of each state are looked at, of those that have ended the newest.
 */
export async function findJobs(
  redis: Redis | Cluster,
  partition: Partition,
  texts: readonly string[],
): Promise<string[]> {
  const needles = texts.map((text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
  const { edits, repairs } = repairKeys(partition);
  const queue = ['failed', 'aside', 'completed', 'delayed', 'active', 'wait', 'paused', 'prioritized'];
  const found = new Set<string>();
  for (const key of [...queue.map((name) => queueKey(partition, name)), edits, repairs]) {
    let from = '0';
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const [next, ...ids] = await callScript(
        redis,
        key,
        queueKey(partition, ''),
        from,
        LOOKED_AT,
        ...new Set(needles),
      );
      for (const id of ids) found.add(id);
      from = next;
      if (from === '0') break;
    }
  }
  return [...found];
}
