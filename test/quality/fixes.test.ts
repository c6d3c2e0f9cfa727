import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { InvalidOrder, Issue } from '../../src/orders/invalidOrder.ts';
import type { Check } from '../../src/quality/check.ts';
import type { Finding } from '../../src/quality/finding.ts';
import { rulesPass, withFix, withProvenFixes } from '../../src/quality/fixes.ts';
import { explainTotal } from '../../src/quality/refusedTotal.ts';
import { anOrder } from '../support/orders.ts';
import { NOW, newReview, parse, RECEIVED_AT, withLines } from './judging.ts';

function issuesOf(order: unknown): readonly Issue[] {
  try {
    parse(order, RECEIVED_AT);
    return [];
  } catch (error) {
    return (error as InvalidOrder).issues;
  }
}

describe('a fix', () => {
  it('changes what it names and leaves the order as it was sent alone', () => {
    const sent = anOrder();
    const before = structuredClone(sent);
    const mended = withFix(sent, [{ path: 'items[1].quantity', value: 3 }]) as typeof sent;
    expect(sent).toEqual(before);
    expect((mended.items as { quantity: number }[]).map(({ quantity }) => quantity)).toEqual([5, 3]);
  });

  it.each(['items[7].quantity', 'items.quantity', 'order_id.x', '', '[0]', 'items[0', 'a.b.c.d.e.f.g.h.i'])(
    'that names no place is none: %s',
    (path) => expect(withFix(anOrder(), [{ path, value: 1 }])).toBeUndefined(),
  );

  it('of a field called __proto__ changes no prototype', () => {
    const mended = withFix({ order_id: 'A' }, [{ path: '__proto__', value: 1 }]);
    expect(Object.getPrototypeOf(mended)).toBe(Object.prototype);
    expect(withFix({ order_id: 'A' }, [{ path: '__proto__.polluted', value: 1 }])).toBeUndefined();
  });

  const finding = (fix: Finding['fix']): Finding => ({
    rule: 'few',
    version: 1,
    path: 'items[0].quantity',
    key: '',
    severity: 'warn',
    observed: '',
    expected: '',
    confidence: 1,
    ...(fix && { fix }),
  });
  const most: Check = {
    id: 'few',
    version: 1,
    family: 'own',
    judge: ({ items }) => ((items[0]?.quantity ?? 0) > 2 ? [finding(undefined)] : []),
  };

  it.each<[string, { path: string; value: number }[], boolean]>([
    [
      'that passes the rules and the checks',
      [
        { path: 'items[0].quantity', value: 2 },
        { path: 'order_value', value: 1400 },
      ],
      true,
    ],
    ['whose total is wrong', [{ path: 'items[0].quantity', value: 2 }], false],
    [
      'that the check still minds',
      [
        { path: 'items[0].quantity', value: 4 },
        { path: 'order_value', value: 1800 },
      ],
      false,
    ],
  ])('%s is shown or not', (_, fix, isShown) => {
    const proving = {
      parse,
      receivedAt: RECEIVED_AT,
      reviewer: newReview([most]).reviewer,
      circumstances: { now: NOW },
    };
    const [shown] = withProvenFixes(anOrder(), [finding(fix)], proving);
    expect(shown?.fix !== undefined).toBe(isShown);
  });
});

describe('a total that is off', () => {
  const explained = (order: Record<string, unknown>) => explainTotal(order, issuesOf(order));

  it.each([
    [3290.6, 'a digit too many in the total'],
    [32.96, 'the decimal point 1 place too far to the left in the total'],
    [32960, 'the decimal point 2 places too far to the right in the total'],
    [329.9, 'one digit wrong in the total'],
    [239.6, 'two digits in each other’s place in the total'],
    [333329.6, 'a digit repeated in the total'],
  ])('by one slip is mended: %d', (order_value, slip) => {
    const order = anOrder({ ...withLines(['P1', 4, 82.4]), order_value });
    expect(explained(order)).toEqual({ slip, fix: [{ path: 'order_value', value: 329.6 }] });
  });

  it('by one slip in a line is mended there', () => {
    const right = withLines(['P1', 3, 19.99], ['P2', 2, 40.5]);
    const order = anOrder({
      ...withLines(['P1', 3, 199.9], ['P2', 2, 40.5]),
      order_value: right.order_value,
    });
    expect(explained(order)?.fix).toEqual([{ path: 'items[0].price_per_unit', value: 19.99 }]);
  });

  it('by a line that has another price than its other line is mended there', () => {
    const right = withLines(['P1', 3, 19.99], ['P1', 2, 19.99]);
    const order = anOrder({
      ...withLines(['P1', 3, 19.99], ['P1', 2, 57.31]),
      order_value: right.order_value,
    });
    expect(explained(order)?.fix).toEqual([{ path: 'items[1].price_per_unit', value: 19.99 }]);
  });

  it('by anything else is left to a person', () => {
    expect(explained(anOrder({ order_value: 1234.56 }))).toBeUndefined();
    expect(explained(anOrder({ order_value: 0 }))).toBeUndefined();
  });

  it('is only ever mended into an order that passes', () => {
    const lines = fc.array(
      fc.tuple(
        fc.constantFrom('P1', 'P2', 'P3'),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 9_999_99 }).map((cents) => cents / 100),
      ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        lines,
        fc.integer({ min: 0, max: 1e9 }).map((cents) => cents / 100),
        (each, order_value) => {
          const order = anOrder({ ...withLines(...each), order_value });
          const fix = explained(order)?.fix;
          if (fix) expect(rulesPass(order, fix, { parse, receivedAt: RECEIVED_AT })).toBeDefined();
        },
      ),
      { numRuns: 500 },
    );
  });

  it('by a digit too many is mended to what it was', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 9_999_99 }),
        fc.nat(4),
        fc.integer({ min: 1, max: 9 }),
        (cents, at, digit) => {
          const digits = String(cents);
          const place = Math.min(at, digits.length - 2);
          const wrong = Number(digits.slice(0, place) + digit + digits.slice(place)) / 100;
          const order = anOrder({ ...withLines(['P1', 1, cents / 100]), order_value: wrong });
          expect(explained(order)?.fix).toEqual([{ path: 'order_value', value: cents / 100 }]);
        },
      ),
    );
  });
});
