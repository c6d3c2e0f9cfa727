import { describe, expect, it } from '@jest/globals';
import { TooManyWaiting } from '../../src/stats/read/errors.ts';
import { makeTaskQueue } from '../../src/stats/read/taskQueue.ts';

describe('tasks that take turns', () => {
  function tasks(most: number, mostWaiting = 10) {
    const turns = makeTaskQueue(most, mostWaiting);
    const running = new Map<string, { end: () => void; fail: () => void }>();
    const started: string[] = [];
    const task = (name: string, signal = new AbortController().signal) =>
      turns(() => {
        started.push(name);
        return new Promise<string>((resolve, reject) => {
          running.set(name, { end: () => resolve(name), fail: () => reject(new Error(name)) });
        });
      }, signal);
    return { task, started, running };
  }

  it('run as many at once as may, the others in the order they came', async () => {
    const { task, started, running } = tasks(2);
    const all = ['A', 'B', 'C', 'D'].map((name) => task(name));
    expect(started).toEqual(['A', 'B']);
    running.get('B')?.end();
    expect(await all[1]).toBe('B');
    expect(started).toEqual(['A', 'B', 'C']);
    running.get('A')?.end();
    await all[0];
    expect(started).toEqual(['A', 'B', 'C', 'D']);
    for (const name of ['C', 'D']) running.get(name)?.end();
    expect(await Promise.all(all)).toEqual(['A', 'B', 'C', 'D']);
  });

  it('hand their turn on when they fail, and free it when nobody waits', async () => {
    const { task, started, running } = tasks(1);
    const [failing, waiting] = [task('A'), task('B')];
    running.get('A')?.fail();
    await expect(failing).rejects.toThrow('A');
    expect(started).toEqual(['A', 'B']);
    running.get('B')?.end();
    await waiting;
    const last = task('C');
    expect(started).toEqual(['A', 'B', 'C']);
    running.get('C')?.end();
    expect(await last).toBe('C');
  });

  it('are refused when as many wait as may', async () => {
    const { task, running } = tasks(1, 1);
    const taken = [task('A'), task('B')];
    await expect(task('C')).rejects.toThrow(TooManyWaiting);
    running.get('A')?.end();
    await taken[0];
    taken.push(task('D'));
    for (const name of ['B', 'D']) {
      running.get(name)?.end();
      await new Promise(setImmediate);
    }
    expect(await Promise.all(taken)).toEqual(['A', 'B', 'D']);
  });

  it('leave the queue when nobody waits for them any more, and their place goes to others', async () => {
    const { task, started, running } = tasks(1, 1);
    const giveUp = new AbortController();
    const first = task('A');
    const gone = task('B', giveUp.signal);
    giveUp.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(task('C', giveUp.signal)).rejects.toThrow('gone');
    const last = task('D');
    running.get('A')?.end();
    await first;
    running.get('D')?.end();
    expect(await last).toBe('D');
    expect(started).toEqual(['A', 'D']);
  });
});
