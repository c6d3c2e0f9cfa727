import * as z from 'zod';
import { fileAnswer, NO_FILE, operation } from './operation.ts';
import { cursor, day, limit, noParameters, oneOf, search } from './parameters.ts';
import * as answers from './storyAnswers.ts';
import { AUDIT_CHANGE, desk } from './storyOperations.ts';

const filters = {
  who: search(
    'Who did it: a part of the name or the address, or `user`, `key`, `command`, `open`.',
    'anna',
  ).optional(),
  what: search('A part of the action.', 'edit').optional(),
  since: day('First day, UTC.', '2026-05-01').optional(),
  until: day('Last day, UTC; it counts too.', '2026-05-31').optional(),
  order: search(
    'The id of a message or job; or a part of the filter, the reason or the run.',
    '0f4c1f6e-8d0a-4c39-9d9f-0e7a1a2b3c4d',
  ).optional(),
};

/** The log of who changed what. It can be read, and nothing else. */
export const auditOperations = {
  audit: operation({
    ...desk,
    path: '/desk/api/audit',
    summary: 'Who changed what by hand, the newest first',
    description:
      'A change for each intent, with what came of it. An outcome that was written more than 1,000 entries after its ' +
      'intent may be missing on a page after the first; the export has every entry. A page may hold fewer changes than ' +
      '`limit` and be followed by others.',
    query: z.strictObject({
      ...filters,
      batches: oneOf(['with', 'without'])
        .meta({
          description:
            'Whether each batch of a run is told too, or the run alone: with where an order, a run or a batch is asked for, else without.',
          examples: ['without'],
        })
        .optional(),
      limit: limit(100),
      cursor: cursor.optional(),
    }),
    answer: answers.auditPage,
    example: { changes: [AUDIT_CHANGE], next_cursor: null },
    problems: ['not-found'],
    next: ({ next_cursor }) => next_cursor,
  }),
  auditExport: operation({
    ...desk,
    path: '/desk/api/audit/export',
    summary: 'All of it as a file, the batches of runs included',
    description:
      '`jsonl`: every entry of the changes that match as it is kept, oldest first, with `id`, `prev`, `hash` and `text`; ' +
      'the hash is SHA-256 of `prev`, a line feed and `text`. `csv`: a change on each line, once it has ended.',
    query: z.strictObject({
      ...filters,
      format: oneOf(['csv', 'jsonl']).default('csv').meta({ description: 'What kind of file.' }),
    }),
    answer: fileAnswer,
    example: NO_FILE,
    files: ['text/csv', 'application/x-ndjson'],
  }),
  auditChain: operation({
    ...desk,
    path: '/desk/api/audit/chain',
    summary: 'Whether the log is whole',
    description: 'Reads all of it, and checks that each entry continues the one before it.',
    query: noParameters,
    answer: answers.auditChain,
    example: {
      state: 'whole',
      entries: 12,
      oldest: '2026-05-01T10:00:00.000Z',
      kept_days: 400,
      gaps: [],
      sentence: 'The log is whole: each of its 12 entries continues the one before it.',
    },
  }),
};
