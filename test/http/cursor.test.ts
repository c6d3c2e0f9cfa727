import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCursor, writeCursor } from '../../src/http/stats/cursor.ts';
import { HttpProblem } from '../../src/http/transport/problem.ts';

const RANGE = { startDay: '2025-08-01', endDay: '2025-08-31' };
const position = fc.record({
  minorUnits: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  userId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }),
});

describe('a cursor', () => {
  it('gives back the position it was made of, and fits into a URL as it is', () => {
    fc.assert(
      fc.property(position, (at) => {
        const cursor = writeCursor(RANGE, at);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(readCursor(RANGE, cursor)).toEqual(at);
      }),
    );
  });

  it('is refused for another range', () => {
    fc.assert(
      fc.property(position, (at) => {
        const cursor = writeCursor(RANGE, at);
        for (const other of [
          { ...RANGE, startDay: '2025-07-31' },
          { ...RANGE, endDay: '2025-09-01' },
        ]) {
          expect(() => readCursor(other, cursor)).toThrow(HttpProblem);
        }
      }),
    );
  });

  it('made of anything else is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.base64String(), fc.string({ unit: 'binary' })), (text) => {
        expect(() => readCursor(RANGE, text)).toThrow(HttpProblem);
      }),
    );
  });

  it('of the longest id fits the length a cursor may have', () => {
    const cursor = writeCursor(RANGE, { minorUnits: Number.MAX_SAFE_INTEGER, userId: '🛒'.repeat(128) });
    expect(cursor.length).toBeLessThanOrEqual(1_000);
  });
});
