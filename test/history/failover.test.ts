import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { HistoryTarget } from '../../src/history/target.ts';
import { archiveKeys } from '../../src/store/keys.ts';
import { endings, order } from '../stats/recording.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type ReplicatedPostgres, startReplicatedPostgres } from '../support/replicated.ts';
import { until } from '../support/until.ts';
import {
  type Archiving,
  archiving,
  archivingRecorder,
  bothSums,
  openClient,
  partition,
  untilArchived,
} from './rig.ts';

describe('a standby that lags takes over', () => {
  let postgres: ReplicatedPostgres;
  let server: TestRedis;
  let redis: Redis;
  let running: Archiving;
  /** Where the archiver looks, as a name that is moved to whoever takes writes. */
  let target: HistoryTarget;

  beforeEach(async () => {
    [postgres, server] = await Promise.all([startReplicatedPostgres(), startTestRedis()]);
    redis = server.client();
    target = { ...postgres.primary };
    running = await archiving(server.client(), target);
    await record(0, 100);
    await archived();
    await until(async () => {
      const [there, here] = await Promise.all([count(postgres.standby), count(postgres.primary)]);
      return there === here;
    }, 'the standby has what the primary has');
  });
  afterEach(async () => {
    await running.stop();
    await Promise.all([postgres.stop(), server.stop()]);
  });

  const record = (from: number, many: number) =>
    endings(
      archivingRecorder(redis),
      Array.from({ length: many }, (_, at) => order({ orderId: `O${from + at}`, userId: `U${at % 17}` })),
    );
  const asRig = {
    async client(of: HistoryTarget) {
      const client = openClient(of);
      await client.connect();
      return client;
    },
  } as TestPostgres;
  const archived = () => untilArchived(redis, asRig, target);
  const count = async (at: HistoryTarget) => {
    const [row] = await postgres.sql(at, 'SELECT count(*)::int AS orders FROM history.orders');
    return row?.orders;
  };
  const failOver = async () => {
    await postgres.failOver();
    target.port = postgres.standby.port;
  };
  const lost = () => postgres.sql(target, 'SELECT kind, orders FROM history.gaps');

  it('and nothing is lost where a commit waits for it: what it lacks is in the stream', async () => {
    await postgres.sql(postgres.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await postgres.sql(postgres.primary, 'SELECT pg_reload_conf()');
    await postgres.cutOff();
    await record(100, 64);
    await until(async () => {
      const waits = await postgres.sql(
        postgres.primary,
        "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE '%archiver'",
      );
      return waits.length === 1;
    }, 'the commit waits');
    expect(await redis.xlen(archiveKeys(partition).stream)).toBeGreaterThan(1);
    await failOver();
    await record(164, 32);
    await archived();
    const { kept, counted } = await bothSums(redis, asRig, target);
    expect(kept).toEqual(counted);
    expect([await count(target), await lost()]).toEqual([196, []]);
  });

  it('and what it lacks is said, where it was trimmed; what was not trimmed yet is archived again', async () => {
    await postgres.cutOff();
    await record(100, 64);
    await archived();
    const { stream } = archiveKeys(partition);
    await record(164, 64);
    const untrimmed = await redis.dumpBuffer(stream);
    await archived();
    await failOver();
    await redis.restore(stream, 0, untrimmed, 'REPLACE');
    await record(228, 32);
    await archived();
    expect(await lost()).toEqual([{ kind: 'entries_lost', orders: null }]);
    expect(await count(target)).toBeGreaterThanOrEqual(100 + 64 + 32);
    await until(
      () => running.troubles.current.some(({ reason }) => /counted and are not in the history/.test(reason)),
      'it is a trouble',
    );
  });
});
