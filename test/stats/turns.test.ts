import { describe, expect, it } from '@jest/globals';
import { makeTurns } from '../../src/stats/turns.ts';

describe('tasks that take turns', () => {
  function tasks(most: number) {
    const turns = makeTurns(most);
    const running = new Map<string, { end: () => void; fail: () => void }>();
    const started: string[] = [];
    const task = (name: string) =>
      turns(() => {
        started.push(name);
        return new Promise<string>((resolve, reject) => {
          running.set(name, { end: () => resolve(name), fail: () => reject(new Error(name)) });
        });
      });
    return { task, started, running };
  }

  it('run as many at once as may, the others in the order they came', async () => {
    const { task, started, running } = tasks(2);
    const all = ['A', 'B', 'C', 'D'].map(task);
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
});
