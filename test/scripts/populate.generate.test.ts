import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyProblem } from '../../src/cli/send/batches.ts';
import { messageCount } from '../../src/cli/send/deliver.ts';
import {
  type Expected,
  expectMessage,
  expectNothing,
  refusedCount,
  topSpenders,
} from '../../src/cli/send/expected.ts';
import { type GeneratedMessage, type GenerateOptions, generate } from '../../src/cli/send/generate.ts';
import { digestOf, identityOf } from '../../src/orders/identity.ts';
import type { IdCase } from '../../src/orders/ids.ts';
import { InvalidOrder, REFUSALS, type Refusal } from '../../src/orders/invalidOrder.ts';
import type { Order } from '../../src/orders/order.ts';
import { makeParseOrder, type ParseOrder } from '../../src/orders/parseOrder.ts';
import { RULES } from '../support/orders.ts';

const OPTIONS: GenerateOptions = {
  count: 2000,
  invalid: 0.1,
  duplicates: 0.05,
  users: 50,
  seed: 7,
  until: '2026-01-31',
};
const RECEIVED = '2026-02-01T00:00:00.000Z';

const messagesOf = (changes: Partial<GenerateOptions> = {}): GeneratedMessage[] => [
  ...generate({ ...OPTIONS, ...changes }),
];

function expectedOf(messages: readonly GeneratedMessage[]): Expected {
  const expected = expectNothing();
  for (const message of messages) expectMessage(expected, message);
  return expected;
}

const parserFor = (rules: { idCase?: IdCase; currency?: string } = {}) =>
  makeParseOrder({ ...RULES, ...rules });

/** The pipeline's own rules, up to the ledger: an order, or why there is none. */
function judge(body: string, parse: ParseOrder): Order | Refusal[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return ['invalid_json'];
  }
  try {
    return parse(value, RECEIVED);
  } catch (error) {
    if (error instanceof InvalidOrder) return error.issues.map((issue) => issue.code as Refusal);
    throw error;
  }
}

/** Counts like the pipeline, in plain memory: the first order of an identity counts, whichever arrives first. */
function play(messages: readonly GeneratedMessage[]) {
  const parse = parserFor();
  const ledger = new Map<string, string>();
  const outcome = expectNothing();
  for (const { body } of messages) {
    const judged = judge(body, parse);
    const order = Array.isArray(judged) ? undefined : judged;
    const identity = order && identityOf(order).toString('hex');
    const digest = order && digestOf(order).toString('hex');
    const known = identity && ledger.get(identity);
    if (identity && digest && !known) ledger.set(identity, digest);
    const reason = Array.isArray(judged) ? judged[0] : 'conflicting_duplicate';
    if (known && known === digest) expectMessage(outcome, { body, group: '', expect: 'duplicate' });
    else if (!order || known) {
      expectMessage(outcome, { body, group: '', expect: 'invalid', reason: reason as Refusal });
    } else {
      const day = order.timestamp === undefined ? undefined : order.day;
      const adds = { userId: order.userId, cents: order.minorUnits, day };
      expectMessage(outcome, { body, group: '', expect: 'counted', adds });
    }
  }
  return outcome;
}

