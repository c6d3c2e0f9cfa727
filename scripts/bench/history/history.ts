import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import type { Client } from 'pg';
import { archiveLine } from '../../../src/orders/archivedOrder.ts';
import type { Order } from '../../../src/orders/order.ts';
import { makeRecordOrder, type RecordOrder } from '../../../src/stats/record/recordOrder.ts';
import { readBacklog } from '../../../src/store/archiveStand.ts';
import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { startChild } from '../support/child.ts';
import { type BenchPostgres, startBenchPostgres } from '../support/postgres.ts';
import { usedMemory } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { percentile, printTable } from '../support/table.ts';
import { inPairs } from '../worker/pulse.ts';

const PARTITIONS = makePartitions(1);
const RATE = 200;
/** Two and a half items on average. */
const ITEMS = [1, 2, 3, 4];

/**
 * What the history costs: the worker stage with it and without it; an archiver in a process of its own that works off a
 * backlog, with PostgreSQL's CPU and room per order; how long an order takes from counted to committed at 200 a second; and how
 * long a rebuild takes, in a process of its own, and what memory.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: 'string', default: '30000' },
      pairs: { type: 'string', default: '7' },
      orders: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '15' },
      rebuild: { type: 'string', default: '1000000' },
    },
  });
  const pairs = Number(values.pairs);
  if (pairs > 0)
    await inPairs('a history', { on: 'ours with history', off: 'ours' }, Number(values.jobs), pairs);
  const postgres = await startBenchPostgres();
  const { client } = postgres;
  const redis = await startBenchRedis();
  const archiver = await startChild(new URL('./archiverChild.ts', import.meta.url));
  try {
    const record = recorder(redis.client);
    const orders = Number(values.orders);
    await backlog(redis.client, record, archiver, postgres, orders, redis.url);
    await latency(record, client, orders, Number(values.seconds));
    if (Number(values.rebuild) > 0) await rebuilding(postgres, Number(values.rebuild));
  } finally {
    await archiver.kill();
    redis.stop();
    await postgres.stop();
  }
}

async function backlog(
  redis: Redis,
  record: RecordOrder,
  archiver: Awaited<ReturnType<typeof startChild>>,
  { client, target, dir }: BenchPostgres,
  orders: number,
  url: string,
): Promise<void> {
  const before = await usedMemory(redis);
  const stats = await memoryOf(redis, async () => {
    for (let from = 0; from < orders; from += 1_000)
      await Promise.all(
        Array.from({ length: 1_000 }, (_, at) => record(orderOf(from + at), undefined, originOf(from + at))),
      );
  });
  const { bytes } = await readBacklog(redis, PARTITIONS);
  const cpuBefore = cpuSeconds(dir);
  const started = performance.now();
  await archiver.ask({ url, target });
  while ((await readBacklog(redis, PARTITIONS)).bytes > 0) await delay(20);
  const seconds = (performance.now() - started) / 1_000;
  // The counters of a process that has ended are those of its parent, which is among them.
  const cpu = cpuSeconds(dir) - cpuBefore;
  const archived = await usedMemory(redis);
  const { rows } = await client.query(
    `SELECT sum(pg_total_relation_size(c.oid))::bigint AS all, sum(pg_relation_size(c.oid)) FILTER (WHERE relname = 'orders')::bigint AS orders,
       sum(pg_relation_size(c.oid)) FILTER (WHERE relname = 'order_items')::bigint AS items
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'history' AND relkind = 'r'`,
  );
  const [{ all, orders: ofOrders, items: ofItems }] = rows;
  printTable(
    `A backlog of ${orders} orders of 2.5 items, fsync on`,
    ['', 'figure'],
    [
      ['archived, orders/s', (orders / seconds).toFixed(0)],
      ['PostgreSQL: CPU µs/order', ((cpu * 1e6) / orders).toFixed(1)],
      ['Redis while it waits: bytes/order in the stream', ((stats - archived + 0) / orders).toFixed(0)],
      ['of that text', (bytes / orders).toFixed(0)],
      ['PostgreSQL: bytes/order in all', (Number(all) / orders).toFixed(0)],
      ['of that rows of orders', (Number(ofOrders) / orders).toFixed(0)],
      ['of that rows of items', (Number(ofItems) / orders).toFixed(0)],
      ['Redis without a backlog: bytes/order', ((archived - before) / orders).toFixed(0)],
    ],
  );
}

async function memoryOf(redis: Redis, work: () => Promise<void>): Promise<number> {
  await work();
  return usedMemory(redis);
}

/** By what PostgreSQL wrote down: when the row of an order counted, and when the first look found it. */
async function latency(record: RecordOrder, client: Client, from: number, seconds: number): Promise<void> {
  const waits: number[] = [];
  const counted = new Map<string, number>();
  let at = from;
  const sending = (async () => {
    const begun = performance.now();
    for (; at < from + seconds * RATE; at += 1) {
      const due = begun + ((at - from) * 1_000) / RATE;
      await delay(Math.max(0, due - performance.now()));
      const order = orderOf(at);
      void record(order, undefined, originOf(at)).then(() => counted.set(order.orderId, performance.now()));
    }
  })();
  let done = false;
  void sending.then(() => {
    done = true;
  });
  while (!done || counted.size > 0) {
    const ids = [...counted.keys()];
    const { rows } = await client.query(
      'SELECT order_id FROM history.orders WHERE order_id = ANY($1) AND id >= $2',
      [ids, String((1n << 40n) + BigInt(from))],
    );
    const now = performance.now();
    for (const { order_id } of rows) {
      waits.push(now - (counted.get(order_id) as number));
      counted.delete(order_id);
    }
    await delay(10);
  }
  printTable(
    `Counted to committed and seen, ${RATE} orders/s, ${seconds} s`,
    ['', 'ms'],
    [0.5, 0.95, 0.99].map((share) => [`p${share * 100}`, percentile(waits, share).toFixed(0)]),
  );
}

