import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const LOCK = path.join(root, '.data', 'setup.lock');

/** A failure the user can act on: its message is shown without a stack. */
export class SetupFailure extends Error {}

export function exitWith(error) {
  console.error(error instanceof SetupFailure ? error.message : error);
  process.exit(1);
}

export const isEntryPoint = (moduleUrl) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);

export function onPath(command) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, command))
    .find(isExecutable);
}

/** On stderr, so that a script's own output can be piped. */
export async function step(title, work) {
  const startedAt = performance.now();
  process.stderr.write(`${title} ... `);
  try {
    await work();
  } catch (error) {
    process.stderr.write('failed\n');
    throw error;
  }
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

/** Signals are passed on: a child that outlived us would go on writing after our lock is gone. */
export function runQuietly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));

    let stoppedBy;
    const stop = (signal) => {
      stoppedBy = signal;
      child.kill(signal);
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);

    child.on('error', (cause) =>
      reject(new SetupFailure(`${command} cannot be run: ${cause.message}`, { cause })),
    );
    child.on('close', (code, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (stoppedBy) process.exit(128 + os.constants.signals[stoppedBy]);
      if (code === 0) return resolve();
      const text = Buffer.concat(output).toString().trim();
      reject(new SetupFailure(`${text}\n${path.basename(command)} failed (${signal ?? `exit ${code}`})`));
    });
  });
}

/**
 * One set-up at a time per checkout. The lock is a folder with one file in it, named after its owner's process
 * id. It is moved into place whole, and a rename replaces an empty folder but never a filled one, so there is
 * no moment at which two processes can both believe that they took over the lock of a dead one.
 */
export async function alone(work) {
  const mine = path.join(LOCK, String(process.pid));
  for (let told = false; !takeLock(); await sleep(100)) {
    const owner = liveOwner();
    if (owner === undefined || told) continue;
    told = true;
    console.error(`Waiting for process ${owner}, which is setting up here (if it is not, remove ${LOCK}).`);
  }
  const release = () => {
    rmSync(mine, { force: true });
    try {
      rmdirSync(LOCK);
    } catch {
      // The next owner moved in between the two calls: the folder is theirs now.
    }
  };
  process.on('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function takeLock() {
  if (liveOwner() !== undefined) return false;
  const draft = `${LOCK}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(path.join(draft, String(process.pid)), '');
  try {
    renameSync(draft, LOCK);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Clears the files of owners that are gone; our own id there is a leftover, as ids repeat in containers. */
function liveOwner() {
  for (const pid of entriesOf(LOCK)) {
    if (pid !== String(process.pid) && isAlive(Number(pid))) return pid;
    rmSync(path.join(LOCK, pid), { force: true });
  }
  return undefined;
}

function entriesOf(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
