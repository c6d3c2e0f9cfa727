import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lineAt, placesIn, withValues } from '../../src/web/kit/jsonPlaces.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('the lines of an order that is being edited', () => {
  const text = [
    '{',
    '  "order_id": "O",',
    '  "items": [',
    '    {"a": 1}, {',
    '      "a":',
    '2}',
    '  ]',
    '}',
  ].join('\n');

  it.each([
    ['', 0],
    ['order_id', 1],
    ['items', 2],
    ['items[0].a', 3],
    ['items[1]', 3],
    ['items[1].a', 4],
    ['items[1].quantity', 3],
    ['items[7].quantity', 2],
    ['user_id', 0],
  ])('has %j on line %i', (path, line) => {
    expect(lineAt(placesIn(text), path)).toBe(line);
  });

  it.each([
    ['', 0],
    ['{\n"a": 1,\n}', 2],
    ['{\n"a"\n: 1\n"b": 2}', 3],
    ['{"a": 1}\n\n}', 2],
    ['[1,\n2', 1],
    ['{"a":\n"x\ty"}', 1],
    ['01', 0],
    ["{'a': 1}", 0],
  ])('stops being JSON in %j on line %i', (broken, line) => {
    expect(placesIn(broken).brokenAt).toBe(line);
  });

  it('takes the last of two fields of a name, as it is read', () => {
    expect(lineAt(placesIn('{"a": 1,\n"a": 2}'), 'a')).toBe(1);
  });

  it('is not stopped by what is nested deeper than anybody edits', () => {
    expect(placesIn('['.repeat(200_000)).brokenAt).toBeUndefined();
  });

  it('is JSON when JSON.parse says so', () => {
    const pieces = fc.constantFrom(
      ...'{}[],:"'.split(''),
      '"a"',
      '1',
      '-0.5e3',
      'true',
      'null',
      ' ',
      '\n',
      '\\',
      '\u0001',
    );
    const almost = fc.array(pieces, { maxLength: 12 }).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(almost, fc.json()), (any) => {
        expect([any, placesIn(any).brokenAt === undefined]).toEqual([any, isJson(any)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a text with other values', () => {
  const text = '{ "total": 1.10, "items": [{"n": 12345678901234567890}, {"n": 2}], "total": 3 }';
  it('keeps every digit of all that is not changed', () => {
    const edits = [
      { path: 'items[1].n', value: 25 },
      { path: 'total', value: '4"' },
    ];
    expect(withValues(text, edits)).toBe(
      '{ "total": 1.10, "items": [{"n": 12345678901234567890}, {"n": 25}], "total": "4\\"" }',
    );
  });
  it('is none where a place is not there', () => {
    expect(withValues(text, [{ path: 'items[2].n', value: 1 }])).toBeUndefined();
    expect(withValues('no JSON', [{ path: 'total', value: 1 }])).toBeUndefined();
  });
});
