import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Cluster, Redis } from 'ioredis';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { readConfig } from '../../../src/config/config.ts';
import { groups, search } from '../../../src/desk/orders/reads.ts';
import { driveRun } from '../../../src/desk/runs/driveRun.ts';
import { beginRun, type RunParts, readRun } from '../../../src/desk/runs/runs.ts';
import { tryRecipe } from '../../../src/desk/runs/tryRecipe.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { openOrderQueues } from '../../../src/queue/orderQueues.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/runtime/limits.ts';
import { type FailureKeys, failureKeys, queueKey } from '../../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { startChild } from '../support/child.ts';
import { redisCpu, usedMemory } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, percentile, printTable } from '../support/table.ts';
import type { WorkerRequest } from '../worker/contender.ts';
import { jobOf } from '../worker/jobs.ts';
import { messageId, noteFailing, putFailed } from './failedOrders.ts';

const PARTITIONS = 8;
const CONCURRENCY = 50;
const RECIPE = {
  version: 1 as const,
  steps: [{ do: 'decimal_comma' as const, at: 'items[*].price_per_unit' }],
};
const WHO = { kind: 'command', name: 'bench' } as const;
const LOOKS = 30;
const FEW_LOOKS = 5;
/** The last ones, of a reason that no other is of. */
const FOREIGN = 20;
/** They are noted soon after they failed, as a worker does. */
const FILLED_AT_ONCE = 1_000;
/** More than any worker takes: a run of that rate lets nobody by. */
const FLAT_OUT = 100_000;
/** Far from the numbers of the failed orders. */
const FIRST_FRESH = 10_000_000;

/**
 * The desk over that many failed orders: what the index costs Redis for each, how fast causes and a page are answered, a
 * recipe tried and run, and what a run costs fresh orders. The worker is a process of its own; a run is driven from here.
 * Without rounds nothing is tried or run.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      orders: { type: 'string', default: '100000' },
      run: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const [orders, perRun, rate, rounds] = [values.orders, values.run, values.rate, values.rounds].map(
    Number,
  ) as [number, number, number, number];
  if (orders < 3 * rounds * perRun) throw new Error(`--orders must be ${3 * rounds * perRun} at least`);
  const redis = await startBenchRedis();
  try {
    const parts = partsOn(redis.client);
    await reportIndex(parts, redis.client, orders);
    await reportReads(parts, orders);
    if (rounds > 0) {
      await reportTrial(parts, orders);
      await reportRuns(parts, redis, { perRun, rate, rounds });
    }
  } finally {
    redis.stop();
  }
  console.log(`Load average of the machine over the last minute: ${(loadavg()[0] as number).toFixed(1)}.\n`);
}

function partsOn(redis: Redis): RunParts {
  const { rules, ledgerRetentionDays, auditRetentionDays } = readConfig({});
  return {
    redis,
    partitions: makePartitions(PARTITIONS),
    rules: {
      parse: makeParseOrder(rules),
      reading: { envelope: 'auto', maxBodyBytes: DEFAULT_MAX_BODY_BYTES },
      sumFields: rules.sumFields,
      idCase: rules.idCase,
    },
    ledgerRetentionDays,
    audit: makeAuditLog(redis, { retentionDays: auditRetentionDays }),
    auditRetentionDays,
    currency: rules.currency,
  };
}

/** By the hundred, as when thousands fail in a row, and one by one. */
async function reportIndex({ partitions, rules }: RunParts, redis: Redis, orders: number): Promise<void> {
  const rows: string[][] = [];
  const single = Math.min(Math.round(orders / 10), 10_000);
  const all = { cpu: 0, memory: 0 };
  for (const [atOnce, from, count] of [
    [1, 0, single],
    [100, single, orders - single],
  ] as const) {
    const cost = { cpu: 0, memory: 0 };
    for (let first = from; first < from + count; first += FILLED_AT_ONCE) {
      const some = Math.min(FILLED_AT_ONCE, from + count - first);
      const wanted = { from: first, count: some, foreignFrom: orders - FOREIGN };
      const failing = await putFailed(redis, partitions, rules.parse, wanted);
      const [cpu, memory] = [await redisCpu(redis), await usedMemory(redis)];
      await noteFailing(redis, failing, atOnce);
      cost.cpu += (await redisCpu(redis)) - cpu;
      cost.memory += (await usedMemory(redis)) - memory;
    }
    all.cpu += cost.cpu;
    all.memory += cost.memory;
    const name = `${count} orders, ${atOnce} a call`;
    rows.push([name, ...[cost.cpu, cost.memory].map((total) => (total / count).toFixed(0))]);
  }
  rows.push(['all', ...[all.cpu, all.memory].map((total) => (total / orders).toFixed(0))]);
  printTable(`Index of failed orders, ${PARTITIONS} partitions`, ['', 'Redis µs/order', 'bytes/order'], rows);
  const sizes = [];
  for (const name of Object.keys(failureKeys(partitions.all[0] as Partition)) as (keyof FailureKeys)[]) {
    let bytes = 0;
    for (const partition of partitions.all)
      bytes += (await redis.memory('USAGE', failureKeys(partition)[name], 'SAMPLES', 0)) ?? 0;
    if (bytes > 0) sizes.push([name, (bytes / orders).toFixed(1)]);
  }
  const allocator = /mem_allocator:(\S+)/.exec(await redis.info('memory'))?.[1] ?? '';
  printTable(`The same by key, as MEMORY USAGE says, with ${allocator}`, ['', 'bytes/order'], sizes);
}

