/**
 * Every kind of problem this process answers with. The kind is the end of the problem's `type`, which programs
 * compare: a kind is never renamed. `means` is what `/problems/<kind>` and the API's document say about it.
 */
export const PROBLEM_KINDS = {
  'invalid-parameter': {
    statuses: [400],
    means: 'A parameter is missing, unknown, repeated or has a value it cannot have; `errors` names each.',
  },
  'detail-gone': {
    statuses: [400],
    means:
      'The range needs days that are only kept by month by now; `available_from` is the first day still kept by day.',
  },
  'range-too-large': {
    statuses: [400],
    means: 'The answer would be larger than one request may cost; ask for less and repeat.',
  },
  'unexpected-body': {
    statuses: [400],
    means: 'A GET or HEAD request carried a body, which nothing here reads.',
  },
  'bad-request': { statuses: [400], means: 'What arrived cannot be read as a request.' },
  unauthorized: { statuses: [401], means: 'Credentials are missing, unknown, expired or revoked.' },
  forbidden: { statuses: [403], means: 'The credentials are good, but not for this.' },
  'not-found': { statuses: [404], means: 'There is nothing at this path.' },
  'unknown-user': { statuses: [404], means: 'No order of this user was ever counted.' },
  'unknown-order': { statuses: [404], means: 'The history has no such order.' },
  'history-off': {
    statuses: [404],
    means: 'No history is kept here: DATABASE_URL, or HISTORY=embedded, switches it on.',
  },
  'method-not-allowed': {
    statuses: [405],
    means: 'The path exists, but not with this method; `Allow` lists them.',
  },
  'not-acceptable': {
    statuses: [406],
    means: 'None of the media types in `Accept` is one this path can answer in.',
  },
  'request-timeout': { statuses: [408], means: 'The request did not arrive in time.' },
  conflict: { statuses: [409], means: 'It cannot be done to this in the state it is in.' },
  'content-too-large': { statuses: [413], means: 'The body is larger than what is read here.' },
  'uri-too-long': { statuses: [414], means: 'The path and the query are longer than what is read here.' },
  'unsupported-media-type': { statuses: [415], means: 'The body is of a media type that is not read here.' },
  'too-many-requests': {
    statuses: [429],
    means: 'The rate limit is used up; `Retry-After` says how many seconds to wait.',
  },
  'headers-too-large': {
    statuses: [431],
    means: 'The request line and the headers are longer than what is read here.',
  },
  'internal-error': { statuses: [500], means: 'Something went wrong on this side, and it was logged.' },
  'total-out-of-range': {
    statuses: [500],
    means:
      'The total is larger than a JSON number carries to the cent, so it is not told; nothing is lost. Ask for a ' +
      'shorter range or for single users.',
  },
  'sqs-unavailable': {
    statuses: [503],
    means: 'SQS does not answer, or does not allow it; `detail` says what to do.',
  },
  'history-unavailable': {
    statuses: [503],
    means: 'PostgreSQL, where the history is kept, does not answer; the stats go on without it.',
  },
  'redis-unavailable': {
    statuses: [503],
    means: 'The store behind the stats does not answer; try again soon.',
  },
  overloaded: {
    statuses: [503],
    means: 'More requests are under way than are served at once; `Retry-After` says when to try again.',
  },
} as const satisfies Record<string, { statuses: readonly number[]; means: string }>;

export type ProblemKind = keyof typeof PROBLEM_KINDS;
