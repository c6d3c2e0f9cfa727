/**
 * The tests on another Redis, which comes from Debian's archive into .data/tools and runs beside the machine's own:
 *
 *   npm run test:redis -- valkey8 [jest arguments]
 *
 * Needs root and debootstrap, on Linux.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exitWith, onPath, root, runQuietly, SetupFailure, step } from './steps.mjs';

/** What the archive calls it, of which release, and the programs in it. */
const SERVERS = {
  7: { release: 'bookworm', name: 'redis', package: 'redis-server,redis-sentinel' },
  8: { release: 'trixie', name: 'redis', package: 'redis-server,redis-sentinel' },
  valkey8: { release: 'trixie', name: 'valkey', package: 'valkey-server,valkey-sentinel' },
};
/** How Debian names them, and their program loaders. */
const PLATFORMS = { x64: ['x86_64', 'ld-linux-x86-64.so.2'], arm64: ['aarch64', 'ld-linux-aarch64.so.1'] };
/** Tests start them by the names of Redis. */
const PROGRAMS = ['server', 'cli', 'sentinel'];

const [asked, ...args] = process.argv.slice(2);
const server = SERVERS[asked];
if (server === undefined)
  exitWith(
    new SetupFailure(`usage: npm run test:redis -- ${Object.keys(SERVERS).join('|')} [jest arguments]`),
  );
if (!onPath('debootstrap'))
  exitWith(new SetupFailure('debootstrap is missing. Type: sudo apt-get install debootstrap'));

const folder = path.join(root, '.data', 'tools', `redis-${asked}`);
const system = path.join(folder, 'system');
const bin = path.join(folder, 'bin');
if (!existsSync(path.join(bin, 'redis-server'))) {
  mkdirSync(bin, { recursive: true });
  const args = ['--variant=minbase', `--include=${server.package}`, server.release, system];
  await step(`Installing ${asked}`, () => runQuietly('debootstrap', args)).catch(exitWith);
  const [architecture, loaderName] = PLATFORMS[process.arch];
  const libraries = path.join(system, 'usr', 'lib', `${architecture}-linux-gnu`);
  const loader = path.join(libraries, loaderName);
  for (const program of PROGRAMS) {
    const real = path.join(system, 'usr', 'bin', `${server.name}-${program}`);
    // It uses the libraries of its own release, and everything else of this machine.
    const lines = `#!/bin/sh\nexec "${loader}" --library-path "${libraries}" "${real}" "$@"\n`;
    writeFileSync(path.join(bin, `redis-${program}`), lines, { mode: 0o755 });
  }
}
process.env.PATH = `${bin}${path.delimiter}${process.env.PATH}`;
process.argv.splice(2, Number.POSITIVE_INFINITY, '--tests', ...args);
await import('./launch.mjs');
