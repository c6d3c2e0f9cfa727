import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build, isBuilt } from '../build.mjs';
import { freePort } from '../support/freePort.ts';
import { startBenchRedis } from './support/redisServer.ts';
import { median, printTable } from './support/table.ts';

const ROUNDS = 5;
const PROGRAM = path.resolve('dist/main.js');

/** What a role takes in memory once it is ready and idle, and how long the program needs to say how it is used. */
export async function run(): Promise<void> {
  if (!isBuilt()) await build();
  const redis = await startBenchRedis();
  try {
    const rows: string[][] = [];
    for (const role of ['all', 'bridge', 'worker', 'api']) {
      const rss: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) rss.push(await residentMemory(role, redis.url));
      rows.push([role, median(rss).toFixed(0)]);
    }
    printTable(`Idle roles, medians of ${ROUNDS}`, ['', 'resident MB'], rows);
  } finally {
    redis.stop();
  }
  const helps = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    spawnSync(process.execPath, [PROGRAM, '--help']);
    return performance.now() - started;
  });
  printTable(
    `--help, median of ${ROUNDS}`,
    ['', 'ms'],
    [['node dist/main.js --help', median(helps).toFixed(0)]],
  );
}

async function residentMemory(role: string, redisUrl: string): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-pipeline-roles-'));
  const [port, sqsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [PROGRAM, role], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      PORT: String(port),
      EMBEDDED_SQS_PORT: String(sqsPort),
      DATA_DIR: folder,
      LOG_DIR: '-',
    },
  });
  try {
    const ready = `http://127.0.0.1:${port}/health/ready`;
    while (
      !(await fetch(ready).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await delay(50);
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_024;
  } finally {
    child.kill();
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}
