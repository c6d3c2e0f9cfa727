/**
 * The tests on another Node, whose program comes from npm into .data/tools:
 *
 *   npm run test:node -- 24 [jest arguments]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { exitWith, root, runQuietly, SetupFailure, step } from './steps.mjs';

/** The oldest that is promised, and one of each line that is kept. */
const VERSIONS = { 20: '20.19.5', 22: '22.20.0', 24: '24.9.0' };

const [line, ...args] = process.argv.slice(2);
const version = VERSIONS[line];
if (version === undefined)
  exitWith(
    new SetupFailure(`usage: npm run test:node -- ${Object.keys(VERSIONS).join('|')} [jest arguments]`),
  );

const folder = path.join(root, '.data', 'tools', `node-${version}`);
const carrier = `node-${process.platform}-${process.arch}`;
const bin = path.join(folder, 'node_modules', carrier, 'bin');
if (!existsSync(path.join(bin, 'node'))) {
  mkdirSync(folder, { recursive: true });
  const install = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', `${carrier}@${version}`];
  await step(`Installing Node ${version}`, () => runQuietly('npm', install)).catch(exitWith);
}
// Whatever a test starts by name is of that Node as well.
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
const tests = spawn(path.join(bin, 'node'), [path.join(root, 'scripts', 'launch.mjs'), '--tests', ...args], {
  cwd: root,
  stdio: 'inherit',
  env,
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tests.kill(signal));
tests.on('error', exitWith);
tests.on('exit', (code) => process.exit(code ?? 1));
