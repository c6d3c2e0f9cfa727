import { describe, expect, it } from '@jest/globals';
import { Enqueuer } from '../../src/bridge/handOver/enqueuer.ts';
import type { InboxMessage } from '../../src/bridge/sqs/inbox.ts';
import { InFlight } from '../../src/bridge/sqs/inFlight.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

const MEBIBYTE = 1_048_576;

/** Orders whose body has so many bytes. */
const sized = (bytes: number, changes: Record<string, unknown> = {}): string => {
  const bare = JSON.stringify(anOrder({ ...changes, note: '' }));
  return JSON.stringify(anOrder({ ...changes, note: 'x'.repeat(bytes - bare.length) }));
};

const message = (id: number, body: string): InboxMessage => ({
  id: String(id),
  body,
  receiptHandle: `handle ${id}`,
  receiveCount: 1,
  sentAt: '2025-03-04T05:06:07.000Z',
});

describe('MAX_BODY_BYTES', () => {
  const items = Array.from({ length: 1_000 }, (_, index) => ({
    product_id: `P${index}`,
    quantity: 1,
    price_per_unit: 20,
    note: 'x'.repeat(260),
  }));
  const order = JSON.stringify(anOrder({ user_id: 'LONG', order_value: 20_000, items }));

  it('lets an order of 323 kB and 1,000 items count; without it, it is refused with both sizes', async () => {
    expect(order.length).toBeGreaterThan(323_000);
    for (const [env, count] of [
      [{}, 0],
      [{ MAX_BODY_BYTES: '524288' }, 1],
    ] as const) {
      const pipeline = await startPipeline(env);
      try {
        await pipeline.send(order);
        await pipeline.settled();
        expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: count });
        expect((await pipeline.failed()).map(({ failedReason }) => failedReason)).toEqual(
          count === 1
            ? []
            : [`too_large: the message has ${order.length} bytes, at most 262144 are taken (MAX_BODY_BYTES)`],
        );
      } finally {
        await pipeline.stop();
      }
    }
  });

  it(
    'at its most lets through what SQS takes: 1 MiB, bare, in an envelope and with long digits',
    inRig(async (rig) => {
      await rig.start({ MAX_BODY_BYTES: String(MEBIBYTE) });
      const inner = sized(MEBIBYTE - 30_000, { order_id: 'ORD2' });
      const sns = { Type: 'Notification', MessageId: 'm', TopicArn: 'arn', Message: inner };
      const digits = sized(MEBIBYTE - 20, { order_id: 'ORD3' }).replace(
        '"note"',
        '"n":820982911946154508,"note"',
      );
      for (const body of [sized(MEBIBYTE), JSON.stringify(sns), digits.slice(0, -8).concat('"}')]) {
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MEBIBYTE);
        await rig.send(body);
      }
      await until(async () => (await rig.queue.getJobCountByTypes('completed')) === 3, 'all of them count');
      await rig.atRest();
    }),
  );
});

describe('a bulk', () => {
  it('holds no more than a few mebibytes, and one message at least', async () => {
    const bulks: number[][] = [];
    const errors: Error[] = [];
    const enqueuer = new Enqueuer(
      { idCase: 'upper', envelope: 'auto', maxBodyBytes: MEBIBYTE },
      {
        lanes: [
          {
            async add([bulk]) {
              bulks.push((bulk?.jobs ?? []).map(({ id }) => Number(id)));
            },
          },
        ],
        partitions: makePartitions(1),
        onEnqueued: () => {},
        onAdd: () => {},
        onError: (error) => errors.push(error),
      },
    );
    const long = sized(MEBIBYTE);
    const huge = sized(5 * MEBIBYTE);
    enqueuer.push(
      Array.from({ length: 25 }, (_, id) => message(id, id < 10 ? long : id < 12 ? huge : '{}')),
      () => {},
      false,
    );
    await enqueuer.drained(60_000);
    expect(errors).toEqual([]);
    expect(bulks).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
      [10],
      [11],
      Array.from({ length: 13 }, (_, index) => 12 + index),
    ]);
  });
});

describe('messages in flight', () => {
  const { signal } = new AbortController();
  const batchOf = (from: number, body: string) =>
    Array.from({ length: 10 }, (_, index) => message(from + index, body));
  /** How many tens are let in before the next must wait. */
  const tensLetIn = async (inFlight: InFlight): Promise<number> => {
    let tens = 0;
    const next = async (): Promise<void> => {
      await inFlight.reserve(10, signal);
      tens += 1;
      return next();
    };
    next().catch(() => {});
    // Each that is let in at once takes a few turns of promises, and none takes a turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    return tens;
  };

  it('are as many as there are places while they are small', async () => {
    const inFlight = new InFlight(200, 60);
    await inFlight.reserve(10, signal);
    inFlight.admit(10, batchOf(0, '{}'), Date.now());
    expect(await tensLetIn(inFlight)).toBe(19);
  });

  it('are fewer when they are long, and go on when these have gone', async () => {
    const inFlight = new InFlight(1_280, 60);
    const body = 'x'.repeat(MEBIBYTE);
    for (const from of [0, 10, 20]) {
      await inFlight.reserve(10, signal);
      inFlight.admit(10, batchOf(from, body), Date.now());
    }
    // 30 MiB are held: of 64, three more tens have room.
    expect(await tensLetIn(inFlight)).toBe(3);
    expect(inFlight.free).toBe(1_280 - 60);
    // What waits is let in once the others are done.
    inFlight.done(Array.from({ length: 30 }, (_, id) => String(id)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(inFlight.free).toBe(1_280 - 60);
  });

  it('are one ten at least, however long they are', async () => {
    const inFlight = new InFlight(1_280, 60);
    await inFlight.reserve(10, signal);
    inFlight.admit(10, batchOf(0, 'x'.repeat(10 * MEBIBYTE)), Date.now());
    expect(await tensLetIn(inFlight)).toBe(0);
    const other = new InFlight(1_280, 60);
    await other.reserve(10, signal);
    other.admit(10, batchOf(0, 'x'.repeat(10 * MEBIBYTE)), Date.now());
    other.done(Array.from({ length: 10 }, (_, id) => String(id)));
    expect(await tensLetIn(other)).toBe(1);
  });
});
