import { describe, expect, it } from '@jest/globals';
import { makeBaselines } from '../../../src/quality/baselines/baselines.ts';
import type { Observation } from '../../../src/quality/baselines/observation.ts';
import { productsShape, restShape } from '../../../src/quality/baselines/packedForm.ts';
import { makeReviewer } from '../../../src/quality/review.ts';
import { NOW, orderOf, reviewing, type Wanted } from './orders.ts';

function started(options: { maxProducts?: number } = {}) {
  const baselines = makeBaselines({
    ...options,
    onObservation: (seen: Observation) => baselines.observe(seen),
  });
  const review = reviewing(baselines.checks);
  const several = (times: number, wanted: Wanted = {}) => {
    for (let at = 0; at < times; at += 1) review.count(orderOf(wanted));
  };
  return { baselines, ...review, several };
}

const known = (baselines: ReturnType<typeof started>['baselines']) =>
  JSON.stringify([...baselines.packParts(1_000)]);

describe('prices', () => {
  it('says of one ten times too high what it should be, and what the order then comes to', () => {
    const { several, judge } = started();
    several(30);
    expect(judge(orderOf({ lines: [{ price: 25, quantity: 2 }] }))).toMatchObject([
      {
        rule: 'price_unlike_product',
        path: 'items[0].price_per_unit',
        key: 'P100',
        observed: '25',
        from: 30,
        fix: [
          { path: 'items[0].price_per_unit', value: 2.5 },
          { path: 'order_value', value: 5 },
        ],
      },
    ]);
  });

  it('takes two tiers of a price for what they are', () => {
    const { several, judge } = started();
    several(30);
    several(30, { lines: [{ price: 5.25 }] });
    expect(judge(orderOf({ lines: [{ price: 2.5 }] }))).toEqual([]);
    expect(judge(orderOf({ lines: [{ price: 5.25 }] }))).toEqual([]);
    expect(judge(orderOf({ lines: [{ price: 3.75 }] }))).toEqual([]);
  });

  it('tells nothing of a difference of a few cents, whatever the ratio', () => {
    const { several, judge } = started();
    several(30, { lines: [{ price: 0.04 }] });
    expect(judge(orderOf({ lines: [{ price: 0.004 }] }))).toEqual([]);
  });

  it('tells a new level of a product once, within ten orders', () => {
    const { several, count } = started();
    several(60);
    const told = Array.from({ length: 40 }, () => count(orderOf({ lines: [{ price: 3.75 }] })));
    const at = told.findIndex((findings) => findings.length > 0);
    expect(at).toBeLessThan(10);
    expect(told.flat().map(({ rule }) => rule)).toEqual(['price_level_moved']);
  });

  it('tells a new level of a product that has several prices, some of them near an old one', () => {
    const { several, count } = started();
    const price = (at: number) => [3.3, 3.3, 2.5][at % 3] as number;
    for (let at = 0; at < 60; at += 1) several(1, { lines: [{ price: price(at) }] });
    const told = Array.from({ length: 15 }, (_, at) =>
      count(orderOf({ lines: [{ price: Math.round(140 * price(at)) / 100 }] })),
    ).slice(0, 10);
    expect(told.flat()).toMatchObject([{ rule: 'price_level_moved', expected: '2.5 to 3.3', from: 60 }]);
  });

  it('takes a few orders at other prices between the usual ones for life', () => {
    const { several, count } = started();
    several(60);
    const told = Array.from({ length: 40 }, (_, at) =>
      count(orderOf({ lines: [{ price: at % 4 === 0 ? 2.5 : 3.75 }] })),
    );
    expect(told.slice(0, 3).flat()).toEqual([]);
    expect(told.flat()).toEqual([]);
  });

  it('does not learn what it told, until different users make it real', () => {
    const { several, count } = started();
    several(60);
    const times = (user: (at: number) => string) =>
      Array.from(
        { length: 12 },
        (_, at) => count(orderOf({ user: user(at), lines: [{ price: 250 }] })).length,
      );
    expect(times(() => 'U99')).toEqual(Array(12).fill(1));
    const others = times((at) => `U${50 + at}`);
    expect(others[0]).toBe(1);
    expect(others.at(-1)).toBe(0);
  });

  it('says of an order whose prices are all a hundred times too high that all are', () => {
    const { several, judge } = started();
    const lines = (factor: number) =>
      [1, 2, 3, 4].map((at) => ({ product: `P20${at}`, price: at * factor, quantity: 3 }));
    several(40, { lines: lines(1) });
    const findings = judge(orderOf({ lines: lines(100) }));
    expect(findings).toContainEqual(
      expect.objectContaining({ path: 'items', key: 'all prices of an order' }),
    );
  });

  it('leaves lines alone that have whatever price comes', () => {
    const { count, judge } = started();
    for (let at = 0; at < 60; at += 1)
      count(orderOf({ lines: [{ product: 'POST', price: 1 + ((at * 7_919) % 40_000) / 10, quantity: 1 }] }));
    expect(judge(orderOf({ lines: [{ product: 'POST', price: 20, quantity: 1 }] }))).toEqual([]);
  });

  it('tells of a fee only what lies far outside of all that was paid, not a shifted decimal point', () => {
    const { count, judge } = started();
    for (let at = 0; at < 60; at += 1)
      count(
        orderOf({ lines: [{ product: 'POST', price: [18, 15, 28, 40][at % 4] as number, quantity: 1 }] }),
      );
    const paid = (price: number) => judge(orderOf({ lines: [{ product: 'POST', price, quantity: 1 }] }));
    expect(paid(150)).toEqual([]);
    expect(paid(1_800)).toMatchObject([{ rule: 'price_unlike_product', expected: '15 to 40' }]);
  });
});

