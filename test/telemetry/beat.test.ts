import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PULSE_KEY } from '../../src/store/keys.ts';
import type { Place } from '../../src/store/stored.ts';
import { packCounts } from '../../src/telemetry/packed.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';
import { type Beating, startBeating } from './beating.ts';

const YEAR_MS = 365 * 86_400_000;
const SCRIPT = readFileSync(new URL('../../src/telemetry/pulse/beat.lua', import.meta.url), 'utf8');
const ORDER = { orderId: 'O-1', userId: 'U-1', minorUnits: 1_250 };

describe('the beat of a process', () => {
  let beating: Beating;
  let proxy: TcpProxy;
  beforeAll(async () => {
    beating = await startBeating();
    proxy = await startTcpProxy(beating.server.port);
  });
  afterAll(async () => {
    await proxy.stop();
    await beating.stop();
  });
  const running: { stop(): Promise<void> }[] = [];
  const start: Beating['process'] = (options) => {
    const process = beating.process(options);
    running.push(process);
    return process;
  };
  beforeEach(() => beating.redis.flushall());
  afterEach(async () => {
    for (const process of running.splice(0)) await process.stop();
  });

  const counted = () => beating.countOf('counted');
  const untilCounted = (count: number) =>
    until(async () => (await counted()) >= count, `the pulse has ${count}`);
  const seen = async () => (await beating.look()).processes;
  const untilSeen = (count: number) =>
    until(async () => (await seen()).length === count, `${count} processes are seen`);
  const beatsOf = async () => {
    const [entry = '0'] = Object.values(await beating.redis.hgetall(`${PULSE_KEY}:processes`));
    return Number.parseInt(entry, 10);
  };

  it('adds up what several processes did', async () => {
    const [one, other] = [start(), start()];
    one.tally.add('counted', 3);
    one.tally.counted(ORDER, new Date().toISOString());
    other.tally.add('counted', 4);
    other.tally.add('duplicate');
    await untilCounted(7);
    await until(async () => (await beating.countOf('duplicate')) === 1, 'the duplicate is there');
    expect(await counted()).toBe(7);
    expect(await beating.countOf('revenue')).toBe(1_250);
    expect((await beating.look()).newestCounted).toMatchObject([{ order_id: 'O-1', minorUnits: 1_250 }]);
  });

  it('counts once when it comes twice', async () => {
    const newest = { order_id: 'O-1', user_id: 'U-1', minorUnits: 1, at: new Date(0).toISOString() };
    const beat = (number: number, count: number) =>
      beating.redis.eval(
        SCRIPT,
        1,
        PULSE_KEY,
        'one',
        number,
        packCounts([['counted', count]], []),
        '',
        '{"role":"worker"}',
        1,
        JSON.stringify([JSON.stringify(newest)]),
        '[]',
      );
    await beat(1, 5);
    await beat(1, 5);
    await beat(2, 2);
    await beat(1, 5);
    expect(await counted()).toBe(7);
    expect((await beating.look()).newestCounted).toHaveLength(2);
  });

  it('counts once when its answer is lost', async () => {
    const { tally } = start({ port: proxy.port });
    await untilSeen(1);
    const lost = proxy.cutInside((chunk) => (chunk.includes('evalsha') ? chunk.length : undefined));
    tally.add('counted', 5);
    tally.counted(ORDER, new Date().toISOString());
    await lost;
    tally.add('counted', 2);
    await untilCounted(7);
    const beats = await beatsOf();
    await until(async () => (await beatsOf()) > beats + 1, 'it goes on beating');
    expect(await counted()).toBe(7);
    expect((await beating.look()).newestCounted).toHaveLength(1);
  });

  it('gives everything once Redis is back', async () => {
    const { tally } = start({ port: proxy.port });
    tally.add('counted');
    await untilCounted(1);
    await proxy.refuse();
    for (let order = 0; order < 1_000; order += 1) tally.add('counted');
    tally.counted(ORDER, new Date().toISOString());
    expect(tally.countOf('counted')).toBe(1_001);
    await proxy.accept();
    await untilCounted(1_001);
    expect(await counted()).toBe(1_001);
    expect(await beating.countOf('revenue')).toBe(1_250);
  });

  it('goes on when Redis has forgotten everything', async () => {
    const { tally } = start();
    tally.add('counted', 3);
    await untilCounted(3);
    await beating.redis.flushall();
    tally.add('counted', 2);
    await untilCounted(2);
    expect(await counted()).toBe(2);
    expect(await seen()).toHaveLength(1);
  });

  it.each([
    [':processes', 'x'],
    [':last', 'x'],
    [':newest:counted', 'x'],
    [':newest:refused', 'x'],
    // Of the present one, and of the next where the hour ends meanwhile.
    [':m:', 3_600],
    [':h:', 86_400],
  ])('goes on beside something else under %s, which it tells and leaves as it is', async (name, span) => {
    const now = Number((await beating.redis.time())[0]);
    const places =
      typeof span === 'string' ? [''] : [Math.floor(now / span), Math.floor(now / span) + 1].map(String);
    const keys = places.map((place) => `${PULSE_KEY}${name}${place}`);
    for (const key of keys) await beating.redis.set(key, 'x');
    const told: Place[] = [];
    const { tally, stop } = start({ onDamaged: (place) => told.push(place) });
    tally.add('counted');
    tally.counted(ORDER, new Date().toISOString());
    await until(async () => (await beating.countOf('revenue')) >= 1_250, 'it is added up');
    tally.add('duplicate', 3);
    await until(async () => (await beating.countOf('duplicate')) >= 3, 'it goes on');
    const pulse = await beating.look();
    expect(await beating.countOf('revenue')).toBe(1_250);
    expect(await beating.countOf('duplicate')).toBe(3);
    expect(pulse.processes).toHaveLength(name === ':processes' ? 0 : 1);
    expect(pulse.newestCounted).toHaveLength(name === ':newest:counted' ? 0 : 1);
    expect(pulse.lastCounted === undefined).toBe(name === ':last');
    expect(keys).toEqual(expect.arrayContaining(told.map(({ key }) => key)));
    expect(told).not.toEqual([]);
    for (const key of keys) expect(await beating.redis.get(key)).toBe('x');
    await stop();
  });

  it('begins anew where what is kept of the process cannot be read', async () => {
    const { tally } = start();
    tally.add('counted');
    await untilCounted(1);
    const [[id = ''] = []] = Object.entries(await beating.redis.hgetall(`${PULSE_KEY}:processes`));
    await beating.redis.hset(`${PULSE_KEY}:processes`, id, 'x');
    tally.add('counted');
    await untilCounted(2);
    expect(await counted()).toBe(2);
  });

  it('says all it did and leaves when it stops in order', async () => {
    const { tally, stop } = start();
    await untilSeen(1);
    tally.add('counted', 9);
    await stop();
    expect(await counted()).toBe(9);
    expect(await seen()).toEqual([]);
  });

  it('does not hold up a stop while Redis is away', async () => {
    const { stop } = start({ port: proxy.port });
    await untilSeen(1);
    await proxy.refuse();
    await stop();
    await proxy.accept();
    expect(await seen()).toHaveLength(1);
  });

  it('goes by the clock of Redis, whatever the process believes', async () => {
    for (const skew of [YEAR_MS, -YEAR_MS]) {
      await beating.redis.flushall();
      const tally = new Tally(() => Date.now() + skew);
      start({ tally });
      await until(() => tally.clockOffsetMs !== 0, 'it has been told the time');
      tally.counted(ORDER, new Date(Date.now() - 100).toISOString());
      tally.add('counted');
      await untilCounted(1);
      // The second beat corrects what the first one guessed.
      await until(async () => (await beatsOf()) > 2, 'it beats');
      const { now, processes, newestCounted, sum } = await beating.look();
      const about = (iso: string | undefined) => Math.abs(now - Date.parse(iso ?? ''));
      expect(about(processes[0]?.started_at)).toBeLessThan(60_000);
      expect(about(newestCounted[0]?.at)).toBeLessThan(60_000);
      const { latency } = sum(now / 1_000 + 1, 60);
      const bins = latency.flatMap((count, bin) => (count > 0 ? [bin] : []));
      expect(bins).toHaveLength(1);
      // 30 ms to 60 s.
      expect(bins[0]).toBeGreaterThan(19);
      expect(bins[0]).toBeLessThan(64);
    }
  });

  it('drops who has not been seen for a day when somebody comes', async () => {
    const [second] = await beating.redis.time();
    const state = JSON.stringify({
      ...{ role: 'worker', version: '0.9.0', node: 'v24' },
      ...{ started_at: new Date(0).toISOString(), troubles: [] },
    });
    const entry = (age: number) => `7 ${Number(second) - age} ${state}`;
    await beating.redis.hset(`${PULSE_KEY}:processes`, { old: entry(86_500), younger: entry(80_000) });
    start();
    await until(async () => (await seen()).some(({ version }) => version === '1.0.0'), 'it is seen');
    expect((await seen()).map(({ id }) => id)).toContain('younger');
    expect(await seen()).toHaveLength(2);
  });
});
