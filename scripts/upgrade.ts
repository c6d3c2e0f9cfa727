/**
 * Two builds of the product side by side: an upgrade role by role while orders flow, and the way back.
 *
 *   npm run test:upgrade -- REVISION [--rate 100]
 *
 * REVISION is what runs now (a tag, a commit), the working tree what comes. Ends with 0 when every order counted once,
 * every refused one is kept, and the working tree verifies the stats.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startChild } from './bench/support/child.ts';
import { startBenchRedis } from './bench/support/redisServer.ts';
import { freePort } from './support/freePort.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const ROLES = ['worker', 'bridge', 'api'] as const;
type Role = (typeof ROLES)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '100' },
  },
});
const [revision] = positionals;
if (revision === undefined) {
  console.error('Name the revision that runs now: npm run test:upgrade -- v0.1.0');
  process.exit(2);
}

interface Build {
  name: string;
  main: string;
}

interface Running {
  build: Build;
  url: string;
  /** Resolves to its exit code once it has drained. */
  stop(): Promise<number | null>;
}

interface Sent {
  counted: { orders: number; cents: number };
  refused: Record<string, number>;
}

const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-upgrade-'));
const old = join(folder, 'now');
const redis = await startBenchRedis();
const sqs = await startChild(new URL('bench/support/sqsServer.ts', import.meta.url));
const children = new Set<() => void>();
let code = 1;
try {
  await run('git', ['worktree', 'add', '--detach', old, revision], { cwd: ROOT });
  await buildOf(old);
  await run(process.execPath, ['scripts/build.mjs'], { cwd: ROOT });
  code = await play(
    { name: revision, main: join(old, 'dist/main.js') },
    { name: 'the working tree', main: join(ROOT, 'dist/main.js') },
  );
} catch (error) {
  console.error(error);
} finally {
  for (const end of children) end();
  await sqs.kill();
  redis.stop();
  await run('git', ['worktree', 'remove', '--force', old], { cwd: ROOT }).catch(() => {});
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);

/** With the packages of this tree where they are the same, with its own otherwise. */
async function buildOf(tree: string): Promise<void> {
  const lock = (at: string) => run('git', ['hash-object', join(at, 'package-lock.json')], { cwd: ROOT });
  const [theirs, ours] = [await lock(tree), await lock(ROOT)];
  if (theirs.stdout === ours.stdout) symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  else await run('npm', ['ci', '--ignore-scripts'], { cwd: tree, maxBuffer: 1e8 });
  await run(process.execPath, ['scripts/build.mjs'], { cwd: tree });
}

async function play(now: Build, next: Build): Promise<number> {
  const { endpoint } = await sqs.ask<{ endpoint: string }>({ do: 'create', queue: 'orders' });
  const env = {
    PATH: process.env.PATH,
    REDIS_URL: redis.url,
    SQS_ENDPOINT: endpoint,
    QUEUE_NAME: 'orders',
    AWS_ACCESS_KEY_ID: 'rig',
    AWS_SECRET_ACCESS_KEY: 'rig',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    LOG_FORMAT: 'text',
    DATA_DIR: folder,
    LOG_DIR: join(folder, 'logs'),
  };

  const start = async (build: Build, role: Role): Promise<Running> => {
    const port = await freePort();
    const child = spawn(process.execPath, [build.main, role], {
      env: { ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = () => child.kill('SIGKILL');
    children.add(end);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-20_000);
      });
    }
    const exited = new Promise<number | null>((resolve) => {
      child.once('close', (exitCode) => {
        children.delete(end);
        resolve(exitCode);
      });
    });
    while (!/ INFO {2}ready\b/.test(output)) {
      if (child.exitCode !== null) throw new Error(`${build.name} as ${role} ended:\n${output}`);
      await delay(50);
    }
    return {
      build,
      url: `http://127.0.0.1:${port}`,
      stop() {
        child.kill('SIGTERM');
        return exited;
      },
    };
  };
  const command = async (build: Build, ...args: string[]) => {
    const { stdout } = await run(process.execPath, [build.main, ...args], { env, maxBuffer: 1e8 });
    return stdout;
  };
  const total = async (api: Running) =>
    (await (await fetch(`${api.url}/stats/global`)).json()) as {
      total_orders: number;
      total_revenue: number;
    };

  const running = new Map<Role, Running>();
  for (const role of ROLES) running.set(role, await start(now, role));
  // It sends until it is told to stop, and then says exactly what it sent.
  const sender = spawn(
    process.execPath,
    [next.main, 'send', '--json', '--count', '1000000', '--rate', values.rate].concat(
      '--invalid',
      '0.05',
      '--duplicates',
      '0.1',
      '--seed',
      '7',
    ),
    { env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const endSender = () => sender.kill('SIGKILL');
  children.add(endSender);
  const sent = text(sender.stdout);

  const roll = async (role: Role, to: Build): Promise<void> => {
    const leaving = running.get(role) as Running;
    const came = await start(to, role);
    await delay(2_000);
    if (role === 'api') {
      const [before, after] = [await total(leaving), await total(came)];
      console.log(`  both answer: ${before.total_orders} and ${after.total_orders} orders`);
    }
    const left = await leaving.stop();
    if (left !== 0) throw new Error(`${leaving.build.name} as ${role} ended with ${left}`);
    running.set(role, came);
    const orders = await growing(running.get('api') as Running);
    console.log(`✓ ${role}: from ${leaving.build.name} to ${to.name}, ${orders} orders so far`);
  };
  /** Orders have to flow between any two steps, or the step has shown nothing. */
  const growing = async (api: Running): Promise<number> => {
    const { total_orders: before } = await total(api);
    for (;;) {
      const { total_orders: orders } = await total(api);
      if (orders > before) return orders;
      await delay(50);
    }
  };
  const verified = (build: Build): Promise<string> =>
    command(build, 'verify').then(
      () => 'verifies the stats',
      (error: { stderr: string }) => {
        if (!error.stderr.startsWith('Unknown argument')) throw error;
        return 'has no command to verify with';
      },
    );
  for (const role of ROLES) await roll(role, next);
  for (const role of [...ROLES].reverse()) await roll(role, now);
  for (const role of ROLES) await roll(role, next);

  sender.kill('SIGINT');
  const { counted, refused }: Sent = JSON.parse(await sent);
  children.delete(endSender);
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const api = running.get('api') as Running;
  const began = Date.now();
  while ((await total(api)).total_orders < counted.orders && Date.now() - began < 60_000) await delay(100);
  const { total_orders: orders, total_revenue: revenue } = await total(api);
  const failed = (JSON.parse(await command(next, 'failed', 'export', '--json')) as unknown[]).length;
  console.log(
    `counted ${orders} of ${counted.orders}, worth ${revenue} of ${counted.cents / 100}; failed ${failed} of ${refusals}`,
  );
  console.log(`✓ ${next.name} ${await verified(next)}`);
  const complaints = await verified(now).catch(({ stdout }: { stdout: string }) =>
    stdout
      .split('\n')
      .filter((line) => line.includes('differs'))
      .join('\n'),
  );
  // What the next build lays out anew is not where the old one looks for it, until it runs again and makes its own.
  console.log(`  ${now.name}, which runs no more: ${complaints}`);
  return orders === counted.orders && revenue === counted.cents / 100 && failed === refusals ? 0 : 1;
}