describe('quantities', () => {
  it('tells one a hundred times too great, with the fix', () => {
    const { several, judge } = started();
    several(40, { lines: [{}, { product: 'P101' }, { product: 'P102' }, { product: 'P103' }] });
    const order = orderOf({
      lines: [{ quantity: 600 }, { product: 'P101' }, { product: 'P102' }, { product: 'P103' }],
    });
    expect(judge(order)).toMatchObject([
      { rule: 'quantity_unlike_product', path: 'items[0].quantity', fix: [{ value: 6 }, { value: 60 }] },
    ]);
  });

  it('takes hundreds sooner for a slip than what is no round number', () => {
    const { several, rules } = started();
    const lines = (quantity: number) => [
      { quantity },
      ...['P101', 'P102', 'P103'].map((product) => ({ product, quantity: 2 })),
    ];
    several(40, { lines: lines(2) });
    expect(rules(orderOf({ lines: lines(144) }))).toEqual([]);
    expect(rules(orderOf({ lines: lines(100) }))).toEqual(['quantity_unlike_product']);
    expect(rules(orderOf({ lines: lines(288) }))).toEqual(['quantity_unlike_product']);
  });

  it('knows of a lone line whether a shop ever sells so much of anything', () => {
    const lone = (quantity: number) => orderOf({ user: 'U99', lines: [{ quantity }] });
    const small = started();
    for (let at = 0; at < 600; at += 1) small.count(orderOf({ lines: [{ quantity: 1 + (at % 14) }] }));
    expect(small.rules(lone(14))).toEqual([]);
    expect(small.rules(lone(300))).toEqual(['quantity_unlike_product']);
    const great = started();
    for (let at = 0; at < 600; at += 1)
      great.count(orderOf({ lines: [{ quantity: at % 20 === 0 ? 288 : 1 + (at % 14) }] }));
    expect(great.rules(lone(300))).toEqual([]);
  });

  it('takes the order of a wholesaler for one', () => {
    const { several, rules } = started();
    const lines = (quantity: number) =>
      ['P100', 'P101', 'P102', 'P103'].map((product) => ({ product, quantity }));
    several(40, { lines: lines(2) });
    expect(rules(orderOf({ lines: lines(240) }))).toEqual([]);
  });

  it('sees that price and quantity were swapped', () => {
    const { several, judge } = started();
    several(40, { lines: [{ price: 12.75, quantity: 4 }] });
    expect(judge(orderOf({ lines: [{ price: 4, quantity: 13 }] }))).toMatchObject([
      {
        rule: 'price_quantity_swapped',
        fix: [
          { path: 'items[0].price_per_unit', value: 12.75 },
          { path: 'items[0].quantity', value: 4 },
          { path: 'order_value', value: 51 },
        ],
      },
    ]);
  });
});

