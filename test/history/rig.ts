import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { startArchiver } from '../../src/history/archiver.ts';
import { historyClient } from '../../src/history/connect.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import { archiveLine } from '../../src/orders/archivedOrder.ts';
import type { Order } from '../../src/orders/order.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/record/recordOrder.ts';
import { archiveStand, readBacklog } from '../../src/store/archiveStand.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { makePartitions, type Partition, type Partitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

export const partitions = makePartitions(1);
export const partition = partitions.all[0] as Partition;

export const ORIGIN = {
  messageId: '0d8a4b52-6f0e-4d3a-9d56-0e4a0cf5a111',
  receivedAt: '2026-01-02T03:04:05.678Z',
};

/** Records as the workers do while a history is kept; addresses only when asked. */
export function archivingRecorder(
  redis: Redis,
  options: { retentionDays?: number; addresses?: boolean; of?: Partition } = {},
): RecordOrder {
  const record = makeRecordOrder(redis, options.of ?? partition, {
    retentionDays: options.retentionDays ?? 35,
    archive: (order, origin, digest) =>
      archiveLine(order, origin, digest, { addresses: options.addresses ?? false }),
  });
  return (order: Order) => record(order, undefined, ORIGIN);
}

/** What each test of a file has: a Redis and a database of its own, on one PostgreSQL. */
export interface Rig {
  postgres: TestPostgres;
  server: TestRedis;
  redis: Redis;
  target: HistoryTarget;
  /** Those that were started in this test. */
  archivers: Archiving[];
  /** What leads a command to both. */
  env(): { REDIS_URL: string; DATABASE_URL: string };
  /** Starts an archiver, which ends with the test. */
  archive(where?: { over?: Partitions; at?: HistoryTarget; now?: () => number }): Promise<Archiving>;
  stopArchivers(): Promise<void>;
  archived(over?: Partitions, at?: HistoryTarget): Promise<void>;
  /** Archives all that counted, and says what both stores have, which is the same. */
  sums(over?: Partitions, at?: HistoryTarget): Promise<Sums>;
  sql(text: string): Promise<Record<string, unknown>[]>;
}

/** `isClaimed`: the Redis is that of an installation with one partition. */
export function historyRig({ isClaimed = false } = {}): Rig {
  const rig = {
    archivers: [] as Archiving[],
    env: () => ({ REDIS_URL: rig.server.url, DATABASE_URL: rig.postgres.url(rig.target) }),
    async archive({ over = partitions, at = rig.target, now = Date.now } = {}) {
      const one = await archiving(rig.server.client(), at, over, now);
      rig.archivers.push(one);
      return one;
    },
    async stopArchivers() {
      await Promise.all(rig.archivers.splice(0).map((one) => one.stop()));
    },
    archived: (over = partitions, at = rig.target) => untilArchived(rig.redis, rig.postgres, at, over),
    async sums(over = partitions, at = rig.target) {
      await rig.archived(over, at);
      const { kept, counted } = await bothSums(rig.redis, rig.postgres, at, over);
      expect(kept).toEqual(counted);
      return counted;
    },
    async sql(text: string) {
      const client = await rig.postgres.client(rig.target);
      const { rows } = await client.query(text);
      await client.end();
      return rows;
    },
  } as Rig;
  beforeAll(async () => {
    rig.postgres = await startTestPostgres();
  });
  afterAll(() => rig.postgres.stop());
  beforeEach(async () => {
    rig.server = await startTestRedis();
    rig.redis = rig.server.client();
    if (isClaimed) await claimPartitions(rig.redis, 1);
    rig.target = await rig.postgres.database();
  });
  afterEach(async () => {
    await rig.stopArchivers();
    await rig.server.stop();
  });
  return rig;
}

export interface Archiving {
  troubles: Troubles;
  lines: () => string[];
  health: ReturnType<typeof startArchiver>['health'];
  stop(): Promise<void>;
}

/** An archiver of its own on real connections. */
export async function archiving(
  redis: Redis,
  target: HistoryTarget,
  over: Partitions = partitions,
  now = Date.now,
): Promise<Archiving> {
  const troubles = new Troubles();
  const { logger, lines } = collectingLogger();
  const archiver = startArchiver({
    target,
    redis,
    partitions: over,
    durability: await chooseDurability(redis, 'memory'),
    now,
    troubles,
    logger,
  });
  return { troubles, lines: () => lines, ...archiver };
}

/** Resolves when everything that counted is in PostgreSQL. */
export async function untilArchived(
  redis: Redis,
  postgres: TestPostgres,
  target: HistoryTarget,
  over: Partitions = partitions,
): Promise<void> {
  const client = await postgres.client(target);
  await until(async () => {
    const { rows } = await client.query('SELECT tag, seq FROM history.positions').catch(() => ({ rows: [] }));
    const stands = await Promise.all(over.all.map((each) => archiveStand(redis, each)));
    return over.all.every(
      ({ tag }, at) => Number(rows.find((row) => row.tag === tag)?.seq ?? 0) === stands[at]?.seq,
    );
  }, 'all that counted is in PostgreSQL');
  // What is said to Redis follows the commit.
  await until(async () => (await readBacklog(redis, over)).entries === 0, 'Redis knows that nothing waits');
  await client.end();
}

export interface Sums {
  orders: number;
  minorUnits: number;
}

/** What the tables say counted in this Redis, and what Redis says. */
export async function bothSums(
  redis: Redis,
  postgres: TestPostgres,
  target: HistoryTarget,
  over: Partitions = partitions,
): Promise<{ kept: Sums; counted: Sums }> {
  const client = await postgres.client(target);
  const { rows } = await client.query(`
    SELECT sum(orders)::int AS orders, sum(minor_units)::bigint AS minor_units FROM (
      SELECT count(*) AS orders, coalesce(sum(minor_units), 0) AS minor_units FROM history.orders WHERE seq IS NOT NULL
      UNION ALL SELECT count(*), coalesce(sum(minor_units), 0) FROM history.counted_again
      UNION ALL SELECT coalesce(sum(orders), 0), coalesce(sum(minor_units), 0) FROM history.gaps
    ) AS parts`);
  await client.end();
  const totals = await Promise.all(
    over.all.map((each) => redis.hmget(statsKeys(each).global, 'total_orders', 'total_revenue')),
  );
  const sum = (at: 0 | 1) => totals.reduce((all, each) => all + Number(each[at] ?? 0), 0);
  return {
    kept: { orders: rows[0].orders, minorUnits: Number(rows[0].minor_units) },
    counted: { orders: sum(0), minorUnits: sum(1) },
  };
}

/** A plain connection as the product makes it, for what a test asks by hand. */
export const openClient = (target: HistoryTarget) =>
  historyClient(target, { as: 'test', statementMs: 10_000 });
