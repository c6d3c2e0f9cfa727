import { beforeEach, describe, expect, it } from '@jest/globals';
import { Services } from '../../src/runtime/services.ts';
import { collectingLogger } from '../support/collectingLogger.ts';

describe('services', () => {
  let steps: string[];
  let lines: string[];
  let services: Services;

  beforeEach(() => {
    steps = [];
    const collected = collectingLogger();
    lines = collected.lines;
    services = new Services(collected.logger);
  });

  const add = (name: string) =>
    services.add({
      name,
      async quiet() {
        steps.push(`${name} quiet`);
      },
      async stop() {
        steps.push(`${name} stopped`);
      },
    });

  it('all go quiet before the first stops, then stop with the last started first', async () => {
    for (const name of ['one', 'two', 'three']) add(name);
    await services.stop();
    expect(steps.slice(0, 3).sort()).toEqual(['one quiet', 'three quiet', 'two quiet']);
    expect(steps.slice(3)).toEqual(['three stopped', 'two stopped', 'one stopped']);
  });

  it('wait for a slow one in each phase', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    add('one');
    services.add({ name: 'slow', quiet: () => held, stop: async () => void steps.push('slow stopped') });
    const stopped = services.stop();
    expect(steps).toEqual(['one quiet']);
    release();
    await stopped;
    expect(steps).toEqual(['one quiet', 'slow stopped', 'one stopped']);
  });

  it('are stopped within the time there is, whatever hangs in whichever phase, and the log names it', async () => {
    const never = new Promise<void>(() => {});
    add('one');
    services.add({ name: 'stuck', stop: () => never });
    services.add({ name: 'deaf', quiet: () => never, stop: () => never });
    add('four');
    expect(await services.stop(200)).toBe(false);
    expect(steps.slice(2)).toEqual(['four stopped', 'one stopped']);
    const passedOver = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
    expect(passedOver.map(({ name, phase }) => `${name} ${phase}`)).toEqual([
      'deaf quiet',
      'deaf stop',
      'stuck stop',
    ]);
  });

  it('say so when all of them ended in time', async () => {
    add('one');
    expect(await services.stop(10_000)).toBe(true);
  });

  it('stop once, however often they are told to', async () => {
    add('one');
    await Promise.all([services.stop(), services.stop()]);
    await services.stop();
    expect(steps).toEqual(['one quiet', 'one stopped']);
  });

  it('may be stopped before there is any', async () => {
    await services.stop();
    expect(steps).toEqual([]);
  });

  it('may have nothing to do in the first phase', async () => {
    services.add({ name: 'one', stop: async () => void steps.push('one stopped') });
    await services.stop();
    expect(steps).toEqual(['one stopped']);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('stuck'))],
    [
      'throws',
      () => {
        throw new Error('stuck');
      },
    ],
  ])('stop although one %s in both phases, and the log says which', async (_, fail) => {
    add('one');
    services.add({ name: 'broken', quiet: fail, stop: fail });
    add('three');
    await services.stop();
    expect(steps.slice(2)).toEqual(['three stopped', 'one stopped']);
    const complaints = lines.filter((line) => line.includes('"level":"error"'));
    expect(complaints).toHaveLength(2);
    for (const complaint of complaints) expect(complaint).toMatch(/"name":"broken".*|"error":"stuck"/);
  });
});
