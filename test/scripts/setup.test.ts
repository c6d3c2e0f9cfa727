import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { REDIS_PLACES as INSTALLS_NONE_FOR } from '../../scripts/setup.mjs';
import { REDIS_PLACES } from '../../src/config/redisPlace.ts';

const SCRIPTS = [
  'setup',
  'installRedis',
  'chromium',
  'promtool',
  'postgres',
  'helm',
  'systemPackage',
  'build',
  'pages',
  'steps',
  'launch',
];
const LOCK = { packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };

/** A checkout whose PATH has nothing but the stand-ins the test puts there. */
let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(path.join(os.tmpdir(), 'setup-'));
  chmodSync(checkout, 0o777);
  for (const name of SCRIPTS) cpSync(`scripts/${name}.mjs`, path.join(checkout, 'scripts', `${name}.mjs`));
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', JSON.stringify(LOCK));
  write('tsconfig.json', '{}');
  write('tsconfig.build.json', '{}');
  write('src/main.ts', 'export const version = 1;');
  write('src/stats/record/recordOrder.lua', 'return 1');
  write('bin/package.json', '{}');
  symlinkSync(process.execPath, path.join(checkout, 'bin', 'node'));
  standIn('npm', installing(LOCK));
  standIn('redis-server', '');
  standIn('helm', '');
});

afterEach(() => rmSync(checkout, { recursive: true, force: true }));

test('prepares a fresh clone, and leaves a prepared one alone', async () => {
  const first = await run('setup.mjs');
  expect(first).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^Installing packages .* s\nBuilding .* s\n$/),
  });
  expect(readdirSync(path.join(checkout, 'dist')).sort()).toEqual(['.sources', 'main.js', 'stats']);
  expect(existsSync(path.join(checkout, 'dist/stats/record/recordOrder.lua'))).toBe(true);
  expect(readdirSync(path.join(checkout, '.data'))).toEqual([]);

  expect(await run('setup.mjs')).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('installs again when the lock file changed', async () => {
  await run('setup.mjs');
  const changed = { packages: { '': {}, 'node_modules/a': { version: '1.0.1', integrity: 'sha512-b' } } };
  write('package-lock.json', JSON.stringify(changed));
  standIn('npm', installing(changed));
  await run('setup.mjs', '--only', 'dependencies');
  await run('setup.mjs', '--only', 'dependencies');
  expect(calls('npm')).toHaveLength(2);
});

test('takes packages that npm installed by itself for what they are', async () => {
  write('node_modules/.package-lock.json', JSON.stringify(LOCK));
  await run('setup.mjs', '--only', 'dependencies');
  expect(calls('npm')).toEqual([]);
});

test('installs what an installation without development packages left out', async () => {
  write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
  await run('setup.mjs', '--only', 'dependencies');
  expect(calls('npm')).toEqual([expect.stringMatching(/^ci --include=dev /)]);
});

test('builds again when a source changed, appeared or went', async () => {
  await run('setup.mjs');
  write('src/more.ts', 'export const more = 1;');
  expect((await run('setup.mjs')).stderr).toMatch(/^Building/);
  rmSync(path.join(checkout, 'src/more.ts'));
  expect((await run('setup.mjs')).stderr).toMatch(/^Building/);
  expect(existsSync(path.join(checkout, 'dist/more.js'))).toBe(false);
  expect((await run('setup.mjs')).stderr).toBe('');
});

test('keeps the last good build when the compiler refuses', async () => {
  await run('setup.mjs');
  write('src/main.ts', 'broken');
  const { status, stderr } = await run('setup.mjs');
  expect(status).toBe(1);
  expect(stderr).toContain('main.ts is broken');
  expect(existsSync(path.join(checkout, 'dist/main.js'))).toBe(true);
});

test('bundles a page of its sources, and does so again when one of them changed', async () => {
  writePage("import { word } from '../kit/word.ts';\ndocument.title = word;", 'first');
  await run('setup.mjs');
  const built = (name: string) => readFileSync(path.join(checkout, 'dist/web/desk', name), 'utf8');
  expect(built('desk.html')).toBe('<!doctype html>');
  expect(built('desk.css')).toContain('red');
  expect(built('desk.js')).toContain('first');
  expect(readdirSync(path.join(checkout, 'dist/web'))).toEqual(['desk']);
  expect((await run('setup.mjs')).stderr).toBe('');
  write('src/web/kit/word.ts', "export const word: string = 'second';");
  expect((await run('setup.mjs')).stderr).toMatch(/^Building/);
  expect(built('desk.js')).toContain('second');
});

