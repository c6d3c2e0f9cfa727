import { HttpProblem } from '../http/transport/problem.ts';
import { type Container, wrapperOf } from './wrapper.ts';

/*
 * The board saves all of a job's data, also what somebody else has changed since it was opened. So each stored edit puts
 * its number into the data (`message.edits`), and data that carries another number than the stored one is refused.
 */

/**
 * The data to store: `data` as the edit after the one that is `stored`. An order pasted without `message` gets the stored
 * one, so that it still is dated by its message.
 *
 * @throws HttpProblem 409 when `data` is not made from what is stored
 */
export function revised(data: unknown, stored: unknown): Container {
  const now = revisionOf(stored);
  const wrapped = wrapperOf(data);
  if (wrapped?.message === undefined) {
    if (now > 0) throw conflict(NO_REVISION);
  } else if (revisionOf(data) !== now) {
    throw conflict(EDITED_SINCE);
  }
  const message = wrapped?.message ?? wrapperOf(stored)?.message;
  return { ...(wrapped?.data ?? { order: data }), message: { ...message, edits: now + 1 } };
}

function revisionOf(data: unknown): number {
  const edits = wrapperOf(data)?.message?.edits;
  return typeof edits === 'number' ? edits : 0;
}

const EDITED_SINCE = 'Somebody else has edited it since you opened it: reload and look again.';
const NO_REVISION =
  'It has been edited before, and without `message` nobody can tell whether you saw that: reload, and put the order ' +
  'into `order`.';

const conflict = (detail: string) => new HttpProblem(409, { kind: 'conflict', detail });
