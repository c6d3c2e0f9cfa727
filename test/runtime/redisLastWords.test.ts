import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lastWords } from '../../src/embedded/redisLastWords.ts';

const START = '7:C 26 Nov 2026 00:21:53.449 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo';
const OVERCOMMIT =
  '7:M # WARNING Memory overcommit must be enabled! it can can also cause failures without low memory';

describe('the last words of Redis', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'order-pipeline-words-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  // As Redis 7.0 wrote them, on a disk that was full, and when it was ended in other ways.
  it.each([
    [
      'the disk of DATA_DIR is full',
      '# Short write while writing to the AOF file: (nwritten=32403, expected=100033)',
    ],
    ['the disk of DATA_DIR is full', '# Error writing to the AOF file: No space left on device'],
    ['the disk of DATA_DIR is full', '# Failed opening the temp file: Disk quota exceeded'],
    ['a file in DATA_DIR has reached the limit', '# Error writing to the AOF file: File too large'],
    [
      'it could not write to its append-only file',
      "# Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
    ],
    [
      'its append-only file is damaged',
      '# Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>',
    ],
    ['it crashed', '# Redis 7.0.15 crashed by signal: 11, si_code: 0'],
    ['somebody shut it down', '# Redis is now ready to exit, bye bye...'],
    ['it said nothing, as after kill -9', '* Ready to accept connections'],
  ])('say %s', (reason, line) => {
    const log = join(dir, 'redis.log');
    writeFileSync(log, [START, '# No space left on device', START, OVERCOMMIT, `7:M ${line}`, ''].join('\n'));
    const words = lastWords(dir, log);
    expect(words.reason).toContain(reason);
    expect(words.lines).toEqual([START, `7:M ${line}`]);
  });

  it('are none without a log', () => {
    expect(lastWords(dir, join(dir, 'none'))).toMatchObject({
      lines: [],
      reason: expect.stringContaining('kill -9'),
    });
  });
});
