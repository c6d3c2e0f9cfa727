import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { normaliseId } from '../../src/orders/ids.ts';
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
    { sent: 'Jose\u0301', id: 'JOS\u00c9' },
    { sent: 'D8\u200b', id: 'D8' },
    { sent: '\u200b \ufeff\u00ad\u2060\u180e D8 \u200d\u200e\ufe0f\u3164\u2800\u2028', id: 'D8' },
    { sent: '\u01f0', id: 'J\u030c' },
    { sent: '\u03b1\u0301\u0345', id: '\u0386\u0399' },
    { sent: '\u212b\u2126', id: '\u00c5\u03a9' },
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
    { sent: new ExactNumber('820982911946154508'), id: '820982911946154508' },
    { sent: new ExactNumber('-9007199254740993'), id: '-9007199254740993' },
    { sent: new ExactNumber('9'.repeat(128)), id: '9'.repeat(128) },
    { sent: new ExactNumber('9007199254740993.0'), id: '9007199254740993' },
    { sent: new ExactNumber('1e21'), id: `1${'0'.repeat(21)}` },
    { sent: new ExactNumber('1.20E+21'), id: `12${'0'.repeat(20)}` },
    { sent: new ExactNumber('0.12e22'), id: `12${'0'.repeat(20)}` },
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
    ['a fraction of many digits', new ExactNumber('820982911946154508.5'), 'wrong_type'],
    ['a fraction by its exponent', new ExactNumber('82098291194615450812e-1'), 'wrong_type'],
    ['a number of 129 digits', new ExactNumber('9'.repeat(129)), 'too_large'],
    ['a number of a million zeros', new ExactNumber('1e1000000'), 'wrong_type'],
    ['nothing but what nobody sees', '\u200b\ufeff \u00ad', 'missing_field'],
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
    ['D\u200b8', 'U+200B (zero width space)'],
    ['D\u00ad8', 'U+00AD (soft hyphen)'],
    ['D\u20608', 'U+2060 (word joiner)'],
    ['D\ufeff8', 'U+FEFF (zero width no-break space)'],
    ['D\u180e8', 'U+180E (mongolian vowel separator)'],
    ['D\u200d8', 'U+200D (zero width joiner)'],
    ['D\u202e8', 'U+202E (right-to-left override)'],
    ['\u2764\ufe0fD8', 'U+FE0F (variation selector-16)'],
    ['D\u{e0100}8', 'U+E0100 (variation selector-17)'],
    ['D\u{e0041}8', 'U+E0041 (tag character)'],
    ['D\u034f8', 'U+034F (combining grapheme joiner)'],
    ['D\u31648', 'U+3164 (hangul filler)'],
    ['D\u28008', 'U+2800 (braille pattern blank)'],
    ['D\u20288', 'U+2028 (line separator)'],
    ['D\u{110bd}8', 'U+110BD'],
  ])('is refused with something inside that nobody sees, by its name: %j', (sent, named) => {
    expect(refused({ [name]: sent }).message).toBe(
      `out_of_range: ${name} must not contain the invisible character ${named}`,
    );
  });

  it('shows by number what nobody sees', () => {
    expect(refused({ [name]: 'D\u200b8\u202e9' }).issues[0]?.received).toBe('"D\\u200b8\\u202e9"');
  });

  it.each([
    ['letters', 'x'],
    ['emoji, which are two UTF-16 units each', '😀'],
  ])('is taken with 128 %s and refused with 129', (_, character) => {
    expect(idOf(character.repeat(128))).toBe(character.repeat(128).toUpperCase());
    expect(issuesOf({ [name]: character.repeat(129) })).toEqual([`too_large at ${name}`]);
  });

  it.each([
    ['blanks inside', `U${' '.repeat(200_000)}1`],
    ['blanks of many kinds inside', `U${' \u00a0\u200b'.repeat(60_000)}1`],
    ['blanks alone', ' \u200b'.repeat(100_000)],
    ['accents', 'e\u0301'.repeat(100_000)],
    ['zeros behind a point', new ExactNumber(`1.${'0'.repeat(200_000)}1`)],
    ['digits', new ExactNumber('1'.repeat(200_000))],
  ])('costs no more than its length when it is full of %s', (_, sent) => {
    // Looked at anew from every place in it, one of these takes longer than a test may.
    expect(refused({ [name]: sent }).issues).toHaveLength(1);
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

describe('the spelling of an id', () => {
  const marks = [
    '\u0301',
    '\u0345',
    '\u0327',
    '\u200b',
    '\u034f',
    ' ',
    '\u00a0',
    '\ufe0f',
    'ß',
    '\u01f0',
    '\u0390',
    'ı',
    '\u1e9e',
  ];
  const id = fc
    .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 4 }), fc.constantFrom(...marks)), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const idCase = fc.constantFrom('upper' as const, 'preserve' as const);

  it('is its own spelling, and that of every other way to compose it', () => {
    fc.assert(
      fc.property(id, idCase, (sent, chosen) => {
        const spelled = normaliseId(sent, chosen);
        expect(normaliseId(spelled, chosen)).toBe(spelled);
        expect(normaliseId(sent.normalize('NFD'), chosen)).toBe(spelled);
        expect(normaliseId(` \u200b${sent}\ufeff\t`, chosen)).toBe(spelled);
      }),
      { numRuns: 2_000 },
    );
  });
});
