import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { DAY_MS } from './units.ts';

export interface DailyLogFileOptions {
  /** Made when it is missing, also later. */
  dir: string;
  /** Files of earlier days go when a new one begins. */
  retentionDays: number;
  /** A file cannot be written; called once until it can be again. */
  onTrouble: (error: Error) => void;
  /** It can be again; so many lines are in no file. */
  onRecovered: (lost: number) => void;
}

const NAME = /^(\d{4}-\d\d-\d\d)\.log$/;
/** A disk that is full is not tried for every line. */
const RETRY_MS = 1_000;
const LINE_FEED = 10;

/**
 * Takes lines and appends them to `YYYY-MM-DD.log`, by the day in UTC. It never fails: what cannot be written is lost
 * and counted, and writing goes on once there is room again.
 */
export function dailyLogFile({ dir, retentionDays, onTrouble, onRecovered }: DailyLogFileOptions): Writable {
  let file: { day: string; handle: FileHandle } | undefined;
  let lost = 0;
  let tryAgainAt = 0;

  const close = async () => {
    const { handle } = file ?? {};
    file = undefined;
    await handle?.close().catch(() => {});
  };

  const fileOf = async (day: string): Promise<FileHandle> => {
    if (file?.day === day) return file.handle;
    await close();
    await mkdir(dir, { recursive: true });
    const handle = await open(join(dir, `${day}.log`), 'a+');
    file = { day, handle };
    if (await endsMidLine(handle)) await handle.appendFile('\n');
    await dropOld(dir, retentionDays).catch(() => {});
    return handle;
  };

  const append = async (lines: readonly Buffer[]): Promise<void> => {
    if (lost > 0 && Date.now() < tryAgainAt) {
      lost += lines.length;
      return;
    }
    try {
      const handle = await fileOf(new Date().toISOString().slice(0, 10));
      await handle.appendFile(Buffer.concat(lines));
      const missing = lost;
      lost = 0;
      if (missing > 0) onRecovered(missing);
    } catch (error) {
      await close();
      tryAgainAt = Date.now() + RETRY_MS;
      const isNew = lost === 0;
      lost += lines.length;
      if (isNew) onTrouble(error as Error);
    }
  };

  return new Writable({
    writev(chunks, done) {
      append(chunks.map(({ chunk }) => chunk)).then(() => done());
    },
    final(done) {
      close().then(() => done());
    },
  });
}

/** A write that found no room, or a process that was killed, leaves the beginning of a line. */
async function endsMidLine(handle: FileHandle): Promise<boolean> {
  const stats = await handle.stat();
  if (!stats.isFile() || stats.size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, stats.size - 1);
  return last[0] !== LINE_FEED;
}

async function dropOld(dir: string, retentionDays: number): Promise<void> {
  const oldest = new Date(Date.now() - retentionDays * DAY_MS).toISOString().slice(0, 10);
  const old = (await readdir(dir)).filter((name) => (NAME.exec(name)?.[1] ?? oldest) < oldest);
  for (const name of old) await rm(join(dir, name), { force: true });
}
