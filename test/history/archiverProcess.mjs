// An archiver in a process of its own, to be killed.
import { Redis } from 'ioredis';
import { createLogger } from 'winston';
import { startArchiver } from '../../src/history/archiver.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { makePartitions } from '../../src/store/partitions.ts';

const [, , url, target] = process.argv;
const redis = new Redis(url);
startArchiver({
  target: JSON.parse(target),
  redis,
  partitions: makePartitions(1),
  durability: await chooseDurability(redis, 'memory'),
  now: Date.now,
  troubles: new Troubles(),
  logger: createLogger({ silent: true }),
});
