import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PULSE_KEY } from '../../src/store/keys.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

/* biome-ignore lint/suspicious/noExplicitAny: the form of the answer is what the tests of the API's document are about */
type Pulse = any;

describe('the pulse of a pipeline', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline();
  });
  afterAll(() => pipeline.stop());

  const pulse = () => pipeline.json<Pulse>('/pulse');
  const untilPulse = async (shows: (pulse: Pulse) => boolean, what: string): Promise<Pulse> => {
    let seen: Pulse;
    await until(async () => {
      seen = await pulse();
      return shows(seen);
    }, what);
    return seen;
  };

  it('says that nothing was counted yet', async () => {
    const { status, counted, failed, newest } = await pulse();
    expect(status).toEqual({
      level: 'green',
      sentences: ['No order has been counted yet.'],
      conditions: [],
    });
    expect(counted).toMatchObject({ orders: 0, newest_at: null, per_second: 0 });
    expect(failed).toMatchObject({ orders: 0, value: 0, since: null });
    expect(newest).toEqual({ counted: [], refused: [] });
  });

  it('shows what counted, what was recognised and what waits, with its money', async () => {
    const first = anOrder({ order_id: 'A-1' });
    const bad = { ...anOrder({ order_id: 'A-3' }), order_value: 12.34, user_id: undefined };
    await pipeline.send(first, anOrder({ order_id: 'A-2' }), first, bad);
    await pipeline.settled();
    const seen = await untilPulse(
      ({ failed, newest, latency }) =>
        failed.orders === 1 && newest.refused.length === 1 && newest.counted.length === 2 && latency !== null,
      'the pulse has it all',
    );
    expect(seen.counted).toMatchObject({ orders: 2, users: 1 });
    expect(seen.failed).toMatchObject({
      orders: 1,
      value: 12.34,
      value_unknown: 0,
      since: expect.any(String),
      by_reason: expect.arrayContaining([
        { reason: 'missing_field', orders: 1, value: 12.34, value_unknown: 0 },
      ]),
    });
    expect(seen.newest.counted.map(({ order_id }: { order_id: string }) => order_id).sort()).toEqual([
      'A-1',
      'A-2',
    ]);
    expect(seen.newest.refused).toMatchObject([{ order_id: 'A-3', reason: 'missing_field', partition: 0 }]);
    expect(seen.latency.p50_ms).toBeGreaterThan(0);
    expect(seen.status).toMatchObject({ level: 'amber', conditions: [{ name: 'orders_wait' }] });
    expect(seen.status.sentences.at(-1)).toMatch(
      /^1 order waits for you, worth 12\.34 USD, since \d\d:\d\d UTC\.$/,
    );
  });

  it('knows its processes and the inbox', async () => {
    const seen = await untilPulse(({ inbox }) => inbox.state === 'seen', 'the inbox was looked at');
    expect(seen.inbox).toMatchObject({ visible: expect.any(Number), dead_letters: 0 });
    expect(seen.processes).toMatchObject([{ role: 'all', gone: false, node: process.version }]);
    expect(seen.workers).toMatchObject({ processes: 1, concurrency: expect.any(Number) });
    expect(seen.bridge).toMatchObject({ processes: 1, paused_by: [] });
  });

  it('remembers the last hour, day and month', async () => {
    for (const [span, points] of [
      ['hour', 360],
      ['day', 288],
      ['month', 720],
    ] as const) {
      const history = await pipeline.json<Pulse>(`/pulse/history?span=${span}`);
      expect(history).toMatchObject({ span, points: expect.any(Array) });
      expect(history.points).toHaveLength(points);
    }
  });

  it('gives its history as CSV', async () => {
    const answer = await pipeline.get('/pulse/history?span=hour', { headers: { accept: 'text/csv' } });
    const [head, ...rows] = (await answer.text()).trim().split('\r\n');
    expect(head).toMatch(/^time,received,counted,duplicate,refused,/);
    expect(rows).toHaveLength(360);
  });

  it('tells autoscalers how much waits', async () => {
    let seen: Pulse;
    await until(async () => {
      seen = await pipeline.json<Pulse>('/queue');
      return seen.failed === 1;
    }, 'the queues were seen since the last order ended');
    expect(seen).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 1, oldest_age_seconds: 0 });
  });

  it('streams one snapshot a second to all who look, and lets go of who leaves', async () => {
    const leave = new AbortController();
    const readers = await Promise.all(
      [1, 2].map(async () => {
        const { body, headers } = await pipeline.get('/pulse/stream', { signal: leave.signal });
        expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
        return body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      }),
    );
    // Who comes second may miss the first one.
    const events = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string[]> => {
      for (let text = ''; ; ) {
        const { value } = await reader.read();
        text += Buffer.from(value ?? []).toString();
        const whole = [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, event]) => event as string);
        if (whole.length >= 3) return whole;
      }
    };
    const [one = [], other = []] = await Promise.all(readers.map(events));
    expect(other.filter((event) => one.includes(event)).length).toBeGreaterThanOrEqual(2);
    expect(JSON.parse(one[0] as string)).toMatchObject({ counted: { orders: 2 } });
    leave.abort();
  });

  it('keeps no key for ever but what one process or another writes again', async () => {
    const redis = pipeline.redis.client();
    const keys = await redis.keys(`${PULSE_KEY}*`);
    const lasting = [];
    for (const key of keys) if ((await redis.ttl(key)) < 0) lasting.push(key.slice(PULSE_KEY.length));
    expect(lasting.sort()).toEqual([':last', ':newest:counted', ':newest:refused', ':processes']);
  });
});
