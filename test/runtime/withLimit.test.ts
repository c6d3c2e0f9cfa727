import { describe, expect, it } from '@jest/globals';
import { withLimit } from '../../src/runtime/deadline.ts';

const never = () => new Promise<never>(() => {});

describe('a call with a limit', () => {
  it('is given up after it, also when it cannot be aborted', async () => {
    await expect(withLimit(20, never)).rejects.toMatchObject({
      name: 'SlowCall',
      message: 'no answer within 0.02 s',
    });
  });

  it('ends with a stop, also when it cannot be aborted', async () => {
    const stop = new AbortController();
    const ended = expect(withLimit(600_000, never, stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    stop.abort();
    await ended;
  });

  it('ends at once when the stop came before', async () => {
    await expect(withLimit(600_000, never, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('still takes an answer that comes as it is aborted', async () => {
    const answer = withLimit(
      20,
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => setImmediate(() => resolve('messages')));
        }),
    );
    expect(await answer).toBe('messages');
  });
});