/** Of so many orders of 10,000 users over two years, as many on each day; what they cost the ledger is the costliest there is. */
async function rebuilding({ client, target, dir }: BenchPostgres, orders: number): Promise<void> {
  // What is added up by triggers is not what is measured.
  await client.query('SET session_replication_role = replica');
  await client.query('TRUNCATE history.orders, history.order_items, history.positions');
  await client.query('INSERT INTO history.positions (tag, seq, orders) VALUES ($1, $2, $2)', [
    (PARTITIONS.all[0] as Partition).tag,
    orders,
  ]);
  await client.query(
    `INSERT INTO history.orders (id, seq, minor_units, placed_at, received_at, counted_at, day, user_id, order_id, currency,
       payment_method, message_id, digest)
     SELECT (SELECT id FROM history.positions) * (1::bigint << 40) + at, at + 1, 1000 + (at * 31337) % 40000, placed, placed, placed,
       placed::date, 'U' || (at * 7919) % 10000, 'ORD' || at, 'USD', 'CREDITCARD', 'M' || at,
       decode(lpad(to_hex(at), 16, '0'), 'hex')
     FROM generate_series(0, $1::bigint - 1) AS at,
       LATERAL (SELECT timestamptz '2024-01-01' + at * interval '730 days' / $1::bigint AS placed) AS p`,
    [orders],
  );
  const redis = await startBenchRedis();
  const child = await startChild(new URL('./rebuildChild.ts', import.meta.url));
  try {
    const postgres = cpuSeconds(dir);
    const {
      seconds,
      cpu: own,
      rss,
    } = await child.ask<{ seconds: number; cpu: number; rss: number[] }>({ url: redis.url, target });
    const ofPostgres = cpuSeconds(dir) - postgres;
    const cpu = Number(/used_cpu_user:([\d.]+)/.exec(await redis.client.info('cpu'))?.[1]);
    printTable(
      `A rebuild of ${orders} orders`,
      ['', 'figure'],
      [
        ['seconds', seconds.toFixed(1)],
        ['orders/s', (orders / seconds).toFixed(0)],
        ['CPU µs/order: Redis', ((cpu * 1e6) / orders).toFixed(1)],
        ['CPU µs/order: the rebuild', ((own * 1e6) / orders).toFixed(1)],
        ['CPU µs/order: PostgreSQL', ((ofPostgres * 1e6) / orders).toFixed(1)],
        ['resident MB at each tenth', rss.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ')],
      ],
    );
  } finally {
    await child.kill();
    redis.stop();
  }
}

function recorder(redis: Redis): RecordOrder {
  return makeRecordOrder(redis, PARTITIONS.all[0] as Partition, {
    retentionDays: 35,
    archive: (order, origin, digest) => archiveLine(order, origin, digest, { addresses: false }),
  });
}

const originOf = (at: number) => ({
  messageId: `0d8a4b52-6f0e-4d3a-9d56-${at.toString(16).padStart(12, '0')}`,
  receivedAt: '2025-06-01T12:00:01.000Z',
});

function orderOf(at: number): Order {
  const items = Array.from({ length: ITEMS[at % ITEMS.length] as number }, (_, line) => ({
    productId: `P${String((at * 31 + line * 7) % 2_000).padStart(4, '0')}`,
    quantity: 1 + ((at + line) % 5),
    pricePerUnit: `${10 + ((at * 13 + line) % 490)}.99`,
  }));
  const day = `2025-06-${String(1 + (Math.floor(at / 5_000) % 28)).padStart(2, '0')}`;
  const placedAt = `${day}T12:00:00.000Z`;
  return {
    orderId: `ORD${at}`,
    userId: `U${(at * 7_919) % 10_000}`,
    minorUnits: 1_000 + ((at * 31_337) % 40_000),
    items,
    timestamp: placedAt,
    placedAt,
    day,
    currency: 'USD',
    paymentMethod: 'CREDITCARD',
    shippingAddress: undefined,
    notes: [],
  };
}

const TICKS_PER_SECOND = 100;

/** Of the server in this folder and all its children, ended ones too. Linux alone. */
function cpuSeconds(dir: string): number {
  const server = Number(readFileSync(join(dir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      if (Number(pid) !== server && Number(fields[1]) !== server) continue;
      const own = Number(fields[11]) + Number(fields[12]);
      ticks += Number(pid) === server ? own + Number(fields[13]) + Number(fields[14]) : own;
    } catch {
      // It has ended.
    }
  }
  return ticks / TICKS_PER_SECOND;
}