test('keeps the last good build when a page cannot be bundled, and says what is missing', async () => {
  await run('setup.mjs');
  writePage("import '../kit/nowhere.ts';", 'first');
  const { status, stderr } = await run('setup.mjs');
  expect(status).toBe(1);
  expect(stderr).toContain('desk/desk.ts:1:7: ERROR: Could not resolve "../kit/nowhere.ts"');
  expect(readdirSync(path.join(checkout, 'dist')).sort()).toEqual(['.sources', 'main.js', 'stats']);
});

test('shows what npm said when it fails', async () => {
  standIn('npm', "console.error('no such package'); process.exit(7);");
  const { status, stderr } = await run('setup.mjs');
  expect(status).toBe(1);
  expect(stderr).toBe('Installing packages ... failed\nno such package\nnpm failed (exit 7)\n');
});

test('does the work once when two start together', async () => {
  const both = await Promise.all([run('setup.mjs'), run('setup.mjs')]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(calls('npm')).toHaveLength(1);
});

test('takes over from a set-up that was killed', async () => {
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => gone.on('exit', resolve));
  write(`.data/setup.lock/${gone.pid}`, '');
  expect((await run('setup.mjs')).status).toBe(0);
});

test('installs Redis when there is none', async () => {
  rmSync(path.join(checkout, 'bin/redis-server'));
  standIn(
    'brew',
    `require('node:fs').writeFileSync(${JSON.stringify(path.join(checkout, 'bin/redis-server'))}, '', {mode: 0o755});`,
  );
  expect((await run('setup.mjs')).stderr).toMatch(/^Installing Redis .* s\n/);
  expect(calls('brew')).toEqual(['install redis']);
});

test('needs no Redis here when the environment names another', async () => {
  rmSync(path.join(checkout, 'bin/redis-server'));
  expect((await run('setup.mjs', { env: { REDIS_URL: 'redis://elsewhere' } })).status).toBe(0);
});

test('says what to do when Redis cannot be installed', async () => {
  rmSync(path.join(checkout, 'bin/redis-server'));
  const { status, stderr } = await run('setup.mjs');
  expect(status).toBe(1);
  expect(stderr.split('\n')[1]).toMatch(/neither redis-server nor valkey-server .* REDIS_URL/i);
});

test('says what to type when installing Redis takes root', async () => {
  rmSync(path.join(checkout, 'bin/redis-server'));
  standIn('apk', '');
  const { status, stderr } = await run('setup.mjs', { asNobody: true });
  expect(status).toBe(1);
  expect(stderr.split('\n')[1]).toBe(
    'Redis is missing, and installing it takes root. Type: sudo apk add redis',
  );
  expect(calls('apk')).toEqual([]);
});

test('installs Chromium and promtool for the tests, and for them alone', async () => {
  const bin = JSON.stringify(path.join(checkout, 'bin'));
  const installs = `const name = { chromium: 'chromium', prometheus: 'promtool', 'postgresql@17': 'initdb' }[process.argv.at(-1)];
    fs.writeFileSync(require('node:path').join(${bin}, name), '', { mode: 0o755 });`;
  standIn('brew', installs);
  await run('setup.mjs');
  expect(calls('brew')).toEqual([]);
  for (let i = 0; i < 2; i += 1) await run('launch.mjs', '--tests');
  // Where PostgreSQL is kept off the PATH, it may be on this machine.
  const installed = calls('brew').filter((call) => !call.includes('postgresql'));
  expect(installed).toEqual(['install --cask chromium', 'install prometheus']);
});

test('runs the tests without Chromium and promtool, having said what to type', async () => {
  standIn('apk', 'process.exit(1)');
  write('node_modules/jest/bin/jest.js', "console.log('the tests run')");
  const { status, stdout, stderr } = await run('launch.mjs', '--tests');
  expect([status, stdout]).toEqual([0, 'the tests run\n']);
  expect(stderr).toContain('Type: sudo apk add chromium\n');
  expect(stderr).toContain('Type: sudo apk add prometheus\n');
});

