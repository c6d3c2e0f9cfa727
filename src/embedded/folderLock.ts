import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const START_TIMEOUT_MS = 30_000;

/** Resolves to the release, once no other process of this folder is starting, joining or leaving `what`. */
export async function lockFolder(dir: string, what: string): Promise<() => void> {
  const path = join(dir, 'starting');
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (tryLock(path)) return () => rmSync(path, { force: true });
    await delay(20);
  }
  throw new Error(`another process has been starting or stopping ${what} for too long, see ${path}`);
}

/** A lock file holding our process id. */
function tryLock(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    try {
      writeFileSync(file, String(process.pid));
    } catch (error) {
      // A full disk makes an empty file, which would keep everybody out for as long as it looks new.
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isAbandoned(path)) rmSync(path, { force: true });
    return false;
  }
}

/** After a crash its process is gone, or has the id of another one by now, or never got to write it. */
function isAbandoned(path: string): boolean {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > 2 * START_TIMEOUT_MS) return true;
  const pid = Number(readIfThere(path));
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
