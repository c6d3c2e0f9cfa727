import { describe, expect, it } from '@jest/globals';
import { throttledErrors } from '../../src/runtime/throttle.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { until } from '../support/until.ts';

describe('errors that come in floods', () => {
  it('make one line for each text', () => {
    const { logger, lines } = collectingLogger();
    const onError = throttledErrors(logger, 'Redis connection');
    for (let count = 0; count < 1_000; count += 1) {
      onError(new Error('connect ECONNREFUSED'));
      onError(new Error('READONLY'));
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'warn', message: 'Redis connection', error: 'connect ECONNREFUSED' },
      { level: 'warn', message: 'Redis connection', error: 'READONLY' },
    ]);
  });

  it('come up again while they go on, with how many each line stands for', async () => {
    const { logger, lines } = collectingLogger();
    const onError = throttledErrors(logger, 'queue');
    let reported = 0;
    await until(() => {
      onError(new Error('away'));
      reported += 1;
      return lines.length === 2;
    }, 'a second line');
    expect(JSON.parse(lines[1] as string)).toEqual({
      level: 'warn',
      message: 'queue',
      error: 'away',
      and_before: reported - 2,
    });
  });

  it('are kept apart by whoever reports them', () => {
    const { logger, lines } = collectingLogger();
    for (const who of ['queue', 'worker']) throttledErrors(logger, who)(new Error('away'));
    expect(lines).toHaveLength(2);
  });

  it.each([
    ['its message', new Error('plain'), 'plain'],
    [
      'the first of several causes',
      new AggregateError([new Error('ECONNREFUSED ::1'), new Error('x')]),
      'ECONNREFUSED ::1',
    ],
    ['its code', Object.assign(new Error(''), { code: 'EPIPE' }), 'EPIPE'],
    ['its name', new TypeError(''), 'TypeError'],
  ])('are told by %s', (_, error, text) => {
    const { logger, lines } = collectingLogger();
    throttledErrors(logger, 'queue')(error);
    expect(JSON.parse(lines[0] as string).error).toBe(text);
  });
});
