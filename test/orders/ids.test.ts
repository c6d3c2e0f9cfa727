import { describe, expect, it } from '@jest/globals';
import { issuesOf, parsed, refused } from './parsing.ts';

const ID_FIELDS = ['order_id', 'user_id'] as const;

describe.each(ID_FIELDS)('%s', (name) => {
  const idOf = (value: unknown, idCase: 'upper' | 'preserve' = 'upper') => {
    const order = parsed({ [name]: value }, { idCase });
    return name === 'order_id' ? order.orderId : order.userId;
  };

  it.each([
    { sent: '  u0001\t\n', id: 'U0001' },
    { sent: 'Straße-ä', id: 'STRASSE-Ä' },
    { sent: '\u00a0u1\u2003', id: 'U1' },
    { sent: '\ufeffu1', id: 'U1' },
    { sent: 'with space', id: 'WITH SPACE' },
    { sent: '注文-12', id: '注文-12' },
    { sent: 'a:b{c}*', id: 'A:B{C}*' },
  ])('takes $sent as $id', ({ sent, id }) => {
    expect(idOf(sent)).toBe(id);
  });

  it('keeps its case when told to, but is trimmed all the same', () => {
    expect(idOf(' aB1 ', 'preserve')).toBe('aB1');
  });

  it.each([
    { sent: 42, id: '42' },
    { sent: 0, id: '0' },
    { sent: -0, id: '0' },
    { sent: -7, id: '-7' },
    { sent: Number.MAX_SAFE_INTEGER, id: '9007199254740991' },
    { sent: 1e3, id: '1000' },
  ])('takes the whole number $sent as its text', ({ sent, id }) => {
    expect(idOf(sent)).toBe(id);
  });

  it('is refused as a number that JSON has already rounded, with the way out', () => {
    const [issue] = refused({ [name]: 2 ** 53 }).issues;
    expect(issue).toMatchObject({ code: 'out_of_range', path: name, expected: 'string' });
    expect(issue?.message).toContain('send it as a string');
  });

  it.each([
    ['missing', undefined, 'missing_field'],
    ['null', null, 'missing_field'],
    ['empty', '', 'missing_field'],
    ['blank', ' \t\u00a0', 'missing_field'],
    ['a fraction', 1.5, 'wrong_type'],
    ['a boolean', true, 'wrong_type'],
    ['an array', ['U1'], 'wrong_type'],
    ['an object', { id: 'U1' }, 'wrong_type'],
    ['past the range of doubles', 1e308, 'out_of_range'],
    ['with a NUL inside', 'U\u00001', 'out_of_range'],
    ['with a line break inside', 'U\n1', 'out_of_range'],
    ['with an escape character', 'U\u001b[31m', 'out_of_range'],
    ['with a C1 control character', 'U\u00851', 'out_of_range'],
    ['with DEL', 'U\u007f1', 'out_of_range'],
    ['with a lone high surrogate', 'U\ud83d', 'out_of_range'],
    ['with a lone low surrogate', '\ude001', 'out_of_range'],
    ['with surrogates the wrong way round', 'U\ude00\ud83d', 'out_of_range'],
  ])('is refused when %s', (_, value, code) => {
    expect(issuesOf({ [name]: value })).toEqual([`${code} at ${name}`]);
  });

  it.each([
    ['letters', 'x'],
    ['emoji, which are two UTF-16 units each', '😀'],
  ])('is taken with 128 %s and refused with 129', (_, character) => {
    expect(idOf(character.repeat(128))).toBe(character.repeat(128).toUpperCase());
    expect(issuesOf({ [name]: character.repeat(129) })).toEqual([`too_large at ${name}`]);
  });

  it('is measured after trimming', () => {
    expect(idOf(`  ${'x'.repeat(128)}  `)).toHaveLength(128);
  });

  it('is measured as it is counted, when upper-casing makes it longer', () => {
    expect(issuesOf({ [name]: 'ß'.repeat(65) })).toEqual([`too_large at ${name}`]);
  });

  it('is shown clipped, however long it was', () => {
    const { message, stack } = refused({ [name]: 'x'.repeat(100_000) });
    expect(message.length).toBeLessThan(200);
    expect(stack?.length).toBeLessThan(300);
  });

  it('never puts a control character or broken Unicode into the reasons', () => {
    const { message, stack } = refused({
      [name]: `\u001b[31m\u0000\ud83d\u0085\u007f${'😀'.repeat(50)}`,
    });
    expect(`${message}${stack?.replaceAll('\n', '')}`).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  });
});

it('spells ids of one order independently of each other', () => {
  expect(issuesOf({ order_id: '', user_id: 1.5 })).toEqual([
    'missing_field at order_id',
    'wrong_type at user_id',
  ]);
});
