import { describe, expect, it } from '@jest/globals';
import { Troubles } from '../../src/runtime/troubles.ts';

describe('troubles', () => {
  it('began when they were first reported, however often they are reported again', () => {
    let now = 0;
    const troubles = new Troubles(() => now);
    troubles.report('sqs', 'no credentials');
    now = 60_000;
    troubles.report('sqs', 'access denied');
    expect(troubles.current).toEqual([
      { what: 'sqs', since: '1970-01-01T00:00:00.000Z', reason: 'access denied' },
    ]);
  });

  it('are gone once they have ended, and begin anew after that', () => {
    let now = 0;
    const troubles = new Troubles(() => now);
    troubles.report('sqs', 'no credentials');
    troubles.end('sqs');
    expect(troubles.current).toEqual([]);
    now = 1_000;
    troubles.report('sqs', 'no credentials');
    expect(troubles.current[0]?.since).toBe('1970-01-01T00:00:01.000Z');
  });

  it('may have begun before anybody here looked', () => {
    const troubles = new Troubles();
    troubles.report('queue paused', 'paused by hand', '2026-01-01T00:00:00.000Z');
    expect(troubles.current[0]?.since).toBe('2026-01-01T00:00:00.000Z');
  });
});
