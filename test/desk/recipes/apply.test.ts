import { describe, expect, it } from '@jest/globals';
import { apply } from '../../../src/desk/recipes/apply.ts';
import { recipe, type Step } from '../../../src/desk/recipes/recipe.ts';
import { parseExactly, writeExactly } from '../../../src/orders/exactJson.ts';
import { anOrder } from '../../support/orders.ts';

const LINE = { product_id: 'P', quantity: 1, price_per_unit: '12,50' };

/** What becomes of JSON text, as JSON text; a refusal as place and reason. */
function repaired(text: string, ...steps: Step[]): string {
  const made = apply(recipe.parse({ version: 1, steps }), parseExactly(text));
  return made.refusals
    ? made.refusals.map(({ path, why }) => `${path} ${why}`).join()
    : writeExactly(made.order);
}

describe('a step of a recipe', () => {
  it.each<[string, Step, string, string]>([
    ['a comma', { do: 'decimal_comma', at: 'a' }, '{"a":"12,50"}', '{"a":"12.50"}'],
    [
      'a comma and thousands',
      { do: 'decimal_comma', at: 'a' },
      '{"a":" -1.234.567,8 "}',
      '{"a":"-1234567.8"}',
    ],
    [
      'what is a number already',
      { do: 'decimal_comma', at: 'a' },
      '{"a":"12.50","b":"1,5"}',
      '{"a":"12.50","b":"1,5"}',
    ],
    [
      'a comma that is none',
      { do: 'decimal_comma', at: 'a' },
      '{"a":"1,2,3"}',
      'a is no number with a decimal comma',
    ],
    ['text', { do: 'text_to_number', at: 'a' }, '{"a":"12.50"}', '{"a":12.5}'],
    [
      'text of many digits',
      { do: 'text_to_number', at: 'a' },
      '{"a":"820982911946154508"}',
      '{"a":820982911946154508}',
    ],
    [
      'text of many decimals',
      { do: 'text_to_number', at: 'a' },
      '{"a":"0.10000000000000000001"}',
      '{"a":0.10000000000000000001}',
    ],
    [
      'text that is no number',
      { do: 'text_to_number', at: 'a' },
      '{"a":"12,50"}',
      'a is no text of a number',
    ],
    ['a missing field', { do: 'text_to_number', at: 'a.b' }, '{"c":1}', '{"c":1}'],
    ['a value', { do: 'set', at: 'a', value: 'EUR' }, '{"a":"eur","n":1e400}', '{"a":"EUR","n":1e400}'],
    ['a value that was not there', { do: 'set', at: 'a', value: 1 }, '{}', '{"a":1}'],
    ['a value below none', { do: 'set', at: 'a.b', value: 1 }, '{}', '{}'],
    ['a value in text', { do: 'set', at: 'a.b', value: 1 }, '{"a":"x"}', 'a is no object'],
    [
      'a name',
      { do: 'rename', at: 'l[*].qty', to: 'quantity' },
      '{"l":[{"qty":1},{"quantity":2}]}',
      '{"l":[{"quantity":1},{"quantity":2}]}',
    ],
    ['a name that is taken', { do: 'rename', at: 'a', to: 'b' }, '{"a":1,"b":2}', 'b is there already'],
    [
      'part of a text',
      { do: 'replace', at: 'a', find: '$', with: '$&' },
      '{"a":"$1$","b":"$"}',
      '{"a":"$&1$&","b":"$"}',
    ],
    [
      'to text',
      { do: 'cast', at: 'a', to: 'text' },
      '{"a":820982911946154508}',
      '{"a":"820982911946154508"}',
    ],
    ['a list to text', { do: 'cast', at: 'a', to: 'text' }, '{"a":[]}', 'a is a list or an object'],
    ['to a whole number', { do: 'cast', at: 'a', to: 'whole_number' }, '{"a":"5.0"}', '{"a":5}'],
    [
      'half to a whole number',
      { do: 'cast', at: 'a', to: 'whole_number' },
      '{"a":1.5}',
      'a is no whole number',
    ],
    [
      'to a time',
      { do: 'cast', at: 'a', to: 'time' },
      '{"a":1734354000}',
      '{"a":"2024-12-16T13:00:00.000Z"}',
    ],
    [
      'a day to a time',
      { do: 'cast', at: 'a', to: 'time' },
      '{"a":"tomorrow"}',
      'a is neither ISO 8601 nor a count of seconds since 1970',
    ],
    [
      'lines',
      { do: 'drop_line', at: 'l', where: 'q', equals: 0 },
      '{"l":[{"q":0.0},{"q":"0"},{"q":1}]}',
      '{"l":[{"q":"0"},{"q":1}]}',
    ],
    [
      'every line',
      { do: 'drop_line', at: 'l', where: 'q', equals: 0 },
      '{"l":[{"q":0}]}',
      'l would have no line left',
    ],
    ['a place in what is no list', { do: 'set', at: 'a[*]', value: 1 }, '{"a":{}}', 'a is no list'],
    ['another than the prototype', { do: 'set', at: '__proto__.x', value: 1 }, '{"a":1}', '{"a":1}'],
  ])('mends or refuses %s', (_, step, before, after) => {
    expect(repaired(before, step)).toBe(after);
  });

  it('adds the total up exactly, with what belongs to it besides', () => {
    const order = {
      order_value: '1',
      items: [
        { quantity: 3, price_per_unit: '0.1' },
        { quantity: '1', price_per_unit: 33.335 },
      ],
      tax: 1.05,
    };
    const recomputed = { version: 1, steps: [{ do: 'recompute_total' } as const] } as const;
    expect(apply({ ...recomputed, steps: [...recomputed.steps] }, order).order).toMatchObject({
      order_value: 33.64,
    });
    const withTax = apply({ ...recomputed, steps: [...recomputed.steps] }, order, [
      { path: ['tax'], sign: 1 },
    ]);
    expect(withTax.order).toMatchObject({ order_value: 34.69 });
    expect(repaired('{"items":[{"quantity":1}]}', ...recomputed.steps)).toBe(
      'items[0].price_per_unit is no number',
    );
  });

  it('keeps a field called __proto__ as one like any other', () => {
    const order = JSON.parse('{"__proto__":{"order_value":1},"order_value":"2"}');
    const { order: after } = apply(
      { version: 1, steps: [{ do: 'text_to_number', at: 'order_value' }] },
      order,
    );
    expect(JSON.stringify(after)).toBe('{"__proto__":{"order_value":1},"order_value":2}');
    const set = apply(
      { version: 1, steps: [{ do: 'rename', at: 'order_value', to: '__proto__' }] },
      { order_value: {} },
    );
    expect(Object.getPrototypeOf(set.order)).toBe(Object.prototype);
    expect(Object.hasOwn(set.order as object, '__proto__')).toBe(true);
    expect(set.changes?.[1]).toEqual({ path: '__proto__', before: undefined, after: {} });
  });

  it('tells each value that it changed, and none that it did not', () => {
    const order = anOrder({ items: [LINE, { ...LINE, price_per_unit: '7.00' }] });
    const { changes } = apply(
      { version: 1, steps: [{ do: 'decimal_comma', at: 'items[*].price_per_unit' }] },
      order,
    );
    expect(changes).toEqual([{ path: 'items[0].price_per_unit', before: '12,50', after: '12.50' }]);
  });

  it('mends an order of a megabyte', () => {
    const items = Array.from({ length: 20_000 }, () => LINE);
    const order = anOrder({ items });
    const steps: Step[] = [{ do: 'decimal_comma', at: 'items[*].price_per_unit' }, { do: 'recompute_total' }];
    const made = apply({ version: 1, steps }, order);
    expect(made.order).toMatchObject({ order_value: 250_000 });
    expect(made.changes).toHaveLength(20_001);
    expect(order).toEqual(anOrder({ items }));
  });
});

describe('a recipe', () => {
  it.each([
    [{ version: 2, steps: [{ do: 'recompute_total' }] }],
    [{ version: 1, steps: [] }],
    [{ version: 1, steps: [{ do: 'eval', at: 'x' }] }],
    [{ version: 1, steps: [{ do: 'set', at: '', value: 1 }] }],
    [{ version: 1, steps: [{ do: 'set', at: 'a..b', value: 1 }] }],
    [{ version: 1, steps: [{ do: 'set', at: '[0]', value: 1 }] }],
    [{ version: 1, steps: [{ do: 'set', at: 'a', value: {} }] }],
    [{ version: 1, steps: [{ do: 'set', at: 'a', value: Number('820982911946154508') }] }],
    [{ version: 1, steps: [{ do: 'recompute_total', also: 1 }] }],
    [{ version: 1, steps: [{ do: 'rename', at: 'a', to: 'b.c' }] }],
    [{ version: 1, steps: Array(21).fill({ do: 'recompute_total' }) }],
  ])('%j is none', (value) => {
    expect(recipe.safeParse(value).success).toBe(false);
  });
});
