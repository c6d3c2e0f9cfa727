import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Accepted } from '../../src/orders/accepts.ts';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { digestOf, identityOf } from '../../src/orders/identity.ts';
import { InvalidOrder } from '../../src/orders/invalidOrder.ts';
import type { OrderRules } from '../../src/orders/order.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { RULES } from '../support/orders.ts';
import { RECEIVED_AT, where } from './parsing.ts';
import { type Judgement, judge } from './rulesModel.ts';

const ALL: Accepted[] = [
  'text_value',
  'epoch_time',
  'zero_quantity',
  'fractional_quantity',
  'loose_optional',
];

/** Every rule open and closed in many ways; a parser is made once for each. */
const RULE_SETS = [
  [],
  ALL,
  ...ALL.map((one) => [one]),
  ...ALL.map((one) => ALL.filter((other) => other !== one)),
];
const rules = fc.constantFrom(
  ...RULE_SETS.map((accepts, index) => {
    const chosen: OrderRules = {
      currency: 'USD',
      idCase: index % 3 === 0 ? 'preserve' : 'upper',
      maxItems: 4,
      maxOrderValue: index % 4 === 0 ? '30.00' : '1000000000.00',
      accepts,
      sumFields: [
        { path: ['tax'] as [string], sign: 1 as const },
        { path: ['discount'] as [string], sign: -1 as const },
      ].slice(0, index % 3),
    };
    return { chosen, parse: makeParseOrder(chosen) };
  }),
);

const odd = [undefined, null, '', ' ', true, [], {}, 'x', -1, 1.5, new ExactNumber('1e400')];
/** One in so many is what hardly anybody sends. */
const mostly = (good: unknown[], bad: unknown[]) =>
  fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...bad, ...odd) },
  );

const long = '820982911946154508';
const thousand = `1${'0'.repeat(21)}`;
const id = mostly(
  [
    'o1',
    'O1',
    ' o1\u200b',
    'jose\u0301',
    'JOS\u00c9',
    7,
    '7',
    long,
    new ExactNumber(long),
    thousand,
    new ExactNumber('1e21'),
  ],
  ['O\u200b1', 'O\u00001', Number(long), new ExactNumber('1.5e0000000000000000000')],
);
/** The same few amounts in many spellings, so that sums meet often. */
const price = mostly(
  [
    5,
    '5',
    '5.00',
    ' +5.0 ',
    new ExactNumber('5.000000000000000000'),
    2.5,
    '2.50',
    0,
    -0,
    '0.00',
    33.333,
    0.005,
    '0.0050',
    new ExactNumber('4.99999999999999999999'),
    1e-7,
    29.99,
  ],
  ['5,00', '1e2', 1e13],
);
const quantity = mostly([1, '1', 2, '2.0', 3], [0, '0', 0.5, '0.50', 0.125, 1.0001]);
const fraction = mostly([1, 0, '0', 0.5, '0.50', 0.125], [1.0001]);
const further = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(undefined, 0, 1.5, 5) }, price);
const time = mostly(
  ['2024-12-16T13:00:00Z', '20241216T130000Z', '2024-12-16T14:00:00+01:00[Europe/Paris]', undefined],
  [1_734_354_000, '1734354000000', '2024-02-30', '2024-W51-1', 0],
);
const line = (bought: fc.Arbitrary<unknown>) =>
  fc.record({ product_id: id, quantity: bought, price_per_unit: price });
const lines = fc.oneof(
  { weight: 6, arbitrary: fc.array(line(quantity), { minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.array(line(fraction), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.oneof(fc.array(line(quantity), { maxLength: 5 }), fc.constantFrom(...odd)) },
);

/** What the sum would be, so that most orders have a chance; and what it would be to somebody careless. */
const value: fc.Arbitrary<(cents: number) => unknown> = fc.constantFrom(
  ...Array(6).fill((cents: number) => cents / 100),
  (cents: number) => (cents / 100).toFixed(2),
  (cents: number) => new ExactNumber(`${(cents / 100).toFixed(2)}000000000000000000`),
  (cents: number) => (cents + 1) / 100,
);

const order = fc
  .record({
    order_id: id,
    user_id: id,
    items: lines,
    order_timestamp: time,
    currency: mostly(['USD', 'usd ', undefined], ['EUR', 840]),
    payment_method: mostly(['card', undefined], []),
    shipping_address: mostly(['here', undefined], []),
    tax: further,
    discount: further,
    value,
  })
  .map(({ value: spell, ...rest }) => ({ spell, rest }));

const seed = Number(process.env.SEED ?? Date.now() % 0x7fffffff);

/** The order with a value made of what it really adds up to; of what nobody can add up, some value. */
function withValue({ spell, rest }: { spell: (cents: number) => unknown; rest: object }, chosen: OrderRules) {
  const sum = judge({ ...rest, order_value: 0 }, chosen).sumCents ?? 1_000;
  return { ...rest, order_value: spell(sum) };
}

describe(`whatever random senders send (seed ${seed})`, () => {
  it('is judged as the rules say, written down a second time', () => {
    const endings = { counted: 0, refused: 0 };
    fc.assert(
      fc.property(rules, order, ({ chosen, parse }, drawn) => {
        const sent = withValue(drawn, chosen);
        const expected = judge(sent, chosen);
        try {
          const parsed = parse(sent, RECEIVED_AT);
          expect(expected.issues).toEqual([]);
          expect(parsed).toMatchObject(expected.read);
          endings.counted += 1;
        } catch (error) {
          if (!(error instanceof InvalidOrder)) throw error;
          expect(error.issues.map(where).sort()).toEqual(expected.issues);
          endings.refused += 1;
        }
      }),
      { numRuns: 1_000, seed },
    );
    expect(Math.min(endings.counted, endings.refused)).toBeGreaterThan(50);
  });

  it('is the same order exactly when what counts is the same', () => {
    const open = { ...RULES, accepts: ALL };
    const parse = makeParseOrder(open);
    const endings = { same: 0, other: 0 };
    const changed = fc.subarray(['order_id', 'items', 'order_timestamp', 'payment_method', 'currency']);
    fc.assert(
      fc.property(order, order, changed, (one, other, names) => {
        const taken = Object.fromEntries(names.map((name) => [name, other.rest[name as 'items']]));
        const sent = [one.rest, { ...one.rest, ...taken }].map((rest) =>
          withValue({ spell: (cents) => cents / 100, rest }, open),
        );
        const [first, second] = sent.map((each) => judge(each, open)) as [Judgement, Judgement];
        if (first.issues.length + second.issues.length > 0) return;
        const [a = '', b = ''] = sent
          .map((each) => parse(each, RECEIVED_AT))
          .map((each) => `${identityOf(each).toString('hex')} ${digestOf(each).toString('hex')}`);
        const isSame = first.content === second.content;
        expect(a === b).toBe(isSame);
        endings[isSame ? 'same' : 'other'] += 1;
      }),
      { numRuns: 1_000, seed },
    );
    expect(Math.min(endings.same, endings.other)).toBeGreaterThan(10);
  });
});
