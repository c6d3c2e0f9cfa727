import { mkdirSync } from 'node:fs';
import { createLogger, format, type Logger, transports } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** Folder of the daily files `YYYY-MM-DD.log`. */
  dir: string;
  retentionDays: number;
  /** The console may show less than the files. */
  consoleLevel?: LogOptions['level'];
}

/** Console for people, daily files as JSON lines for everything else. A folder that cannot be written is said once. */
export function makeLogger({ level, dir, retentionDays, consoleLevel = level }: LogOptions): Logger {
  const logger = createLogger({
    level,
    transports: [new transports.Console({ level: consoleLevel, format: forPeople })],
  });
  try {
    mkdirSync(dir, { recursive: true });
    const file = new DailyRotateFile({
      dirname: dir,
      filename: '%DATE%.log',
      datePattern: 'YYYY-MM-DD',
      utc: true,
      maxFiles: `${retentionDays}d`,
      auditFile: `${dir}/.rotation.json`,
      format: format.combine(format.timestamp(), format.json()),
    });
    const complain = (error: unknown) => console.error(`log files: ${(error as Error).message}`);
    file.on('error', complain);
    // It keeps its stream's errors to itself, and one that nobody hears ends the process: a full disk would.
    file.logStream.on('error', complain);
    logger.add(file);
  } catch (error) {
    logger.warn('no log files: the folder cannot be written', { dir, error: (error as Error).message });
  }
  return logger;
}

/** Resolves when everything logged so far is written. */
export async function closeLogger(logger: Logger): Promise<void> {
  const files = logger.transports.filter((transport) => transport instanceof DailyRotateFile);
  await new Promise<void>((resolve) => {
    logger.once('finish', () => resolve());
    logger.end();
  });
  // A file counts as finished for winston once it was handed its lines, and the process may end before they are out.
  await Promise.all(files.map(closeFile));
}

function closeFile(file: DailyRotateFile): Promise<void> {
  return new Promise((resolve) => {
    file.once('finish', () => resolve());
    file.close?.();
  });
}

const forPeople = format.combine(
  format.timestamp(),
  format.printf(({ timestamp, level, message, ...details }) => {
    const fields = Object.entries(details).map(([name, value]) => `${name}=${show(value)}`);
    return [timestamp, level.toUpperCase().padEnd(5), message, ...fields].join(' ');
  }),
);

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(',');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  const text = String(value);
  return /[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text;
}
