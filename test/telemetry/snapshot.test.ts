import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PULSE_KEY } from '../../src/store/keys.ts';
import type { Counter, Gauge } from '../../src/telemetry/figures.ts';
import { packCounts, packGauges } from '../../src/telemetry/packed.ts';
import { verdictOf } from '../../src/telemetry/read/conditions.ts';
import { pulseReader } from '../../src/telemetry/read/pulse.ts';
import { readSnapshot } from '../../src/telemetry/read/snapshot.ts';
import { until } from '../support/until.ts';
import { type Beating, startBeating } from './beating.ts';

describe('a snapshot', () => {
  let beating: Beating;
  beforeAll(async () => {
    beating = await startBeating();
  });
  afterAll(() => beating.stop());
  beforeEach(() => beating.redis.flushall());

  const now = async () => Number((await beating.redis.time())[0]);
  const read = () =>
    readSnapshot({
      currency: 'USD',
      partitions: 1,
      look: pulseReader(beating.redis),
      totals: async () => ({ orders: 0, minorUnits: 0, users: 0 }),
      failed: async () => ({ orders: 0, minorUnits: 0, unknown: 0, since: null, byReason: [] }),
      queue: () => undefined,
    });
  /** A process that was seen so many seconds ago. */
  const seen = async (id: string, age: number, state: object = {}) => {
    const build = { version: '0.9.0', node: 'v24', started_at: new Date(0).toISOString() };
    const described = { role: 'worker', ...build, troubles: [], ...state };
    const entry = `9 ${(await now()) - age} ${JSON.stringify(described)}`;
    await beating.redis.hset(`${PULSE_KEY}:processes`, id, entry);
  };
  /** What was told in a second so long ago. */
  const told = async (age: number, counts: [Counter, number][], gauges: [Gauge, number][] = []) => {
    const second = (await now()) - age;
    const bucket = Buffer.concat([packCounts(counts, []), packGauges(gauges)]);
    await beating.redis.hset(`${PULSE_KEY}:s:${Math.floor(second / 60)}`, second % 60, bucket);
  };

  it('misses a process that was killed, for an hour', async () => {
    await seen('alive', 10);
    await seen('killed', 17);
    await seen('long ago', 3_700);
    const snapshot = await read();
    expect(Object.fromEntries(snapshot.processes.map(({ id, gone }) => [id, gone]))).toEqual({
      alive: false,
      killed: true,
    });
    expect(verdictOf(snapshot).conditions).toContainEqual(
      expect.objectContaining({
        name: 'process_gone',
        sentence: '1 process has gone without a word: worker.',
      }),
    );
  });

  it('does not miss one that stopped in order', async () => {
    const { stop } = beating.process();
    await stop();
    expect((await read()).processes).toEqual([]);
  });

  it('knows since when no bridge runs, also when the last one stopped in order', async () => {
    const { stop } = beating.process({ role: 'bridge', does: { paused_by: [] } });
    await until(async () => (await read()).bridge.processes === 1, 'it is seen');
    expect((await read()).bridge.missingSince).toBeUndefined();
    const before = await now();
    await stop();
    await seen('api', 0, { role: 'api' });
    const { bridge } = await read();
    expect(bridge).toMatchObject({ processes: 0 });
    expect(bridge.missingSince).toBeGreaterThanOrEqual(before * 1_000);
  });

  it('misses a worker that never was since somebody has been there to miss it', async () => {
    const started = new Date(Date.now() - 90_000).toISOString();
    await seen('api', 1, { role: 'api', started_at: started });
    const snapshot = await read();
    expect(snapshot.workers.missingSince).toBe(Date.parse(started));
    expect(verdictOf(snapshot).conditions.map(({ name }) => name)).toEqual(['no_bridge', 'no_worker']);
  });

  it('knows that no bridge can ask SQS, also when none ever could', async () => {
    const blind = { role: 'bridge', paused_by: [], troubles: [{ what: 'sqs', since: '', reason: 'x' }] };
    await seen('first', 1, blind);
    expect((await read()).inbox).toMatchObject({ state: 'blind', seenAt: undefined });
    await seen('second', 1, { role: 'bridge', paused_by: [] });
    expect((await read()).inbox).toBeUndefined();
  });

  it('takes from bridges that have gone no word', async () => {
    const inbox = {
      visible: 5,
      in_flight: 0,
      delayed: 0,
      dead_letters: 0,
      seen_at: new Date().toISOString(),
    };
    await seen('first', 20, { role: 'bridge', paused_by: ['backlog'], inbox });
    expect(await read()).toMatchObject({ inbox: undefined, bridge: { processes: 0, pausedBy: [] } });
  });

  it('adds up the last seconds, the last minute and the moment before that', async () => {
    // A second may pass between writing and reading.
    await told(5, [['counted', 20]]);
    await told(
      30,
      [
        ['counted', 40],
        ['duplicate', 3],
        ['refused:wrong_type', 2],
        ['failed', 1],
      ],
      [['waiting', 7]],
    );
    await told(
      65,
      [['counted', 100]],
      [
        ['waiting', 9],
        ['delayed', 2],
        ['inbox_visible', 4],
      ],
    );
    await told(90, [['counted', 1_000]], [['waiting', 99]]);
    const snapshot = await read();
    expect(snapshot.counted.perSecond).toBe(2);
    expect(snapshot.ended).toBe(66);
    expect(snapshot.refused).toEqual(new Map([['wrong_type', 2]]));
    expect(snapshot.before).toEqual({ waiting: 9, delayed: 2, inbox: 4, ended: 100 });
  });
});