describe('identifiers, payment methods and places', () => {
  it('tells ids of a shape that was never seen, by their shape', () => {
    const { count, judge } = started();
    for (let at = 0; at < 60; at += 1) count(orderOf({ lines: [{ product: `P${100 + at}` }] }));
    expect(judge(orderOf({ order: 'A-1' }))).toMatchObject([
      { rule: 'order_id_unlike', key: 'A-9', path: 'order_id' },
    ]);
    expect(judge(orderOf({ user: 'nobody' }))).toMatchObject([{ key: 'aaaaaa', observed: 'aaaaaa' }]);
    expect(judge(orderOf({ lines: [{ product: '9' }] }))).toMatchObject([
      { rule: 'product_id_unlike', key: '9' },
    ]);
  });

  it('says nothing of shapes where ids have none', () => {
    const { count, rules } = started();
    const id = (at: number) => ((at + 1) * 2_654_435_761).toString(36).repeat(2);
    for (let at = 0; at < 200; at += 1) count(orderOf({ order: id(at) }));
    expect(rules(orderOf({ order: id(1_000) }))).toEqual([]);
  });

  it('knows which product an id is cut off from', () => {
    const { count, judge } = started();
    for (let at = 0; at < 300; at += 1)
      count(
        orderOf({
          lines: [
            { product: `85${100 + (at % 50)}${at % 3 === 0 ? '' : 'ABC'[at % 3]}`, price: 1 + (at % 50) },
          ],
        }),
      );
    const findings = judge(orderOf({ lines: [{ product: '8510', price: 1 }] }));
    expect(findings).toMatchObject([{ path: 'items[0].product_id', key: '9999' }]);
  });

  it('names the payment method that was meant', () => {
    const { several, judge } = started();
    several(80);
    several(80, { payment: 'CREDITCARD' });
    expect(judge(orderOf({ payment: 'CREDITCRAD' }))).toMatchObject([
      { rule: 'payment_method_unseen', fix: [{ path: 'payment_method', value: 'CREDITCARD' }] },
    ]);
    expect(judge(orderOf({ payment: 'BLACKMONEY' }))[0]).not.toHaveProperty('fix');
  });

  it('tells a town in another region, and keeps no word of an address', () => {
    const { several, judge, baselines } = started();
    several(20, { address: '12 Mill Lane, Leeds, West Yorkshire LS1 4DY, United Kingdom' });
    several(20, { address: 'Jane Doe, Norwich, Norfolk, United Kingdom' });
    expect(judge(orderOf({ address: '3 Park Row, Leeds, Norfolk, United Kingdom' }))).toMatchObject([
      { rule: 'places_unlike', key: 'LEEDS, NORFOLK', observed: 'LEEDS in NORFOLK' },
    ]);
    expect(known(baselines)).not.toMatch(/leeds|norfolk|jane|mill lane|U1\d/i);
  });

  it('goes by what most say of a place, whoever came first', () => {
    const { several, judge, count } = started();
    const at = (place: string) => orderOf({ address: `1 High Street, ${place}` });
    count(at('Leeds, Norfolk'));
    several(30, { address: '1 High Street, Leeds, Yorkshire' });
    several(30, { address: '1 High Street, Norwich, Norfolk' });
    expect(judge(at('Leeds, Norfolk'))).toMatchObject([{ rule: 'places_unlike', key: 'LEEDS, NORFOLK' }]);
    expect(judge(at('Leeds, Yorkshire'))).toEqual([]);
    // There is one in both.
    for (let nth = 0; nth < 20; nth += 1)
      for (const place of ['Richmond, Yorkshire', 'Richmond, Norfolk']) count(at(place));
    for (const place of ['Richmond, Yorkshire', 'Richmond, Norfolk']) expect(judge(at(place))).toEqual([]);
  });

  it('learns that there is a town of that name elsewhere, from three users or one label', () => {
    const at = (place: string, user: string) => orderOf({ user, address: `1 High Street, ${place}` });
    const told = (label: boolean) => {
      const { baselines, count } = started();
      for (let order = 0; order < 30; order += 1) {
        count(at('Rochester, New York', `U${order % 7}`));
        count(at('Duluth, Minnesota', `U${order % 7}`));
      }
      const findings = ['U1', 'U1', 'U2', 'U3', 'U4', 'U5'].map((user, nth) => {
        if (label && nth === 1) baselines.readmit('places_unlike', 'ROCHESTER, MINNESOTA');
        return count(at('Rochester, Minnesota', user)).length;
      });
      expect(count(at('Rochester, New York', 'U6'))).toEqual([]);
      return findings;
    };
    expect(told(false)).toEqual([1, 1, 1, 1, 0, 0]);
    expect(told(true)).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('keeps every town of a name, however often people say of one that it is real', () => {
    const { baselines, count, rules } = started();
    const states = Array.from({ length: 10 }, (_, at) => `State of ${String.fromCharCode(65 + at)}`);
    const at = (state: string) => orderOf({ address: `1 High Street, Salem, ${state}` });
    for (let order = 0; order < 200; order += 1) count(at('Oregon'));
    for (const state of states)
      for (let order = 0; order < 10; order += 1)
        count(orderOf({ address: `1 High Street, Capital of ${state.at(-1)}, ${state}` }));
    for (const state of states) baselines.readmit('places_unlike', `SALEM, ${state.toUpperCase()}`);
    for (let label = 0; label < 20; label += 1) baselines.readmit('places_unlike', 'SALEM, STATE OF A');
    expect(states.flatMap((state) => rules(at(state)))).toEqual([]);
  });

  it('tells a sender that leaves a field out once, within 200 orders', () => {
    const { several, count } = started();
    several(400);
    const told = [];
    for (let at = 0; at < 600; at += 1) {
      const findings = count(orderOf(at % 5 === 0 ? { payment: undefined } : {}));
      told.push(...findings.map(({ rule, key }) => ({ rule, key, at })));
    }
    expect(told).toMatchObject([{ rule: 'field_goes_missing', key: 'payment_method' }]);
    expect(told[0]?.at).toBeLessThan(200);
  });
});

describe('what is too long for a page', () => {
  const long = (end: string) => `${'PAID BY '.repeat(40)}${end}`;
  const region = (end: string) => `${'Region of '.repeat(11)}${end}`;
  it.each([
    ['payment_method_unseen', { payment: long('BARTER') }, { payment: long('BARTEL') }],
    ['payment_method_unseen', { payment: 'BAR\u200dTER' }, { payment: 'BAR\u2060TER' }],
    [
      'places_unlike',
      { address: `1 High Street, ${region('Leeds')}, ${region('Norfolk')}` },
      { address: `1 High Street, ${region('Leeds')}, ${region('Suffolk')}` },
    ],
  ] satisfies [string, Wanted, Wanted][])(
    'is learned of %s by the key of its finding, and no other value with it: %j',
    (rule, bad, other) => {
      const { baselines, several } = started();
      several(200);
      for (const town of [region('Leeds'), 'Leeds'])
        several(40, { address: `1 High Street, ${town}, Yorkshire` });
      for (const county of ['Norfolk', 'Suffolk'])
        several(40, { address: `1 High Street, ${county} Town, ${region(county)}` });
      const reviewer = makeReviewer(baselines.checks);
      const keyOfIt = (wanted: Wanted) => reviewer.review(orderOf(wanted), { now: NOW })[0]?.key ?? '';
      const [key, otherKey] = [keyOfIt(bad), keyOfIt(other)];
      expect(key).not.toBe(otherKey);
      expect(key.length).toBeLessThanOrEqual(200);
      baselines.readmit(rule, key);
      baselines.readmit(rule, key);
      expect([keyOfIt(bad), keyOfIt(other)]).toEqual(['', otherKey]);
      if (rule !== 'payment_method_unseen') return;
      baselines.reset(rule, key);
      expect(keyOfIt(bad)).toBe(key);
    },
  );
});

describe('bad days', () => {
  it('forgets one product alone, or all of a rule', () => {
    const { several, judge, rules, baselines } = started();
    several(5, { lines: [{ price: 250 }, { product: 'P101' }] });
    expect(rules(orderOf())).toEqual(['price_unlike_product']);
    baselines.reset('price_unlike_product', 'P100');
    expect(judge(orderOf())).toEqual([]);
    several(30);
    expect(rules(orderOf({ lines: [{ price: 250 }] }))).toEqual(['price_unlike_product']);
    expect(rules(orderOf({ lines: [{ product: 'P101', price: 250 }] }))).toEqual(['price_unlike_product']);
    baselines.reset('price_unlike_product', undefined);
    expect(judge(orderOf({ lines: [{ product: 'P101', price: 250 }] }))).toEqual([]);
  });

  it.each([
    ['order_id_unlike', { order: 'BAD-1' }, 'AAA-9'],
    ['user_id_unlike', { user: 'bad.1' }, 'aaa.9'],
    ['product_id_unlike', { lines: [{ product: 'bad/1' }] }, 'aaa/9'],
    ['payment_method_unseen', { payment: 'BAD' }, 'BAD'],
  ] satisfies [string, Wanted, string][])(
    'forgets of %s one shape that a bad day taught',
    (rule, bad, key) => {
      const { count, several, rules, baselines } = started();
      for (let at = 0; at < 200; at += 1) count(orderOf({ lines: [{ product: `P${100 + (at % 60)}` }] }));
      baselines.readmit(rule, key);
      baselines.readmit(rule, key);
      expect(rules(orderOf(bad))).not.toContain(rule);
      const others = ['order_id_unlike', 'user_id_unlike', 'product_id_unlike', 'payment_method_unseen'];
      for (const other of others.filter((each) => each !== rule)) baselines.reset(other, key);
      expect(rules(orderOf(bad))).not.toContain(rule);
      baselines.reset(rule, key);
      expect(rules(orderOf(bad))).toContain(rule);
      // Half-way to be taken for real, which begins anew as well. Of an id three orders are enough, of others five.
      const half = rule === 'product_id_unlike' ? 2 : 4;
      several(half, bad);
      baselines.reset(rule, key);
      several(half, bad);
      expect(rules(orderOf(bad))).toContain(rule);
      expect(rules(orderOf({ lines: [{ product: 'P100' }] }))).toEqual([]);
      // Of all: nothing is known, so nothing is odd, until enough was seen again.
      baselines.reset(rule, undefined);
      expect(rules(orderOf(bad))).not.toContain(rule);
      for (let at = 0; at < 200; at += 1) count(orderOf({ lines: [{ product: `Q${200 + at}` }] }));
      expect(rules(orderOf(bad))).toContain(rule);
    },
  );

  it('speaks of ways to pay again after a day on which there were too many to tell', () => {
    const { several, count, rules, baselines } = started();
    for (let at = 0; at < 200; at += 1) count(orderOf({ payment: `WAY${at % 90}` }));
    several(200);
    expect(rules(orderOf({ payment: 'BAD' }))).toEqual([]);
    baselines.reset('payment_method_unseen', undefined);
    several(200);
    expect(rules(orderOf({ payment: 'BAD' }))).toEqual(['payment_method_unseen']);
  });

  it('forgets of places one that a bad day taught, or all', () => {
    const { several, rules, baselines } = started();
    several(20, { address: '1 High Street, Leeds, Norfolk, United Kingdom' });
    several(20, { address: '1 High Street, Norwich, Norfolk, United Kingdom' });
    several(20, { address: '1 High Street, York, West Yorkshire, United Kingdom' });
    const [leeds, norwich] = ['Leeds', 'Norwich'].map(
      (town) => () => rules(orderOf({ address: `1 High Street, ${town}, West Yorkshire, United Kingdom` })),
    ) as [() => string[], () => string[]];
    expect([leeds(), norwich()]).toEqual([['places_unlike'], ['places_unlike']]);
    baselines.reset('places_unlike', 'LEEDS, WEST YORKSHIRE');
    expect([leeds(), norwich()]).toEqual([[], ['places_unlike']]);
    baselines.reset('places_unlike', undefined);
    expect([leeds(), norwich()]).toEqual([[], []]);
  });

  it('forgets of fields that one field, of one sender, or all', () => {
    const { several, count, baselines } = started();
    // A day on which hardly any order had either: that is what is usual then, and a rise is none.
    const learn = (wanted: Wanted) => {
      for (const order of ['WEB', 'POS'])
        for (let at = 0; at < 300; at += 1) count(orderOf({ order: `${order}-${1_000 + at}`, ...wanted }));
    };
    learn({ payment: undefined, address: undefined });
    const usualOf = () => {
      const [rest] = [...baselines.packParts(1)] as unknown as [{ watches: [string, [number][]][] }];
      return Object.fromEntries(
        rest.watches.map(([source, all]) => [source, all.map(([observations]) => observations)]),
      );
    };
    expect(usualOf()).toEqual({ '': [600, 600, 600], WEB: [300, 300, 300], POS: [300, 300, 300] });
    baselines.reset('field_goes_missing', 'payment_method of WEB');
    expect(usualOf()).toEqual({ '': [600, 600, 600], WEB: [0, 300, 300], POS: [300, 300, 300] });
    baselines.reset('field_goes_missing', 'shipping_address');
    expect(usualOf()).toEqual({ '': [600, 0, 600], WEB: [0, 300, 300], POS: [300, 300, 300] });
    baselines.reset('field_goes_missing', 'no_field of WEB');
    baselines.reset('field_goes_missing', 'payment_method of NOBODY');
    expect(usualOf()).toEqual({ '': [600, 0, 600], WEB: [0, 300, 300], POS: [300, 300, 300] });
    baselines.reset('field_goes_missing', undefined);
    expect(usualOf()).toEqual({});
    several(1);
  });

  it('takes the last word of labels that contradict each other', () => {
    const { several, count, rules, baselines } = started();
    several(150);
    const strange = () => orderOf({ payment: 'GIFTCARD' });
    count(strange());
    baselines.readmit('payment_method_unseen', 'GIFTCARD');
    baselines.readmit('payment_method_unseen', 'GIFTCARD');
    expect(rules(strange())).toEqual([]);
    baselines.reset('payment_method_unseen', 'GIFTCARD');
    expect(rules(strange())).toEqual(['payment_method_unseen']);
    baselines.readmit('no_such_rule', 'GIFTCARD');
    baselines.readmit('price_unlike_product', 'no such product');
    expect(rules(strange())).toEqual(['payment_method_unseen']);
  });

  it('does not care for clocks', () => {
    const [right, wrong] = [started(), started()];
    for (let at = 0; at < 300; at += 1) {
      const wanted: Wanted = {
        order: String(1_000 + at),
        user: `U${at % 9}`,
        lines: [{ price: at % 50 === 0 ? 99 : 2.5 }],
      };
      right.count(orderOf(wanted), NOW);
      wrong.count(orderOf(wanted), NOW + (at % 2 === 0 ? 1 : -1) * 365 * 86_400_000);
    }
    expect(known(wrong.baselines)).toBe(known(right.baselines));
  });

  it('keeps as many products as it has room for, the last ones', () => {
    const { baselines, judge, rules } = started({ maxProducts: 1_000 });
    for (let at = 0; at < 1_000_000; at += 20) {
      const line = (_: unknown, more: number) => ({
        product: `P${10_000_000 + at + more}`,
        price: 2,
        quantity: 1,
        flagged: 0,
      });
      baselines.observe({
        user: at,
        source: '',
        orderMask: '999999',
        userMask: 'A99',
        lacks: 0,
        payment: 'PAYPAL',
        chain: [],
        lines: [
          ...Array.from({ length: 20 }, line),
          ...(at % 500 === 0 ? [{ ...line(0, 0), product: 'P20000000' }] : []),
        ],
      });
    }
    expect(baselines.warmth().products).toBe(1_000);
    const isKnown = (product: string) =>
      rules(orderOf({ lines: [{ product, price: 200 }] })).includes('price_unlike_product');
    expect(isKnown('P10999999')).toBe(true);
    expect(judge(orderOf({ lines: [{ product: 'P20000000', price: 200 }] }))[0]?.from).toBe(2_000);
    // Of the last thousand one is an old one that comes again and again.
    expect([isKnown('P20000000'), isKnown('P10999001'), isKnown('P10999000')]).toEqual([true, true, false]);
  });
});

it('says on how much of what it judges it has an opinion', () => {
  const { several, judge, baselines } = started();
  several(5);
  several(5);
  judge(orderOf({ lines: [{}, { product: 'P999' }] }));
  expect(baselines.warmth()).toEqual({ lines: 12, warmLines: 6, products: 1 });
});

it('knows itself again from what it packed', () => {
  const { several, count, baselines } = started();
  several(300, { lines: [{}, { product: 'P7', price: 3 }] });
  // Something of all that is set aside.
  several(30, { address: '1 High Street, Rochester, New York' });
  several(30, { address: '1 High Street, Duluth, Minnesota' });
  for (const user of ['U1', 'U2', 'U3', 'U4'])
    count(orderOf({ user, address: '1 High Street, Rochester, Minnesota' }));
  count(orderOf({ address: '1 High Street, Duluth, New York' }));
  count(orderOf({ lines: [{ price: 99 }, { product: 'P7', price: 3, quantity: 90_000 }] }));
  baselines.readmit('quantity_unlike_product', 'P7');
  count(
    orderOf({
      lines: [
        { product: 'odd/one', price: 3 },
        { product: 'P7', quantity: 9_000_000 },
      ],
    }),
  );
  count(orderOf({ user: 'somebody.else', payment: 'BLACKMONEY' }));
  const [rest, ...products] = JSON.parse(known(baselines));
  expect([restShape.safeParse(rest).error, productsShape.safeParse(products.flat()).error]).toEqual([
    undefined,
    undefined,
  ]);
  for (const kept of ['"also"', '"odd"', '"oddPrices"', '"oddQuantity"', '"admitted"', 'odd/one', '"since"'])
    expect(known(baselines)).toContain(kept);
  const other = makeBaselines({ onObservation: () => {} });
  other.load({ ...rest, products: products.flat() });
  expect(known(other)).toBe(known(baselines));
});
