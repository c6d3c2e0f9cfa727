import { Redis } from 'ioredis';
import { startArchiver } from '../../../src/history/archiver.ts';
import type { HistoryTarget } from '../../../src/history/target.ts';
import { makeLogger } from '../../../src/runtime/logger.ts';
import { Troubles } from '../../../src/runtime/troubles.ts';
import { chooseDurability } from '../../../src/store/durability.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { serveParent } from '../support/child.ts';

/* An archiver in this process alone. */

serveParent(async ({ url, target }: { url: string; target: HistoryTarget }) => {
  const redis = new Redis(url);
  startArchiver({
    target,
    redis,
    partitions: makePartitions(1),
    durability: await chooseDurability(redis, 'memory'),
    now: Date.now,
    troubles: new Troubles(),
    logger: makeLogger({ level: 'error', format: 'text', dir: undefined, retentionDays: 1 }),
  });
  return null;
});
