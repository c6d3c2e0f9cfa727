import { afterEach, describe, expect, it } from '@jest/globals';
import { type EveryOptions, every, type Repetition } from '../../src/runtime/every.ts';
import { until } from '../support/until.ts';

const started: Repetition[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.stop()));
});

const faults: string[] = [];
afterEach(() => {
  faults.length = 0;
});

const NEVER_MS = 3_600_000;

function start(ms: number, run: () => Promise<void> | void, options: Partial<EveryOptions> = {}): Repetition {
  const onError = ({ message }: Error) => faults.push(message);
  const repetition = every(ms, run, { atOnce: false, onError, ...options });
  started.push(repetition);
  return repetition;
}

/** A run that ends when it is told to. */
function held() {
  const ends: ((error?: Error) => void)[] = [];
  const run = () =>
    new Promise<void>((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve()));
    });
  return { run, ends };
}

describe('what runs again and again', () => {
  it('runs once for each interval, the first time at once only where that is wanted', async () => {
    const { run, ends } = held();
    start(NEVER_MS, run);
    expect(ends).toHaveLength(0);
    start(NEVER_MS, run, { atOnce: true });
    expect(ends).toHaveLength(1);
    ends[0]?.();
    let runs = 0;
    start(1, () => {
      runs += 1;
    });
    await until(() => runs > 3, 'a fourth run');
  });

  it('never overlaps itself, and goes on once a slow run has ended', async () => {
    const { run, ends } = held();
    let turns = 0;
    start(1, run, { atOnce: true });
    start(1, () => {
      turns += 1;
    });
    await until(() => turns > 5, 'some turns passed by');
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await until(() => ends.length === 2, 'the next run');
    ends[1]?.();
  });

  it.each([
    ['rejects', async () => Promise.reject(new Error('Redis is away'))],
    [
      'throws',
      () => {
        throw new Error('Redis is away');
      },
    ],
  ])('goes on after a run that %s, and tells each fault', async (_, run) => {
    start(1, run, { atOnce: true });
    await until(() => faults.length > 2, 'a third fault');
    expect(new Set(faults)).toEqual(new Set(['Redis is away']));
  });

  it('waits at a stop for the run under way, begins no other, and does not tell how it ended', async () => {
    const { run, ends } = held();
    const repetition = start(1, run, { atOnce: true });
    let stopped = false;
    const stopping = Promise.all([repetition.stop(), repetition.stop()]).then(() => {
      stopped = true;
    });
    let turns = 0;
    start(1, () => {
      turns += 1;
    });
    await until(() => turns > 5, 'some turns passed by');
    expect(stopped).toBe(false);
    ends[0]?.(new Error('the connection was closed'));
    await stopping;
    expect(ends).toHaveLength(1);
    expect(faults).toEqual([]);
  });
});
