/**
 * Sets up what is missing, then runs the target in this very process: a signal sent to it reaches the target.
 *
 *   node scripts/launch.mjs dist/main.js [arguments]
 *   node scripts/launch.mjs scripts/demo.ts [arguments]
 *   node scripts/launch.mjs --tests [jest arguments]
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUp } from './setup.mjs';
import { exitWith, root, SetupFailure } from './steps.mjs';

const [target, ...args] = process.argv.slice(2);

if (target === undefined)
  exitWith(new SetupFailure('usage: node scripts/launch.mjs TARGET [arguments] | --tests'));
// The SDK's notice about Node 20 would be the first thing a new user reads. The README says what to run on.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
await setUp({ forTests: target === '--tests' }).catch(exitWith);
if (target === '--tests') runTests();
else await run(path.resolve(root, target));

async function run(file) {
  if (file.endsWith('.ts')) {
    const { register } = await import('tsx/esm/api');
    register();
  }
  process.argv = [process.execPath, file, ...args];
  await import(pathToFileURL(file).href);
}

/** A process of its own: jest loads modules as ESM only with a flag that cannot be set later. */
function runTests() {
  const options = [
    process.env.NODE_OPTIONS,
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
  ];
  const jest = spawn(process.execPath, [path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: options.filter(Boolean).join(' ') },
  });
  const passOn = (signal) => jest.kill(signal);
  process.on('SIGINT', passOn).on('SIGTERM', passOn);
  jest.on('error', exitWith);
  jest.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.off('SIGINT', passOn).off('SIGTERM', passOn);
    process.kill(process.pid, signal);
  });
}
