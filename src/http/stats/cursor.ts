import { createHash } from 'node:crypto';
import type { DayRange, Position } from '../../stats/figures.ts';
import { type HttpProblem, invalidParameters } from '../transport/problem.ts';

/**
 * Where a list goes on, as text that clients hand back unread. It carries a digest of itself and of the list that it
 * belongs to, so a cursor that was changed or comes from another query is refused and never quietly lists something else.
 * The digest needs no secret: whoever makes one up learns only what the list shows anyway.
 */
export const cursorOf = (list: string, position: string): string =>
  Buffer.concat([digest(list, position), Buffer.from(position)]).toString('base64url');

/** The position in a cursor. Throws a problem that names `cursor` when it is none of this list. */
export function positionIn(list: string, cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').subarray(DIGEST_BYTES).toString();
  // Written again it must be the same text: base64 has spare bits, and UTF-8 bytes that are none are replaced.
  if (cursorOf(list, position) === cursor) return position;
  throw refused(cursor);
}

const usersOf = ({ startDay, endDay }: DayRange): string => `users ${startDay} ${endDay}`;

/** Of the users of a range. */
export const writeCursor = (range: DayRange, { minorUnits, userId }: Position): string =>
  cursorOf(usersOf(range), `${minorUnits}:${userId}`);

export function readCursor(range: DayRange, cursor: string): Position {
  const position = positionIn(usersOf(range), cursor);
  const [, minorUnits, userId] = /^(\d{1,16}):(.+)$/su.exec(position) ?? [];
  if (minorUnits !== undefined && userId !== undefined) return { minorUnits: Number(minorUnits), userId };
  throw refused(cursor);
}

function refused(cursor: string): HttpProblem {
  return invalidParameters([
    {
      parameter: 'cursor',
      rule: 'cursor',
      message: 'must be the next_cursor of an earlier answer to the same question, unchanged',
      received: cursor.length > 60 ? `${cursor.slice(0, 57)}…` : cursor,
    },
  ]);
}

const DIGEST_BYTES = 9;

const digest = (list: string, position: string): Buffer =>
  createHash('sha256').update(`${list} ${position}`).digest().subarray(0, DIGEST_BYTES);
