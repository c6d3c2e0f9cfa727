import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { KeyStore } from '../../../src/access/keyStore.ts';
import type { Child } from '../support/child.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { inSurroundings, type Product, type Surroundings } from '../support/surroundings.ts';
import { median, percentile, printTable } from '../support/table.ts';
import type { WorkerRequest } from '../worker/contender.ts';
import { fillQueue } from '../worker/throughput.ts';
import type { Contender, ContenderRequest } from './contender.ts';
import { fillDays, fillUsers } from './fill.ts';
import { hasWrk, type LoadFigures, load } from './load.ts';
import type { PacedRequest } from './pacedReader.ts';

const CONNECTIONS = 32;
const FEW_USERS = 1_000;
const MANY_USERS = 1_000_000;
const TEN_YEARS = 3_652;
const TOP = '/stats/top-spenders?limit=10';
const ONE_DAY = '/stats/by-date?start_date=2025-06-15&end_date=2025-06-15';
const TEN_YEARS_RANGE = '/stats/by-date?start_date=2016-01-15&end_date=2025-12-15';

interface Options {
  rounds: number;
  seconds: number;
}

/** A process that answers, the path that is asked for, and how. */
interface Row {
  name: string;
  url: string;
  child: Child;
  users?: number;
  key?: string;
}

interface Figures extends LoadFigures {
  /** Of the process that answers. What is left to compare when the machine has other work too. */
  cpuPerRequest: number;
}

/**
 * What our routes cost beside an empty Express route and a bare http server, whether ranges and users make them
 * slower, how many trips equal reads take, and what a busy worker does to them. Every server in a process of its own.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
  });
  const options = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
  const [few, many] = [await startBenchRedis(), await startBenchRedis()];
  try {
    await Promise.all([fillUsers(few.client, FEW_USERS), fillUsers(many.client, MANY_USERS)]);
    await fillDays(few.client, TEN_YEARS);
    await inSurroundings(async (around) => {
      const [api, apiOfMany] = [
        await around.startProduct('api', { REDIS_URL: few.url }),
        await around.startProduct('api', { REDIS_URL: many.url }),
      ];
      const guarded = await around.startProduct('api', {
        REDIS_URL: few.url,
        STATS_API: 'keys',
        RATE_LIMIT_PER_KEY: '10000000',
      });
      const { key } = await new KeyStore(few.client).create({ name: 'bench', role: 'read' }, Date.now());
      await routes(around, api, { ...guarded, key }, options);
      await equalReads(api.url, few.client, options);
      await sizes(api, apiOfMany, options);
      await besideWorker(around, api.url, few.url);
    });
  } finally {
    few.stop();
    many.stop();
  }
}

async function routes(
  around: Surroundings,
  { url, child }: Product,
  guarded: Product & { key: string },
  options: Options,
): Promise<void> {
  const contender = async (name: Contender): Promise<Row> => {
    const child = await around.start(new URL('./contender.ts', import.meta.url));
    const at = await child.ask<string>({ do: 'start', contender: name } satisfies ContenderRequest);
    return { name, child, url: `${at}/` };
  };
  const express = await contender('empty Express route');
  const rows: Row[] = [
    await contender('bare http'),
    express,
    { name: 'user, always the same', child, url: `${url}/users/U1/stats` },
    ...(hasWrk ? [{ name: `user, ${FEW_USERS} in turn`, child, url, users: FEW_USERS }] : []),
    { name: 'global', child, url: `${url}/stats/global` },
    { ...guarded, name: 'global, with a key and its rate limit', url: `${guarded.url}/stats/global` },
    { name: 'top 10', child, url: `${url}${TOP}` },
  ];
  const figures = await measure(rows, CONNECTIONS, options);
  printTable(
    `Reads, ${CONNECTIONS} connections, ${hasWrk ? 'wrk' : 'autocannon'}, medians of ${options.rounds}`,
    ['', 'requests/s', '× empty Express', 'CPU µs/request', '× empty Express', 'p50 ms', 'p99 ms'],
    rows.map((row) => [
      row.name,
      of(figures, row, 'perSecond').toFixed(0),
      (of(figures, row, 'perSecond') / of(figures, express, 'perSecond')).toFixed(2),
      of(figures, row, 'cpuPerRequest').toFixed(0),
      (of(figures, express, 'cpuPerRequest') / of(figures, row, 'cpuPerRequest')).toFixed(2),
      of(figures, row, 'p50').toFixed(2),
      of(figures, row, 'p99').toFixed(2),
    ]),
  );
}

/** One connection: nothing is shared between requests, so each pays for its own read. */
async function sizes(few: Product, many: Product, options: Options): Promise<void> {
  const row = (name: string, { url, child }: Product, path: string): Row => ({
    name,
    child,
    url: `${url}${path}`,
  });
  const pairs: [Row, Row][] = [
    [row('by date, 1 day', few, ONE_DAY), row('by date, 10 years', few, TEN_YEARS_RANGE)],
    [row('top 10 of 1 k users', few, TOP), row('top 10 of 1 M users', many, TOP)],
  ];
  const figures = await measure(pairs.flat(), 1, options);
  const perSecond = (row: Row) => of(figures, row, 'perSecond');
  // By rate: autocannon tells percentiles in whole milliseconds, and these take none.
  printTable(
    'Range and users, one request after another',
    ['', 'ms/request', 'requests/s', '× slower'],
    pairs.flatMap(([small, large]) =>
      [small, large].map((row) => [
        row.name,
        (1_000 / perSecond(row)).toFixed(3),
        perSecond(row).toFixed(0),
        (perSecond(small) / perSecond(row)).toFixed(2),
      ]),
    ),
  );
}

