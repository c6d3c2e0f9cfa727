import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apply } from '../../../src/desk/recipes/apply.ts';
import { recipe, type Step } from '../../../src/desk/recipes/recipe.ts';
import { parseExactly, writeExactly } from '../../../src/orders/exactJson.ts';

const NAMES = ['order_value', 'items', 'user_id', 'tax', 'totals', '__proto__', 'constructor', 'toString'];
const name = fc.constantFrom(...NAMES);
const place = fc.oneof(
  name,
  fc.tuple(name, name).map(([a, b]) => `${a}.${b}`),
  fc.tuple(name, name).map(([a, b]) => `${a}[*].${b}`),
  fc.tuple(name, name).map(([a, b]) => `${a}[1].${b}`),
);
const scalar = fc.oneof(
  fc.constantFrom('1', '12,50', '1.234,5', ' 7 ', '0', 'abc', '', null, true, 0, -0, 12.5, '1734354000'),
  fc.double({ noNaN: true, min: -(2 ** 53 - 1), max: 2 ** 53 - 1 }),
  fc.string({ maxLength: 5 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  place.map((at) => ({ do: 'decimal_comma' as const, at })),
  place.map((at) => ({ do: 'text_to_number' as const, at })),
  fc.record({ do: fc.constant('set' as const), at: place, value: scalar }),
  fc.record({ do: fc.constant('rename' as const), at: place, to: name }),
  fc.record({
    do: fc.constant('cast' as const),
    at: place,
    to: fc.constantFrom('text' as const, 'whole_number' as const, 'time' as const),
  }),
  fc.constant({ do: 'recompute_total' as const }),
  fc.record({ do: fc.constant('drop_line' as const), at: place, where: name, equals: scalar }),
  fc.record({
    do: fc.constant('replace' as const),
    at: place,
    find: fc.constantFrom(',', 'a', ' '),
    with: fc.constantFrom('', '.'),
  }),
);
/** Objects of the same few names, as JSON text makes them. */
const order = fc
  .letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('object'), { maxLength: 3 }), tie('object')),
    object: fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }),
  }))
  .object.map((pairs) => parseExactly(textOf(pairs)));

function textOf(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  const isPairs = value.every((each) => Array.isArray(each) && typeof each[0] === 'string');
  if (!isPairs) return `[${value.map(textOf).join()}]`;
  return `{${value.map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner)}`).join()}}`;
}

const PARAMETERS = {
  numRuns: 1_000,
  verbose: 0,
  ...(process.env.SEED ? { seed: Number(process.env.SEED) } : {}),
};
const text = (value: unknown) => writeExactly(value) ?? 'nothing';

// fast-check prints the seed with what it found.
describe('whatever the recipe and the order', () => {
  const made = (steps: Step[], value: unknown) => apply(recipe.parse({ version: 1, steps }), value);

  it('the order itself stays as it is, and nothing gets into what all objects share', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), order, (steps, value) => {
        const before = text(value);
        made(steps, value);
        expect(text(value)).toBe(before);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      PARAMETERS,
    );
  });

  it('a step taken twice does what it does taken once', () => {
    fc.assert(
      fc.property(step, order, (one, value) => {
        const once = made([one], value);
        if (once.refusals) return;
        const twice = made([one], once.order);
        expect([twice.refusals, text(twice.order)]).toEqual([undefined, text(once.order)]);
        expect(twice.changes).toEqual([]);
      }),
      PARAMETERS,
    );
  });

  it('only what it names is another, and every change is told', () => {
    fc.assert(
      fc.property(step, order, (one, value) => {
        const { order: after, changes } = made([one], value);
        if (!changes) return;
        if (changes.length === 0) expect(after).toBe(value);
        const top = 'at' in one ? one.at.split(/[.[]/)[0] : 'order_value';
        const named = new Set([top, ...(one.do === 'rename' && one.at === top ? [one.to] : [])]);
        for (const key of new Set([...Object.keys(value as object), ...Object.keys(after as object)])) {
          if (named.has(key)) continue;
          const [was, is] = [value, after].map((each) => Object.getOwnPropertyDescriptor(each, key)?.value);
          expect(is).toBe(was);
        }
      }),
      PARAMETERS,
    );
  });
});
