import { readFileSync, statfsSync } from 'node:fs';

/** How an embedded Redis ended, from its log and its disk. */
export interface LastWords {
  /** Completes a sentence that begins with the server. */
  reason: string;
  lines: string[];
}

const DISK_FULL = 'the disk of DATA_DIR is full';
/** With less room Redis may start, and ends again at the first order. */
const LEAST_FREE_BYTES = 1 << 20;
const LINES = 6;

/** What a log says, and why that ended the server. The first that fits. */
const REASONS: readonly [RegExp, string][] = [
  [/No space left on device|Disk quota exceeded|Short write while writing to the AOF/, DISK_FULL],
  [/File too large/, 'a file in DATA_DIR has reached the limit for its size (ulimit -f)'],
  [
    /Bad file format reading the append only file/,
    'its append-only file is damaged: redis-check-aof --fix cuts the damage off',
  ],
  [/AOF write error|writing to the AOF file/, 'it could not write to its append-only file'],
  [/out of memory|OOM/i, 'it ran out of memory'],
  [/crashed by signal|REDIS BUG REPORT/i, 'it crashed'],
  [/User requested shutdown|bye bye/, 'somebody shut it down'],
];

const KILLED = 'it said nothing, as after kill -9 or when the system ran out of memory';

export function lastWords(dir: string, logFile: string): LastWords {
  const lines = sinceItsStart(logFile);
  const log = lines.join('\n');
  const known = REASONS.find(([pattern]) => pattern.test(log))?.[1];
  // The log is on the same disk: a full one takes no last words.
  const reason = known ?? (isDiskFull(dir) ? DISK_FULL : KILLED);
  return { reason, lines: lines.slice(-LINES) };
}

/** Throws, naming it, where Redis would only die again. */
export function refuseFullDisk(dir: string): void {
  if (isDiskFull(dir)) throw new Error(DISK_FULL);
}

/**
 * Whether the server cut the end off its file as it started: a write that was under way when it died. Nobody was told that
 * this was kept, as it answers after the write.
 */
export const hasCutOff = (logFile: string): boolean =>
  sinceItsStart(logFile).some((line) =>
    /Truncating the AOF|AOF loaded anyway because aof-load-truncated/.test(line),
  );

function isDiskFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < LEAST_FREE_BYTES;
  } catch {
    return false;
  }
}

/** What a server says at every start, and what is no reason for an end. */
const START = /Redis is starting|Valkey is starting/;
const NOISE = /Memory overcommit|overcommit_memory|Transparent Huge Pages/;

function sinceItsStart(logFile: string): string[] {
  let text = '';
  try {
    text = readFileSync(logFile, 'utf8');
  } catch {
    // Without a log there are no last words.
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line));
  return lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => START.test(line)),
    ),
  );
}