async function equalReads(api: string, redis: Redis, { seconds }: Options): Promise<void> {
  await redis.config('RESETSTAT');
  const { requests } = await load({ url: `${api}/stats/global`, connections: CONNECTIONS, seconds });
  const [, calls] = /cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
  printTable(
    `Equal reads at once, ${CONNECTIONS} connections`,
    ['', 'requests', 'trips to Redis', 'requests per trip'],
    [['global', String(requests), String(calls), (requests / Number(calls)).toFixed(1)]],
  );
}

const PACED = { perSecond: 100, seconds: 8, paths: ['/users/U1/stats', '/stats/global', TOP, ONE_DAY] };
/** More than the worker can do meanwhile. */
const JOBS = 100_000;

async function besideWorker(around: Surroundings, api: string, redisUrl: string): Promise<void> {
  const reader = await around.start(new URL('./pacedReader.ts', import.meta.url));
  const read = () => reader.ask<number[]>({ url: api, ...PACED } satisfies PacedRequest);
  // Both ends warm up before they are measured.
  await read();
  const idle = await read();
  await fillQueue(redisUrl, { jobs: JOBS, users: 10_000, days: 2 });
  const worker = await around.start(new URL('../worker/contender.ts', import.meta.url));
  await worker.ask({
    do: 'go',
    contender: 'ours',
    env: { REDIS_URL: redisUrl },
    concurrency: 50,
  } satisfies WorkerRequest);
  await delay(1_000);
  const busy = await read();
  await worker.kill();
  const p99 = percentile(idle, 0.99);
  printTable(
    `${PACED.perSecond} reads/s beside the worker stage on the same Redis`,
    ['', 'p50 ms', 'p99 ms', '× idle p99'],
    [
      ['idle', ...shown(idle, p99)],
      ['worker flat out', ...shown(busy, p99)],
    ],
  );
}

const shown = (latencies: number[], idleP99: number): string[] => {
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  return [p50.toFixed(2), p99.toFixed(2), (p99 / idleP99).toFixed(2)];
};

/** Rounds over all rows, so that a slow moment of the machine is shared. The first is only to warm up. */
async function measure(
  rows: readonly Row[],
  connections: number,
  { rounds, seconds }: Options,
): Promise<Map<Row, Figures[]>> {
  const figures = new Map(rows.map((row) => [row, [] as Figures[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const row of rows) {
      const before = await cpuOf(row.child);
      const loaded = await load({ ...row, connections, seconds: round === 0 ? 1 : seconds });
      const cpuPerRequest = ((await cpuOf(row.child)) - before) / loaded.requests;
      if (round > 0) figures.get(row)?.push({ ...loaded, cpuPerRequest });
    }
  }
  return figures;
}

const cpuOf = async (child: Child): Promise<number> =>
  (await child.ask<{ cpuMicroseconds: number }>({ do: 'usage' })).cpuMicroseconds;

const of = (figures: Map<Row, Figures[]>, row: Row, name: keyof Figures): number =>
  median(figures.get(row)?.map((each) => each[name]) ?? []);
