import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closeLogger, type LogOptions, makeLogger } from '../../src/runtime/logger.ts';
import { until } from '../support/until.ts';

describe('the log', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'order-pipeline-logs-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** The console is checked by the process tests; here it would only fill the report. */
  const logger = (options: Partial<LogOptions> = {}) =>
    makeLogger({ level: 'info', dir, retentionDays: 14, consoleLevel: 'error', ...options });

  const logFiles = () => readdirSync(dir).filter((name) => name.endsWith('.log'));
  const today = () => new Date().toISOString().slice(0, 10);

  it('is a file a day, named by the day in UTC, of one JSON object a line', async () => {
    const before = today();
    const log = logger();
    log.info('first', { count: 1, nested: { a: 'ä\n' } });
    log.warn('second', { error: 'two\nlines' });
    await closeLogger(log);
    const [file = ''] = logFiles();
    expect([before, today()].map((day) => `${day}.log`)).toContain(file);
    const lines = readFileSync(join(dir, file), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', message: 'first', count: 1, nested: { a: 'ä\n' }, timestamp: expect.any(String) },
      { level: 'warn', message: 'second', error: 'two\nlines', timestamp: expect.any(String) },
    ]);
  });

  it('goes on in the same file after a restart', async () => {
    for (const message of ['before', 'after']) {
      const log = logger();
      log.info(message);
      await closeLogger(log);
    }
    const [file = ''] = logFiles();
    expect(readFileSync(join(dir, file), 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('holds nothing below its level', async () => {
    const log = logger({ level: 'warn' });
    log.info('quiet');
    log.warn('loud');
    await closeLogger(log);
    const [file = ''] = logFiles();
    const text = readFileSync(join(dir, file), 'utf8');
    expect(text).not.toContain('quiet');
    expect(text).toContain('loud');
  });

  it('makes its folder, parents included', async () => {
    const log = logger({ dir: join(dir, 'a', 'b') });
    log.info('here');
    await closeLogger(log);
    expect(readdirSync(join(dir, 'a', 'b'))).toContainEqual(expect.stringMatching(/^\d{4}-\d\d-\d\d\.log$/));
  });

  it('does without files when its folder cannot be made', async () => {
    const file = join(dir, 'a file');
    writeFileSync(file, '');
    const log = logger({ dir: join(file, 'logs') });
    log.info('still working');
    await closeLogger(log);
  });

  it('does without files when they cannot be written to', async () => {
    const oneDay = 86_400_000;
    for (const time of [Date.now(), Date.now() + oneDay]) {
      // A folder in the place of the file stops even a superuser from writing it.
      mkdirSync(join(dir, `${new Date(time).toISOString().slice(0, 10)}.log`));
    }
    const log = logger();
    log.info('still working');
    await closeLogger(log);
  });

  /** Today's file and tomorrow's: a test may run over midnight. */
  const places = () =>
    [Date.now(), Date.now() + 86_400_000].map((time) =>
      join(dir, `${new Date(time).toISOString().slice(0, 10)}.log`),
    );
  const messages = () =>
    logFiles().flatMap((file) =>
      readFileSync(join(dir, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    );

  it('goes on once a full disk has room again, and says how many lines it lost', async () => {
    for (const place of places()) symlinkSync('/dev/full', place);
    const log = logger();
    const warned: string[] = [];
    log.on('data', ({ level, message }) => level === 'warn' && warned.push(message));
    log.info('no room');
    // Only a line that was turned away makes the next be lost as well.
    await until(() => warned.length > 0, 'the full disk is noticed');
    for (const place of places()) rmSync(place, { force: true });
    await until(() => {
      log.info('again');
      return logFiles().length > 0 && messages().some(({ message }) => message.endsWith('written again'));
    }, 'lines are written again, and it is said');
    await closeLogger(log);
    const said = messages().filter(({ message }) => message.endsWith('written again'));
    expect(said).toEqual([expect.objectContaining({ level: 'warn', lost_lines: expect.any(Number) })]);
    expect(said[0].lost_lines).toBeGreaterThan(0);
  });

  it('begins a new line after one that found no room', async () => {
    for (const place of places()) writeFileSync(place, '{"message":"half a li');
    const log = logger();
    log.info('whole');
    await closeLogger(log);
    const texts = logFiles().map((file) => readFileSync(join(dir, file), 'utf8'));
    const [, line = ''] = (texts.find((text) => text.includes('whole')) ?? '').split('\n');
    expect(JSON.parse(line)).toMatchObject({ message: 'whole' });
  });

  it('goes on in a folder that was removed', async () => {
    const log = logger({ dir: join(dir, 'logs') });
    log.info('first');
    await until(() => readdirSync(dir).includes('logs'), 'the folder is there');
    await closeLogger(log);
    rmSync(join(dir, 'logs'), { recursive: true });
    const again = logger({ dir: join(dir, 'logs') });
    again.info('second');
    await closeLogger(again);
    expect(readdirSync(join(dir, 'logs'))).toHaveLength(1);
  });

  it('drops the files of days long ago, and nothing else', async () => {
    for (const name of ['2001-02-03.log', '2001-02-03.txt', 'notes.log']) writeFileSync(join(dir, name), '');
    const log = logger();
    log.info('here');
    await closeLogger(log);
    expect(readdirSync(dir)).not.toContain('2001-02-03.log');
    expect(readdirSync(dir)).toEqual(expect.arrayContaining(['2001-02-03.txt', 'notes.log']));
  });

  it('is no file at all without a folder', async () => {
    const log = logger({ dir: undefined });
    log.info('to the console only');
    await closeLogger(log);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('is closed only when everything is written', async () => {
    const log = logger();
    for (let line = 0; line < 5_000; line += 1) log.info('line', { line });
    await closeLogger(log);
    const [file = ''] = logFiles();
    expect(readFileSync(join(dir, file), 'utf8').trimEnd().split('\n')).toHaveLength(5_000);
  });
});
