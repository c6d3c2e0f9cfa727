import { expect, it } from '@jest/globals';
import { archiveKeys } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { until } from '../support/until.ts';
import { inListRig } from './listRig.ts';

const partition = makePartitions(1).all[0] as Partition;

it(
  'pauses receiving while more waits for PostgreSQL than may, and goes on at half of that',
  inListRig(async ({ redis, start }) => {
    const bridge = await start();
    const isPausedBy = async (reason: string) => (await bridge.pausedBy()).includes(reason);
    await redis.hset(statsKeys(partition).ledger, 'archive', '9 9 9000 1500000');
    await until(() => isPausedBy('history'), 'receiving is paused');
    await redis.hset(archiveKeys(partition).position, { seq: 5, bytes: 600_000 });
    expect(await isPausedBy('history')).toBe(true);
    await redis.hset(archiveKeys(partition).position, { seq: 8, bytes: 1_100_000 });
    await until(async () => !(await isPausedBy('history')), 'receiving goes on');
  }),
);