async function reportReads(parts: RunParts, orders: number): Promise<void> {
  const rows = [];
  const oneHolds = `${orders / 2} pine street`;
  const found = async (count: number, where: { id: string }) => {
    const answer = await search(parts, { ...where, limit: 50 });
    if (answer.orders.length !== count)
      throw new Error(`${answer.orders.length} orders have the id ${where.id}`);
  };
  for (const [name, ask] of [
    ['one PING', () => parts.redis.ping()],
    ['list of causes', () => groups(parts)],
    ['first 50 of a reason', () => search(parts, { reason: 'wrong_type', limit: 50 })],
    [`all ${FOREIGN} of a rare one`, () => search(parts, { reason: 'currency_mismatch', limit: 50 })],
    ['by an order id', () => found(1, { id: `ORD${Math.round(orders / 2)}` })],
    ['by a message id', () => found(1, { id: messageId(Math.round(orders / 2)) })],
    ['by a user id', () => search(parts, { id: 'U77', limit: 50 })],
    ['by a value that many hold', () => search(parts, { text: '1400', limit: 50 })],
    ['by a text that one holds, one answer', () => search(parts, { text: oneHolds, limit: 50 })],
    ['by a text that one holds, to the end', () => toTheEnd(parts, oneHolds)],
  ] as const) {
    const times: number[] = [];
    const looks = await timed(ask).then((ms) => (ms > 1_000 ? FEW_LOOKS : LOOKS));
    for (let look = 0; look < looks; look += 1) times.push(await timed(ask));
    rows.push([name, ...[median(times), percentile(times, 0.95)].map((ms) => ms.toFixed(1))]);
  }
  const title = `Reads over ${orders} failed orders, ${LOOKS} each, ${FEW_LOOKS} of those above a second, ms`;
  printTable(title, ['', 'median', 'p95'], rows);
}

/** As somebody who says `go on` until there is no more. */
async function toTheEnd(parts: RunParts, text: string): Promise<void> {
  for (let cursor: string | null | undefined; cursor !== null; )
    cursor = (await search(parts, { text, limit: 50, cursor })).next_cursor;
}

async function reportTrial(parts: RunParts, orders: number): Promise<void> {
  const ms = await timed(async () => {
    const { wouldCount } = await tryRecipe(parts, {}, RECIPE);
    if (wouldCount.orders !== orders - FOREIGN)
      throw new Error(`${wouldCount.orders} of ${orders} would count`);
  });
  printTable('A recipe tried', ['', 'orders/s'], [[`${orders} orders`, ((1_000 * orders) / ms).toFixed(0)]]);
}

interface Runs {
  perRun: number;
  rate: number;
  rounds: number;
}