test('runs the target in its own process, with the arguments meant for it', async () => {
  write('src/main.ts', 'console.log(JSON.stringify([process.pid, ...process.argv.slice(1)]));');
  const { stdout, pid } = await run('launch.mjs', 'dist/main.js', 'worker', '--fast');
  expect(JSON.parse(stdout)).toEqual([pid, path.join(checkout, 'dist/main.js'), 'worker', '--fast']);
});

test('lets a signal reach the target', async () => {
  write(
    'src/main.ts',
    "process.on('SIGTERM', () => process.exit(42)); setInterval(() => {}, 1e6); console.log('up');",
  );
  const { status } = await run('launch.mjs', 'dist/main.js', { stopAt: 'up' });
  expect(status).toBe(42);
});

test('stops npm when it is stopped, and frees the way for the next', async () => {
  const stopsItsParent = `
    process.on('SIGTERM', () => { record('stopped'); process.exit(1); });
    setInterval(() => {}, 1e6);
    process.kill(process.ppid, 'SIGTERM');`;
  standIn('npm', stopsItsParent);
  expect((await run('setup.mjs')).status).toBe(128 + os.constants.signals.SIGTERM);
  expect(calls('npm')).toContain('stopped');
  expect(readdirSync(path.join(checkout, '.data'))).toEqual([]);
});

function write(name: string, content: string) {
  const file = path.join(checkout, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** A page with a script of its own; the bundler is the real one. */
function writePage(script: string, word: string) {
  write('src/web/kit/word.ts', `export const word: string = '${word}';`);
  write('src/web/desk/desk.html', '<!doctype html>');
  write('src/web/desk/desk.css', 'p { color: red; }');
  write('src/web/desk/desk.ts', script);
  mkdirSync(path.join(checkout, 'node_modules'), { recursive: true });
  symlinkSync(path.resolve('node_modules/esbuild'), path.join(checkout, 'node_modules/esbuild'));
}

/** A command that notes its arguments and then runs `script`. */
function standIn(command: string, script: string) {
  const log = JSON.stringify(path.join(checkout, `${command}.calls`));
  const record = `const record = (text) => fs.appendFileSync(${log}, text + require('node:os').EOL);`;
  const lines = [`#!${process.execPath}`, "const fs = require('node:fs');", record];
  write(`bin/${command}`, [...lines, "record(process.argv.slice(2).join(' '));", script].join('\n'));
  chmodSync(path.join(checkout, 'bin', command), 0o755);
}

function calls(command: string): string[] {
  const log = path.join(checkout, `${command}.calls`);
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}

/** What `npm ci` leaves behind, with a compiler that renames and refuses what begins with "broken". */
function installing(lock: object) {
  const compiler = `
    const fs = require('node:fs');
    const out = process.argv[process.argv.indexOf('--outDir') + 1];
    fs.mkdirSync(out, { recursive: true });
    for (const name of fs.readdirSync('src').filter((each) => each.endsWith('.ts'))) {
      const source = fs.readFileSync('src/' + name, 'utf8');
      if (source.startsWith('broken')) { console.error(name + ' is broken'); process.exit(2); }
      fs.writeFileSync(out + '/' + name.replace('.ts', '.js'), source);
    }`;
  return `
    fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
    fs.writeFileSync('node_modules/typescript/package.json', '{}');
    fs.writeFileSync('node_modules/typescript/bin/tsc', ${JSON.stringify(compiler)});
    fs.writeFileSync('node_modules/.package-lock.json', ${JSON.stringify(JSON.stringify(lock))});`;
}

type Options = { asNobody?: true; stopAt?: string; env?: Record<string, string> };

async function run(script: string, ...rest: (string | Options)[]) {
  const args = rest.filter((each) => typeof each === 'string');
  const options = rest.find((each) => typeof each === 'object') ?? {};
  const child = spawn(process.execPath, [path.join(checkout, 'scripts', script), ...args], {
    env: { PATH: path.join(checkout, 'bin'), ...options.env },
    ...(options.asNobody && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk) => {
      output[stream] += chunk;
      if (options.stopAt && output[stream].includes(options.stopAt)) child.kill('SIGTERM');
    });
  }
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, pid: child.pid, ...output };
}

test('installs no Redis for exactly the variables that lead the product to one', () => {
  expect(INSTALLS_NONE_FOR).toEqual(REDIS_PLACES);
});
