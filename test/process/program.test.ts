import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build, isBuilt } from '../../scripts/build.mjs';
import { COMMANDS } from '../../src/cli/program.ts';
import { ROLES } from '../../src/config/roles.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
}

/** package.json, dist and what `npm ci --omit=dev` installs, as the lock file says: what the image holds. */
function shippedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-shipped-'));
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  for (const [place, { dev, devOptional }] of Object.entries(packages)) {
    // Nested ones come with the package around them.
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(place) || dev || devOptional) continue;
    if (!existsSync(join(ROOT, place))) continue;
    mkdirSync(join(folder, place, '..'), { recursive: true });
    symlinkSync(join(ROOT, place), join(folder, place));
  }
  return folder;
}

describe('the program, in a folder of package.json, dist and production packages alone', () => {
  let folder: string;
  let redis: TestRedis;
  beforeAll(async () => {
    if (!isBuilt()) await build();
    folder = shippedFolder();
    redis = await startTestRedis();
  });
  afterAll(async () => {
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(args: string[], env: Record<string, string> = {}) {
    // Without --preserve-symlinks packages would find their like beside the originals, development ones included.
    const flags = ['--preserve-symlinks', '--preserve-symlinks-main'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, 'dist/main.js', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        REDIS_URL: redis.url,
        ...env,
      },
    });
    return { status, stdout, stderr };
  }

  it('tells its version, and lists every role and command', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const { status, stdout } = run(['--help']);
    expect(status).toBe(0);
    for (const name of [...Object.keys(ROLES), ...COMMANDS.map((command) => command.name)]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
  });

  it.each([...Object.keys(ROLES), ...COMMANDS.map(({ name }) => name)])(
    '%s has a help with an example',
    (name) => {
      const { status, stdout, stderr } = run([name, '--help']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^  order-pipeline ${name}`, 'm'));
    },
  );

  it.each([[['nothing']], [['worker', 'bridge']], [['keys', 'list', '--jsno']], [['verify', 'all']]])(
    'ends with 2 and prints no result for %j',
    (args) => {
      const { status, stdout, stderr } = run(args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).not.toBe('');
    },
  );

  it('tells a role from the command of its name by what stands behind it', () => {
    const both = Object.keys(ROLES).filter((name) => COMMANDS.some((command) => command.name === name));
    for (const name of both) {
      expect(run([name, '--help']).stdout).toMatch(
        new RegExp(`^  order-pipeline ${name}$[^]*${name} COMMAND`, 'm'),
      );
    }
    expect(run(['quality', 'groups', '--json'])).toMatchObject({ status: 0, stderr: '' });
    expect(run(['quality', 'reset', '--help']).stdout).toContain('order-pipeline quality groups');
    for (const help of [run(['quality', '--help']), run(['quality', 'groups', '--help'])])
      for (const [use, does] of COMMANDS.find(({ name }) => name === 'quality')?.commands ?? [])
        expect(help.stdout.split(/\n| {2,}/)).toEqual(expect.arrayContaining([use, does]));
    expect(run(['quality', 'constructor'])).toMatchObject({ status: 2, stdout: '' });
    expect(run(['worker', 'groups'])).toMatchObject({ status: 2, stdout: '' });
  });

  it('makes a key in production without asking who may read the stats, and knows it again', () => {
    const env = { NODE_ENV: 'production' };
    const made = run(['keys', 'create', '--name', 'shop', '--role', 'read', '--json'], env);
    expect({ status: made.status, stderr: made.stderr }).toEqual({ status: 0, stderr: '' });
    const { id, key } = JSON.parse(made.stdout) as { id: string; key: string };
    expect(key).toMatch(/^op_/);
    const listed = JSON.parse(run(['keys', 'list', '--json'], env).stdout) as object[];
    expect(listed).toEqual([expect.objectContaining({ id, name: 'shop', role: 'read', state: 'good' })]);
  });

  it('sends nothing but data to stdout with --json', () => {
    const sent = run(['send', '--dry-run', '--count', '20', '--seed', '7', '--json']);
    expect(JSON.parse(sent.stdout)).toMatchObject({ messages: 21, seed: 7 });
    expect(JSON.parse(run(['concurrency', '12', '--json']).stdout)).toEqual({ concurrency: 12 });
    expect(JSON.parse(run(['concurrency', 'reset', '--json']).stdout)).toEqual({ concurrency: null });
    expect(run(['audit', '--json'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('says in one line that there are no stats to verify, nor failed orders to retry', () => {
    for (const args of [['verify'], ['failed', 'retry']]) {
      const { status, stdout, stderr } = run(args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^the Redis at .* holds no stats of this product\n$/);
    }
  });
});