/** Rounds of the same: a run alone, fresh orders alone, both, and both with a run that does not look what waits. */
async function reportRuns(
  parts: RunParts,
  redis: { url: string; client: Redis },
  { perRun, rate, rounds }: Runs,
): Promise<void> {
  const worker = await startChild(new URL('../worker/contender.ts', import.meta.url));
  const fresh = await freshOrders(parts, rate);
  try {
    await worker.ask({
      do: 'go',
      contender: 'ours',
      env: { REDIS_URL: redis.url, PARTITIONS: String(PARTITIONS) },
      concurrency: CONCURRENCY,
    } satisfies WorkerRequest);
    const speeds: Record<'alone' | 'beside' | 'flatOut', number[]> = { alone: [], beside: [], flatOut: [] };
    const waits: Record<'alone' | 'beside' | 'flatOut', number[][]> = { alone: [], beside: [], flatOut: [] };
    for (let round = 0; round < rounds; round += 1) {
      const first = 3 * round * perRun;
      speeds.alone.push(await runOf(parts, first, perRun));
      const during = delay(5_000);
      waits.alone.push(await fresh.sendDuring(during));
      for (const [at, how, most] of [
        [1, 'beside', undefined],
        [2, 'flatOut', FLAT_OUT],
      ] as const) {
        const running = runOf(parts, first + at * perRun, perRun, most);
        waits[how].push(await fresh.sendDuring(running));
        speeds[how].push(await running);
      }
    }
    const row = (name: string, speed: number[], wait: number[][]) => [
      name,
      speed.length === 0 ? '' : median(speed).toFixed(0),
      ...[0.5, 0.95].map((share) =>
        wait.length === 0 ? '' : median(wait.map((each) => percentile(each, share))).toFixed(0),
      ),
    ];
    printTable(
      `Runs of ${perRun} orders with one worker process, fresh orders at ${rate}/s, medians of ${rounds} rounds`,
      ['', 'repaired/s', 'fresh p50 ms', 'p95'],
      [
        row('a run alone', speeds.alone, []),
        row('fresh orders alone', [], waits.alone),
        row('both', speeds.beside, waits.beside),
        row(`both, --rate ${FLAT_OUT}`, speeds.flatOut, waits.flatOut),
      ],
    );
  } finally {
    await fresh.close();
    await worker.kill();
  }
}

/** Orders a second, from the begin of a run of those orders to its end. */
async function runOf(parts: RunParts, first: number, count: number, rate?: number): Promise<number> {
  const jobs = Array.from({ length: count }, (_, at) => messageId(first + at));
  let id = '';
  const ms = await timed(async () => {
    ({ id } = await beginRun(parts, WHO, {
      where: { jobs },
      recipe: RECIPE,
      reason: 'bench',
      rate,
      stopPercent: 20,
    }));
    await driveRun(parts, id, 'bench', new AbortController().signal);
  });
  const ended = await readRun(parts, id);
  if (ended?.state !== 'done' || ended.counts.ended !== count)
    throw new Error(`the run ended as ${JSON.stringify({ ...ended, where: undefined })}`);
  return (1_000 * count) / ms;
}

/** Orders added where the bridge would, one by one at a steady rate. */
async function freshOrders({ redis, partitions }: RunParts, rate: number) {
  const queues = await openOrderQueues(redis, partitions, readConfig({}).jobs, () => {});
  let next = FIRST_FRESH;
  return {
    /** From added to done, ms, of every order added before `end` resolves. */
    async sendDuring(end: Promise<unknown>): Promise<number[]> {
      let isOver = false;
      const ended = end.finally(() => {
        isOver = true;
      });
      const began = performance.now();
      const sent: { key: string; adding: Promise<void> }[] = [];
      while (!isOver) {
        const { id, userId, data } = jobOf(next, { users: 10_000, days: 2 });
        next += 1;
        const partition = partitions.of(userId);
        sent.push({ key: queueKey(partition, id), adding: queues.add(partition, [{ id, data }]) });
        await delay(Math.max(0, began + (1_000 * sent.length) / rate - performance.now()));
      }
      await ended;
      return Promise.all(sent.map(({ key, adding }) => adding.then(() => waitOf(redis, key))));
    },
    close: () => queues.close(),
  };
}

async function waitOf(redis: Redis | Cluster, key: string): Promise<number> {
  for (;;) {
    const [added, done] = await redis.hmget(key, 'timestamp', 'finishedOn');
    if (done != null) return Number(done) - Number(added);
    await delay(100);
  }
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await what();
  return performance.now() - began;
}
