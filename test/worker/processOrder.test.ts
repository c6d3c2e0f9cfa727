import { describe, expect, it } from '@jest/globals';
import { VALUE_UNKNOWN } from '../../src/orders/identity.ts';
import { InvalidOrder } from '../../src/orders/invalidOrder.ts';
import type { Order, OrderRules } from '../../src/orders/order.ts';
import { makeParseOrder, type ParseOrder } from '../../src/orders/parseOrder.ts';
import type { InboxEnvelope } from '../../src/queue/envelope.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import type { Recorded } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { type Outcome, processOrder } from '../../src/worker/processOrder.ts';
import { anOrder, RULES } from '../support/orders.ts';

const partitions = makePartitions(4);
const home = partitions.of('U0001');
const elsewhere = partitions.all.find(({ index }) => index !== home.index) as Partition;
const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
const ADDED_AT = Date.UTC(2025, 5, 6);

interface Story {
  /** Every step that was taken, in order. */
  steps: string[];
  recorded: Order[];
  end: Promise<Outcome>;
}

function process(
  data: unknown,
  {
    partition = home,
    ending = () => Promise.resolve<Recorded>({ outcome: 'counted' }),
    move = () => Promise.resolve(),
    rules = RULES,
    envelope = 'auto',
  }: {
    partition?: Partition;
    ending?: () => Promise<Recorded>;
    move?: () => Promise<void>;
    rules?: OrderRules;
    envelope?: InboxEnvelope;
  } = {},
): Story {
  const parse = makeParseOrder(rules);
  const steps: string[] = [];
  const recorded: Order[] = [];
  const parsing: ParseOrder = (value, receivedAt) => {
    steps.push(`parse, received ${receivedAt}`);
    return parse(value, receivedAt);
  };
  const end = processOrder(data, ADDED_AT, {
    id: MESSAGE.id,
    partition,
    partitions,
    parse: parsing,
    reading: { envelope, maxBodyBytes: DEFAULT_MAX_BODY_BYTES },
    record: (one) => {
      steps.push(`record ${one.orderId}`);
      recorded.push(one);
      return ending();
    },
    move: (to) => {
      steps.push(`move to ${to.index}`);
      return move();
    },
  });
  return { steps, recorded, end };
}

const job = (order: unknown) => ({ order, message: MESSAGE });

describe('an order', () => {
  it.each(['counted', 'duplicate'] as const)('ends as %s when the record says so', async (outcome) => {
    const { end, steps } = process(job(anOrder()), { ending: () => Promise.resolve({ outcome }) });
    expect(await end).toEqual({ outcome });
    expect(steps).toEqual(['parse, received 2025-03-04T05:06:07.000Z', 'record ORD1237']);
  });

  it('without a timestamp counts on the day SQS received it', async () => {
    const { end, recorded } = process(job(anOrder({ order_timestamp: undefined })));
    await end;
    expect(recorded[0]).toMatchObject({ day: '2025-03-04', timestamp: undefined });
  });

  it('without a timestamp or a message counts on the day its job was added', async () => {
    const { end, recorded } = process(anOrder({ order_timestamp: undefined }));
    await end;
    expect(recorded[0]?.day).toBe('2025-06-06');
  });

  it('kept as text is read from it', async () => {
    const { end } = process({ raw: JSON.stringify(anOrder()), message: MESSAGE });
    expect(await end).toEqual({ outcome: 'counted' });
  });
});

