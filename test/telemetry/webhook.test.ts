import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PULSE_KEY } from '../../src/store/keys.ts';
import type { Snapshot } from '../../src/telemetry/read/snapshot.ts';
import { startWebhook, type WebhookParts } from '../../src/telemetry/webhook.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

interface Change {
  id: string;
  change: string;
  name: string;
}

/** Takes what is posted, answering what `answers` says next, 204 without. */
class Receiver {
  readonly bodies: { changes: Change[]; text?: string }[] = [];
  readonly refused: unknown[] = [];
  answers: number[] = [];
  asked = 0;
  readonly #server: Server = createServer(async (request, response) => {
    this.asked += 1;
    const body = JSON.parse(await text(request));
    const status = this.answers.shift() ?? 204;
    (status < 300 ? this.bodies : this.refused).push(body);
    response.writeHead(status, { location: '/elsewhere/S3CRET?S3CRET' }).end();
  });

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook/S3CRET`;
  }

  get told(): string[] {
    return this.bodies.flatMap(({ changes }) => changes.map(({ name, change }) => `${name} ${change}`));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

const TIMES = { lookEveryMs: 20, turnMs: 15, postMs: 1_000, holdMs: 0, firstRetryMs: 1 };

/** An installation in which nothing happens but what `changed` says; its clock is ours. */
const snapshotWith = (changed: Partial<Snapshot>): Snapshot => ({
  now: Date.now(),
  currency: 'USD',
  counted: { orders: 1, minorUnits: 100, users: 1, perSecond: 1, newestAt: Date.now() },
  latency: undefined,
  inbox: undefined,
  bridge: {
    processes: 1,
    missingSince: undefined,
    perSecond: 0,
    pausedBy: [],
    callsPer1000: undefined,
    dollarsPerMillion: undefined,
    durabilityWarning: undefined,
  },
  queue: undefined,
  workers: { processes: 1, missingSince: undefined, concurrency: 50, busyShare: 0, retriedPerMinute: 0 },
  failed: { orders: 0, minorUnits: 0, unknown: 0, since: null, byReason: [] },
  ended: 1,
  refused: new Map(),
  before: { waiting: undefined, delayed: undefined, inbox: undefined, ended: 1 },
  processes: [],
  newest: { counted: [], refused: [] },
  ...changed,
});
const WAITING: Partial<Snapshot> = {
  failed: { orders: 3, minorUnits: 1_234, unknown: 0, since: '2026-01-01T00:00:00.000Z', byReason: [] },
};
const LOWERED = (warning: string): Partial<Snapshot> => ({
  bridge: { ...snapshotWith({}).bridge, durabilityWarning: warning },
});

describe('a webhook', () => {
  let redis: TestRedis;
  let receiver: Receiver;
  let started: { stop(): Promise<void> }[];
  let state: Partial<Snapshot>;
  let looks: number;
  let errors: string[];
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    await redis.client().flushall();
    receiver = new Receiver();
    await receiver.start();
    [started, state, looks, errors] = [[], {}, 0, []];
  });
  afterEach(async () => {
    await Promise.all(started.map((each) => each.stop()));
    await receiver.stop();
  });

  const start = (parts: Partial<WebhookParts> = {}) => {
    const webhook = startWebhook({
      url: receiver.url,
      format: 'json',
      redis: redis.client(),
      read: async () => {
        looks += 1;
        return snapshotWith(state);
      },
      onError: ({ message }) => errors.push(message),
      times: TIMES,
      ...parts,
    });
    started.push(webhook);
    return webhook;
  };
  /** Long enough for whatever would be told to be told. */
  const looked = async (times: number) => {
    const from = looks;
    await until(() => looks >= from + times, `${times} more looks`);
  };

  it('is told what is wrong although nobody can read what it was told before', async () => {
    state = WAITING;
    const damages = ['{"told":', '5', 'null', '[]', '{"told":{"a":5},"differs":{},"failures":0,"retryAt":0}'];
    for (const [at, text] of damages.entries()) {
      await redis.client().set(`${PULSE_KEY}:webhook`, text);
      const webhook = start();
      await until(() => receiver.bodies.length === at + 1, `it is told after ${text}`);
      await webhook.stop();
    }
    await redis.client().del(`${PULSE_KEY}:webhook`);
    await redis.client().rpush(`${PULSE_KEY}:webhook`, 'x');
    start();
    await until(() => receiver.bodies.length === damages.length + 1, 'it is told after another type');
    await looked(3);
    expect(receiver.told).toEqual(Array(damages.length + 1).fill('orders_wait begun'));
  });

  it('is told what begins and what ends, once each, however long it lasts', async () => {
    start();
    await looked(3);
    state = WAITING;
    await until(() => receiver.bodies.length === 1, 'it is told');
    await looked(5);
    state = {};
    await until(() => receiver.bodies.length === 2, 'it is told of the end');
    await looked(5);
    expect(receiver.told).toEqual(['orders_wait begun', 'orders_wait ended']);
    expect(receiver.bodies[0]).toMatchObject({
      product: 'order-pipeline',
      at: expect.any(String),
      status: {
        level: 'amber',
        sentences: expect.arrayContaining([expect.stringContaining('3 orders wait')]),
      },
      changes: [{ level: 'amber', since: '2026-01-01T00:00:00.000Z', advice: expect.any(String) }],
    });
    expect(receiver.asked).toBe(2);
  });

  it('that fails first is told later, with the same id, and its address is in no error', async () => {
    receiver.answers = [500, 302, 429];
    state = WAITING;
    start();
    await until(() => receiver.bodies.length === 1, 'it is told in the end');
    await looked(5);
    expect([receiver.asked, receiver.told]).toEqual([4, ['orders_wait begun']]);
    expect(receiver.bodies[0]?.changes[0]?.id).toMatch(/^orders_wait-begun-\d+$/);
    expect(errors).toHaveLength(3);
    expect(errors[0]).toBe('ALERT_WEBHOOK_URL answered 500');
    const { origin } = new URL(receiver.url);
    expect(errors[1]).toBe(
      `ALERT_WEBHOOK_URL redirects to ${origin}, which is not followed: set the address itself`,
    );
    expect(errors.join()).not.toContain('S3CRET');
  });

  it('is asked ever more rarely while it fails', async () => {
    receiver.answers = new Array(100).fill(503);
    state = WAITING;
    start({ times: { ...TIMES, firstRetryMs: 60_000 } });
    await until(() => receiver.asked === 1, 'it is asked once');
    await looked(10);
    expect(receiver.asked).toBe(1);
  });

  it('is told once, however many processes look', async () => {
    // A turn that outlasts a look, as those of the product do.
    for (let i = 0; i < 5; i += 1) start({ times: { ...TIMES, turnMs: 1_500 } });
    state = WAITING;
    await until(() => receiver.bodies.length > 0, 'it is told');
    await looked(2);
    expect(receiver.told).toEqual(['orders_wait begun']);
  });

  it('is neither told again nor forgotten by a process that takes over', async () => {
    state = WAITING;
    const first = start();
    await until(() => receiver.bodies.length === 1, 'it is told');
    await first.stop();
    state = {};
    start();
    await until(() => receiver.bodies.length === 2, 'the next one tells the end');
    await looked(5);
    expect(receiver.told).toEqual(['orders_wait begun', 'orders_wait ended']);
  });

  it('hears nothing of what does not last', async () => {
    state = WAITING;
    start({ times: { ...TIMES, holdMs: 60_000 } });
    await looked(3);
    state = {};
    await looked(3);
    expect(receiver.asked).toBe(0);
    expect(JSON.parse((await redis.client().get('{order-pipeline:pulse}:webhook')) as string)).toMatchObject({
      told: {},
      differs: {},
    });
  });

  it("takes Slack's form, in which no text becomes a link", async () => {
    state = LOWERED('<https://elsewhere|a link> & more');
    start({ format: 'slack' });
    await until(() => receiver.bodies.length === 1, 'it is told');
    expect(receiver.bodies[0]).toEqual({
      text: ':large_orange_circle: *Jobs are less safe than was asked for.* &lt;https://elsewhere|a link&gt; &amp; more',
    });
  });
});

it('a running product tells its webhook of orders that wait, and logs no address', async () => {
  const receiver = new Receiver();
  await receiver.start();
  const { logger, lines } = collectingLogger();
  const pipeline = await startPipeline({ ALERT_WEBHOOK_URL: receiver.url }, { logger });
  try {
    receiver.answers = [500];
    await pipeline.send('no order');
    await until(() => lines.some((line) => line.includes('ALERT_WEBHOOK_URL answered 500')), 'it is told');
    expect(receiver.refused).toMatchObject([{ changes: [{ name: 'orders_wait', change: 'begun' }] }]);
    expect(lines.join()).not.toContain('S3CRET');
  } finally {
    await pipeline.stop();
    await receiver.stop();
  }
});
