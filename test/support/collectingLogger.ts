import { Writable } from 'node:stream';
import { createLogger, format, type Logger, transports } from 'winston';

/** A logger of every level that keeps its lines, each as the JSON that a log file would hold. */
export function collectingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk).trimEnd());
      done();
    },
  });
  const logger = createLogger({
    level: 'debug',
    format: format.json(),
    transports: [new transports.Stream({ stream })],
  });
  return { logger, lines };
}