describe('an order of another partition', () => {
  it('is moved there and not recorded here', async () => {
    const { end, steps } = process(job(anOrder()), { partition: elsewhere });
    expect(await end).toEqual({ outcome: 'moved', to: home.index });
    expect(steps.slice(1)).toEqual([`move to ${home.index}`]);
  });

  it('is moved there when INBOX_ENVELOPE has come to name where it is', async () => {
    const { end, steps } = process(job({ data: anOrder() }), { partition: elsewhere, envelope: ['data'] });
    expect(await end).toEqual({ outcome: 'moved', to: home.index });
    expect(steps.at(-1)).toBe(`move to ${home.index}`);
  });

  it('stays here to be tried again when it could not be moved', async () => {
    const { end, recorded } = process(job(anOrder()), {
      partition: elsewhere,
      move: () => Promise.reject(new Error('Redis is away')),
    });
    await expect(end).rejects.toThrow('Redis is away');
    expect(recorded).toEqual([]);
  });

  it('is not moved while it is invalid: nobody would find it there', async () => {
    const { end, steps } = process(job(anOrder({ order_value: 1 })), { partition: elsewhere });
    await expect(end).rejects.toThrow(InvalidOrder);
    expect(steps).toHaveLength(1);
  });
});

describe('an order that can never count', () => {
  it.each([
    ['text that is not JSON', { raw: '{broken', message: MESSAGE }, 'invalid_json'],
    ['too much text', { raw: 'x'.repeat(300_000), message: MESSAGE }, 'too_large'],
    ['null', job(null), 'not_an_object'],
    ['no data at all', undefined, 'not_an_object'],
    ['a wrong total', job(anOrder({ order_value: 1 })), 'order_value_mismatch'],
  ])('is refused before anything is recorded: %s', async (_, data, reason) => {
    const { end, recorded } = process(data);
    const error = await end.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidOrder);
    expect((error as InvalidOrder).reasons).toEqual([reason]);
    expect(recorded).toEqual([]);
  });

  it.each([
    ['150.05', 15_005],
    ['0.00', 0],
    ['over 42949672.94', VALUE_UNKNOWN],
  ])('names both values when it was counted with other content: %s', async (counted, recordedMinorUnits) => {
    const { end } = process(job(anOrder()), {
      ending: () => Promise.resolve({ outcome: 'conflict', recordedMinorUnits }),
    });
    const error = (await end.catch((thrown: unknown) => thrown)) as InvalidOrder;
    expect(error).toBeInstanceOf(InvalidOrder);
    expect(error.message).toBe(
      'conflicting_duplicate: order ORD1237 of user U0001 was already counted with other content: ' +
        `order_value ${counted} then, 2000.00 now`,
    );
    expect(error.issues).toMatchObject([{ path: 'order_id', expected: counted, received: '2000.00' }]);
  });
});

describe('an order that was counted with other content', () => {
  it('is told where the difference must be when the values are the same', async () => {
    const { end } = process(job(anOrder()), {
      ending: () => Promise.resolve({ outcome: 'conflict', recordedMinorUnits: 200_000 }),
    });
    const error = (await end.catch((thrown: unknown) => thrown)) as InvalidOrder;
    expect(error.message).toBe(
      'conflicting_duplicate: order ORD1237 of user U0001 was already counted with the same order_value 2000.00, ' +
        'but its items, currency or time differ',
    );
    expect(error.issues).toEqual([
      { code: 'conflicting_duplicate', path: 'order_id', message: expect.any(String) },
    ]);
  });
});

describe('what was taken for missing', () => {
  const rules: OrderRules = { ...RULES, accepts: ['loose_optional'] };
  const sent = anOrder({ payment_method: '', shipping_address: { street: '321 Pine St' } });

  it.each(['counted', 'duplicate'] as const)('is noted on the job that ends as %s', async (outcome) => {
    const { end } = process(job(sent), { rules, ending: () => Promise.resolve({ outcome }) });
    expect(await end).toEqual({
      outcome,
      notes: [
        'payment_method counts as missing: it is blank',
        'shipping_address counts as missing: it is of type object',
      ],
    });
  });
});

describe('a fault that may pass', () => {
  it('is no InvalidOrder, so that the order is tried again', async () => {
    const fault = new Error('WRONGTYPE');
    const { end } = process(job(anOrder()), { ending: () => Promise.reject(fault) });
    expect(await end.catch((thrown: unknown) => thrown)).toBe(fault);
  });
});
