import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { startBenchRedis } from '../support/redisServer.ts';
import { inSurroundings, type Surroundings } from '../support/surroundings.ts';
import { median, percentile, printTable } from '../support/table.ts';
import type { WorkerRequest } from '../worker/contender.ts';
import { fillQueue } from '../worker/throughput.ts';
import type { ContenderRequest } from './contender.ts';
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
  users?: number;
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
      await routes(around, api.url, options);
      await equalReads(api.url, few.client, options);
      await sizes(api.url, apiOfMany.url, options);
      await besideWorker(around, api.url, few.url);
    });
  } finally {
    few.stop();
    many.stop();
  }
}

async function routes(around: Surroundings, api: string, options: Options): Promise<void> {
  const contender = async (name: ContenderRequest): Promise<Row> => {
    const child = await around.start(new URL('./contender.ts', import.meta.url));
    return { name, url: `${await child.ask<string>(name)}/` };
  };
  const express = await contender('empty Express route');
  const rows: Row[] = [
    await contender('bare http'),
    express,
    { name: 'user, always the same', url: `${api}/users/U1/stats` },
    ...(hasWrk ? [{ name: `user, ${FEW_USERS} in turn`, url: api, users: FEW_USERS }] : []),
    { name: 'global', url: `${api}/stats/global` },
    { name: 'top 10', url: `${api}${TOP}` },
  ];
  const figures = await measure(rows, CONNECTIONS, options);
  const base = median(figures.get(express)?.map(({ perSecond }) => perSecond) ?? []);
  printTable(
    `Reads, ${CONNECTIONS} connections, ${hasWrk ? 'wrk' : 'autocannon'}, medians of ${options.rounds}`,
    ['', 'requests/s', '× empty Express', 'p50 ms', 'p99 ms'],
    rows.map((row) => {
      const perSecond = of(figures, row, 'perSecond');
      return [
        row.name,
        perSecond.toFixed(0),
        (perSecond / base).toFixed(2),
        of(figures, row, 'p50').toFixed(2),
        of(figures, row, 'p99').toFixed(2),
      ];
    }),
  );
}

/** One connection: nothing is shared between requests, so each pays for its own read. */
async function sizes(api: string, apiOfMany: string, options: Options): Promise<void> {
  const pairs: [Row, Row][] = [
    [
      { name: 'by date, 1 day', url: `${api}${ONE_DAY}` },
      { name: 'by date, 10 years', url: `${api}${TEN_YEARS_RANGE}` },
    ],
    [
      { name: 'top 10 of 1 k users', url: `${api}${TOP}` },
      { name: 'top 10 of 1 M users', url: `${apiOfMany}${TOP}` },
    ],
  ];
  const figures = await measure(pairs.flat(), 1, options);
  printTable(
    'Range and users, one request after another',
    ['', 'p50 ms', 'requests/s', '× slower'],
    pairs.flatMap(([small, large]) =>
      [small, large].map((row) => [
        row.name,
        of(figures, row, 'p50').toFixed(3),
        of(figures, row, 'perSecond').toFixed(0),
        (of(figures, small, 'perSecond') / of(figures, row, 'perSecond')).toFixed(2),
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
): Promise<Map<Row, LoadFigures[]>> {
  const figures = new Map(rows.map((row) => [row, [] as LoadFigures[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const row of rows) {
      const loaded = await load({
        url: row.url,
        connections,
        seconds: round === 0 ? 1 : seconds,
        ...(row.users === undefined ? {} : { users: row.users }),
      });
      if (round > 0) figures.get(row)?.push(loaded);
    }
  }
  return figures;
}

const of = (figures: Map<Row, LoadFigures[]>, row: Row, name: keyof LoadFigures): number =>
  median(figures.get(row)?.map((each) => each[name]) ?? []);