describe('generated orders', () => {
  it('are byte-identical and in the same order for the same seed', () => {
    expect(messagesOf()).toEqual(messagesOf());
  });

  it.each([
    ['another seed', { seed: 8 }],
    ['another count', { count: 2001 }],
    ['another day', { until: '2026-01-30' }],
  ])('share no order id with those of %s', (_, changes) => {
    const ids = (messages: GeneratedMessage[]) =>
      messages.flatMap(({ body }) => body.match(/ORD-[0-9A-F]{6}/gi) ?? []).map((id) => id.toUpperCase());
    const others = new Set(ids(messagesOf(changes)));
    expect(ids(messagesOf()).filter((id) => others.has(id))).toEqual([]);
  });

  it('come in the numbers asked for', () => {
    const messages = messagesOf();
    const expected = expectedOf(messages);
    expect(messages).toHaveLength(2100);
    expect(messageCount(OPTIONS)).toBe(2100);
    expect(expected).toMatchObject({ messages: 2100, distinctOrders: 2000, duplicates: 100 });
    expect(expected.counted.orders).toBe(1800);
    expect(refusedCount(expected)).toBe(200);
  });

  it('are refused for every reason there is, about equally often', () => {
    const { refused } = expectedOf(messagesOf());
    for (const reason of REFUSALS) expect([18, 19]).toContain(refused[reason]);
  });

  it.each(['upper', 'preserve'] as const)('are each judged as foretold, with ids in %s case', (idCase) => {
    const parse = parserFor({ idCase });
    for (const { body, expect: outcome, reason, adds } of messagesOf({ invalid: 0.5, idCase })) {
      const judged = judge(body, parse);
      if (outcome === 'invalid' && reason !== 'conflicting_duplicate') {
        expect({ body, judged }).toEqual({ body, judged: [reason] });
      } else {
        expect({ body, judged }).toEqual({
          body,
          judged: expect.objectContaining({ items: expect.anything() }),
        });
      }
      if (!adds || Array.isArray(judged)) continue;
      const day = judged.timestamp && judged.day;
      expect({ userId: judged.userId, cents: judged.minorUnits, day }).toEqual(adds);
    }
  });

  it('use the currency that the pipeline adds up, and another one to be refused', () => {
    const parse = parserFor({ currency: 'EUR' });
    for (const { body, reason } of messagesOf({ invalid: 0.5, currency: 'EUR' })) {
      const judged = judge(body, parse);
      const refused = Array.isArray(judged) ? judged[0] : undefined;
      expect(refused).toBe(reason === 'conflicting_duplicate' ? undefined : reason);
    }
  });

  it('are all accepted by SQS', () => {
    expect(messagesOf({ invalid: 1 }).flatMap(({ body }) => bodyProblem(body) ?? [])).toEqual([]);
  });

  it('end in the same totals in whatever order they arrive', () => {
    const messages = messagesOf({ count: 300, invalid: 0.3, duplicates: 0.3, users: 20 });
    const foretold = expectedOf(messages);
    const anyOrder = fc.shuffledSubarray(messages, { minLength: messages.length });
    fc.assert(
      fc.property(anyOrder, (arrived) => {
        expect(play(arrived)).toEqual(foretold);
      }),
      { numRuns: 30 },
    );
  });

  it('end in the totals foretold for any options', () => {
    const share = fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10);
    const options = fc.record({
      count: fc.integer({ min: 1, max: 80 }),
      invalid: share,
      duplicates: share,
      users: fc.integer({ min: 1, max: 30 }),
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    });
    fc.assert(
      fc.property(options, (changes) => {
        const messages = messagesOf(changes);
        expect(messages).toHaveLength(messageCount({ ...OPTIONS, ...changes }));
        expect(play(messages)).toEqual(expectedOf(messages));
      }),
    );
  });

  it('are all refused and none sent again when the invalid share is 1', () => {
    const expected = expectedOf(messagesOf({ count: 100, invalid: 1, duplicates: 0.5 }));
    expect(expected).toMatchObject({ messages: 100, duplicates: 0, counted: { orders: 0, cents: 0 } });
    expect(expected.refused.conflicting_duplicate).toBe(0);
  });

  it('lie in the 60 days before the day given, those without a time apart', () => {
    const { days, undated, counted } = expectedOf(messagesOf());
    const sorted = [...days.keys()].sort();
    expect(sorted[0]).toBe('2025-12-02');
    expect(sorted.at(-1)).toBe('2026-01-30');
    const dated = [...days.values()].reduce((sum, day) => sum + day.cents, 0);
    expect(dated + undated.cents).toBe(counted.cents);
    expect(undated.orders).toBeGreaterThan(0);
  });

  it('give some users several times the spend of the middle one', () => {
    const ranked = topSpenders(expectedOf(messagesOf()), 50);
    const middle = ranked[25]?.cents ?? 0;
    expect(ranked[0]?.cents).toBeGreaterThan(4 * middle);
    expect(middle).toBeGreaterThan(0);
  });

  it('let two users carry the same order id, and both count', () => {
    const owners = new Map<string, Set<string>>();
    for (const { body, adds } of messagesOf({ count: 5000 })) {
      if (!adds) continue;
      const id = String(JSON.parse(body).order_id).trim().toUpperCase();
      owners.set(id, (owners.get(id) ?? new Set()).add(adds.userId));
    }
    expect([...owners.values()].filter((users) => users.size > 1).length).toBeGreaterThan(0);
  });
});
