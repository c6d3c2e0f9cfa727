import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type CsvRow, toCsv } from '../../src/runtime/csv.ts';

describe('CSV', () => {
  it('any text comes back whole, with one apostrophe in front when a spreadsheet might run it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        '=1',
        '+1',
        '-1',
        '@A',
        '\t=1',
        "'",
        "''=",
        '"',
        ',',
        ' ',
        '\r\n',
        'a\nb',
        '＝1',
        '=","',
        '\u00a0=1',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ id: text, amount: fc.integer() }), { maxLength: 5 }), (rows) => {
        const written = toCsv(['id', 'amount'], rows satisfies CsvRow[]);
        const read = parse(written, { columns: true, record_delimiter: '\r\n' }) as {
          id: string;
          amount: string;
        }[];
        expect(read.map(({ id, amount }) => ({ id: id.replace(/^'/, ''), amount: Number(amount) }))).toEqual(
          rows,
        );
        for (const { id } of read) expect(id).not.toMatch(/^[=+\-@\t\r＝＋－＠]/u);
      }),
    );
  });

  it('a negative number stays a number', () => {
    expect(toCsv(['n'], [{ n: -1.5 }])).toBe('n\r\n-1.5\r\n');
  });
});
