import { createHash } from 'node:crypto';
import type { DayRange, Position } from '../../stats/figures.ts';
import { type HttpProblem, invalidParameters } from '../transport/problem.ts';

/**
 * Where a list of users goes on, as text that clients hand back unread. It carries a digest of itself and of the
 * range it belongs to, so a cursor that was changed or comes from another query is refused and never quietly lists
 * something else. The digest needs no secret: whoever makes one up learns only what the list shows anyway.
 */
export function writeCursor(range: DayRange, { minorUnits, userId }: Position): string {
  const position = `${minorUnits}:${userId}`;
  return Buffer.concat([digest(range, position), Buffer.from(position)]).toString('base64url');
}

/** Throws a problem that names `cursor` when it is not one of ours, or not of this range. */
export function readCursor(range: DayRange, cursor: string): Position {
  const position = Buffer.from(cursor, 'base64url').subarray(DIGEST_BYTES).toString();
  const [, minorUnits, userId] = /^(\d{1,16}):(.+)$/su.exec(position) ?? [];
  if (minorUnits !== undefined && userId !== undefined) {
    const read = { minorUnits: Number(minorUnits), userId };
    // Written again it must be the same text: base64 has spare bits, and UTF-8 bytes that are none are replaced.
    if (writeCursor(range, read) === cursor) return read;
  }
  throw refused(cursor);
}

function refused(cursor: string): HttpProblem {
  return invalidParameters([
    {
      parameter: 'cursor',
      rule: 'cursor',
      message: 'must be the next_cursor of an earlier answer for the same range, unchanged',
      received: cursor.length > 60 ? `${cursor.slice(0, 57)}…` : cursor,
    },
  ]);
}

const DIGEST_BYTES = 9;

function digest({ startDay, endDay }: DayRange, position: string): Buffer {
  return createHash('sha256')
    .update(`users ${startDay} ${endDay} ${position}`)
    .digest()
    .subarray(0, DIGEST_BYTES);
}
