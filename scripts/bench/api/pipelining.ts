import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Child } from '../support/child.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { inSurroundings } from '../support/surroundings.ts';
import { printTable } from '../support/table.ts';
import type { Contender, ContenderRequest } from './contender.ts';
import { fillUsers } from './fill.ts';

const TOP = '/stats/top-spenders?limit=1000';
const LOOK_EVERY_MS = 100;
const LIVE_WITHIN_MS = 30_000;

interface Flood {
  sockets: number;
  requests: number;
  seconds: number;
}

interface Figures {
  before: number;
  most: number;
  longestSilence: number;
}

/**
 * What requests do that are sent without reading any answer: to the memory of the process, and to whoever asks on a
 * connection of their own meanwhile. Beside a bare Express route that answers as much.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      sockets: { type: 'string', default: '20' },
      requests: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const flood = {
    sockets: Number(values.sockets),
    requests: Number(values.requests),
    seconds: Number(values.seconds),
  };
  const redis = await startBenchRedis();
  try {
    await fillUsers(redis.client, 1_000);
    await inSurroundings(async (around) => {
      const ours = await around.startProduct('api', { REDIS_URL: redis.url });
      const length = (await (await fetch(`${ours.url}${TOP}`)).arrayBuffer()).byteLength;
      const bare = await around.start(new URL('./contender.ts', import.meta.url));
      const contender: Contender = 'Express route of some length';
      const at = await bare.ask<string>({ do: 'start', contender, length } satisfies ContenderRequest);
      const rows: [string, Figures][] = [
        ['bare Express', await measure(bare, `${at}/`, `${at}/live`, flood)],
        ['ours', await measure(ours.child, `${ours.url}${TOP}`, `${ours.url}/health/live`, flood)],
      ];
      printTable(
        `${flood.sockets} connections × ${flood.requests} GETs of ${Math.round(length / 1_000)} kB that nobody reads`,
        ['', 'RSS before, MB', 'RSS at most, MB', 'silent for at most, s'],
        rows.map(([name, { before, most, longestSilence }]) => [
          name,
          megabytes(before),
          megabytes(most),
          (longestSilence / 1_000).toFixed(2),
        ]),
      );
    });
  } finally {
    redis.stop();
  }
}

async function measure(child: Child, url: string, live: string, flood: Flood): Promise<Figures> {
  const rss = async () => (await child.ask<{ rss: number }>({ do: 'usage' })).rss;
  await isAlive(live);
  const before = await rss();
  const sockets = Array.from({ length: flood.sockets }, () => unread(url, flood.requests));
  const until = performance.now() + flood.seconds * 1_000;
  let [most, longestSilence, heard] = [before, 0, performance.now()];
  while (performance.now() < until) {
    const answered = await isAlive(live);
    longestSilence = Math.max(longestSilence, performance.now() - heard);
    if (answered) heard = performance.now();
    most = Math.max(most, await rss());
    await delay(LOOK_EVERY_MS);
  }
  for (const socket of sockets) socket.destroy();
  return { before, most, longestSilence };
}

function unread(url: string, requests: number): Socket {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.pause();
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`.repeat(requests));
  return socket;
}

async function isAlive(url: string): Promise<boolean> {
  const asked = { headers: { connection: 'close' }, signal: AbortSignal.timeout(LIVE_WITHIN_MS) };
  return fetch(url, asked).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);
