/**
 * Everything a fresh clone needs before it can run: packages, Redis, the build. What is there already is left
 * alone, so this runs before every start. Built-in modules only: it runs before node_modules exists.
 *
 *   node scripts/setup.mjs                       everything
 *   node scripts/setup.mjs --only dependencies   the packages alone
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, isBuilt } from './build.mjs';
import { installChromium, isChromiumInstalled } from './chromium.mjs';
import { installHelm, isHelmInstalled } from './helm.mjs';
import { installRedis, isRedisInstalled } from './installRedis.mjs';
import { installPostgres, isPostgresInstalled } from './postgres.mjs';
import { installPromtool, isPromtoolInstalled } from './promtool.mjs';
import { alone, exitWith, isEntryPoint, root, runQuietly, SetupFailure, step } from './steps.mjs';

const OLDEST_NODE = '20.19.0';

// Redis comes first: it is the only step that may have to ask something of the user.
const redis = { title: 'Installing Redis', isDone: isRedisInstalled, run: installRedis };
const chromium = { title: 'Installing Chromium', isDone: isChromiumInstalled, run: orGoOn(installChromium) };
const postgres = {
  title: 'Installing PostgreSQL',
  isDone: isPostgresInstalled,
  run: orGoOn(installPostgres),
};
const promtool = { title: 'Installing promtool', isDone: isPromtoolInstalled, run: orGoOn(installPromtool) };
const helm = { title: 'Installing helm', isDone: isHelmInstalled, run: orGoOn(installHelm) };
const packages = { title: 'Installing packages', isDone: arePackagesInstalled, run: installPackages };
const product = { title: 'Building', isDone: isBuilt, run: build };

/** `forTests`: with a browser, PostgreSQL, promtool and helm, and with Redis even when the environment names another, as the tests start their own. */
export async function setUp({ only, forTests = false } = {}) {
  refuseOldNode();
  const all = [
    ...(forTests || !namesARedis(process.env) ? [redis] : []),
    ...(forTests ? [chromium, postgres, promtool] : []),
    packages,
    // With what is among the packages.
    ...(forTests ? [helm] : []),
    product,
  ];
  const steps = only === 'dependencies' ? [packages] : all;
  if (steps.every((each) => each.isDone())) return;
  await alone(async () => {
    for (const { title, isDone, run } of steps) {
      if (!isDone()) await step(title, run);
    }
  });
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupFailure(`Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}.`);
}

/** As src/config/redisPlace.ts has them: a test holds the two together, because this runs before there is a compiler. */
export const REDIS_PLACES = [
  'REDIS_URL',
  'REDIS_HOST',
  'REDIS_PORT',
  'REDIS_CLUSTER_NODES',
  'REDIS_SENTINELS',
];

function namesARedis(environment) {
  return REDIS_PLACES.some((name) => environment[name]);
}

/** Without it only the tests that use it fail, each saying what to do: no reason to keep anybody from the others. */
function orGoOn(install) {
  return () =>
    install().catch((error) => {
      if (!(error instanceof SetupFailure)) throw error;
      console.error(`failed\n${error.message}`);
    });
}

/**
 * Our own stamp, or npm's record of what it installed: an image build runs `npm ci` by itself, without a stamp.
 * The stamp is still needed, because under some npm settings the record never matches the lock file.
 */
function arePackagesInstalled() {
  return readOr('', stampFile()) === lockHash() || npmInstalledTheLock();
}

async function installPackages() {
  rmSync(stampFile(), { force: true });
  // NODE_ENV=production would leave out the compiler that the build needs.
  await runQuietly('npm', [
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  writeFileSync(stampFile(), lockHash());
}

function npmInstalledTheLock() {
  const locked = JSON.parse(readFileSync(lockFile(), 'utf8')).packages;
  const installed = JSON.parse(readOr('{}', path.join(root, 'node_modules', '.package-lock.json'))).packages;
  if (installed === undefined) return false;
  const isRight = ([folder, wanted]) => {
    const found = installed[folder];
    // Packages for other platforms are locked as optional and never installed here.
    if (found === undefined) return folder === '' || wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  };
  return Object.entries(locked).every(isRight) && Object.keys(installed).every((folder) => folder in locked);
}

function lockHash() {
  return createHash('sha256').update(readFileSync(lockFile())).digest('hex');
}

function lockFile() {
  return path.join(root, 'package-lock.json');
}

function stampFile() {
  return path.join(root, 'node_modules', '.setup-stamp');
}

function readOr(fallback, file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  }
}

if (isEntryPoint(import.meta.url)) {
  const [option, value] = process.argv.slice(2);
  if (option !== undefined && (option !== '--only' || value !== 'dependencies')) {
    exitWith(new SetupFailure('usage: node scripts/setup.mjs [--only dependencies]'));
  }
  await setUp({ only: value }).catch(exitWith);
}
