import type { Writable } from 'node:stream';
import { createLogger, format, type Logger, transports } from 'winston';
import { dailyLogFile } from './dailyLogFile.ts';
import { visible } from './visibleText.ts';

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** Folder of the daily files `YYYY-MM-DD.log`; undefined means none. */
  dir: string | undefined;
  retentionDays: number;
  /** Of the console; unset it is `text` on a terminal, else `json`. */
  format?: 'json' | 'text' | undefined;
  /** The console may show less than the files. */
  consoleLevel?: LogOptions['level'];
}

/** What waits to be written when a disk hangs; lines beyond it are left out. */
const MOST_BUFFERED = 8_388_608;

const filesOf = new WeakMap<Logger, Writable>();
const closing = new WeakSet<Logger>();

/**
 * Console for people, or for who collects what containers print; daily files as JSON lines. Neither ends the process: a
 * folder that cannot be written, or a disk that is full, is said once, and files go on when they can be written again.
 */
export function makeLogger(options: LogOptions): Logger {
  const { level, dir, retentionDays, consoleLevel = level } = options;
  const { format: shape = process.stdout.isTTY ? 'text' : 'json' } = options;
  const logger = createLogger({
    level,
    transports: [
      new transports.Console({ level: consoleLevel, format: shape === 'json' ? jsonLine : forPeople }),
    ],
  });
  outliveConsole();
  if (dir === undefined) return logger;
  const say = (message: string, details: object) => {
    // The last lines are written when the log takes no more.
    if (closing.has(logger)) console.error(message, details);
    else logger.warn(message, details);
  };
  const files = dailyLogFile({
    dir,
    retentionDays,
    onTrouble: (error) => say('log files cannot be written', { dir, error: error.message }),
    onRecovered: (lost) => say('log files are written again', { lost_lines: lost }),
  });
  const unlessFull = format((info) => (files.writableLength > MOST_BUFFERED ? false : info));
  logger.add(
    new transports.Stream({
      stream: files,
      format: format.combine(unlessFull(), jsonLine),
    }),
  );
  filesOf.set(logger, files);
  return logger;
}

/** Resolves when everything logged so far is written. */
export async function closeLogger(logger: Logger): Promise<void> {
  closing.add(logger);
  await new Promise<void>((resolve) => {
    logger.once('finish', () => resolve());
    logger.end();
  });
  const files = filesOf.get(logger);
  if (files) await new Promise<void>((resolve) => files.end(() => resolve()));
}

/** A pipe whose reader has gone, or a file on a full disk behind the console, would end the process otherwise. */
function outliveConsole(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  }
}
const ignore = () => {};

/** Where winston keeps a line as it will be written. */
const LINE = Symbol.for('message');

/** The one place that all JSON lines pass: whatever a client sent, it is in there by now. */
const visibleLine = format((info) => Object.assign(info, { [LINE]: visible(String(info[LINE])) }));

const jsonLine = format.combine(format.timestamp(), format.json(), visibleLine());

const forPeople = format.combine(
  format.timestamp(),
  format.printf(({ timestamp, level, message, ...details }) => {
    const fields = Object.entries(details).map(([name, value]) => `${name}=${show(value)}`);
    return visible([timestamp, level.toUpperCase().padEnd(5), message, ...fields].join(' '));
  }),
);

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(',');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  const text = String(value);
  // In quotes a backslash is doubled: what was sent as `\u001b` does not look like what was escaped.
  return /[\s"=\\]/.test(text) || text === '' ? JSON.stringify(text) : text;
}
