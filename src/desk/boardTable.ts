/** What the desk does itself when the board's page asks for it. */
export type BoardAction =
  | 'edit'
  | 'retry'
  | 'retry all'
  | 'promote'
  | 'promote all'
  | 'delay'
  | 'pause'
  | 'pause all'
  | 'resume'
  | 'resume all';

export type BoardChange = { method: 'put' | 'post' | 'patch'; route: string } & (
  | { does: BoardAction }
  /** It is refused; says what to do instead. */
  | { instead: string }
);

/** Routes of Bull Board that only read. */
export const BOARD_READS: readonly string[] = [
  '/',
  '/metrics-history',
  '/job-schedulers',
  '/queue/:queueName',
  '/queue/:queueName/:jobId',
  '/api/redis/stats',
  '/api/queues',
  '/api/job-schedulers',
  '/api/queues/:queueName/metrics',
  '/api/queues/:queueName/default-job-options',
  '/api/queues/:queueName/workers',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/job-data-schema',
  '/api/queues/:queueName/:jobId/logs',
  '/api/queues/:queueName/:jobId/flow',
  '/api/queues/:queueName/:jobId',
  '/api/metrics/history',
  '/api/metrics/history/usage',
  '/api/metrics/latency',
];

/** Those of them that read one job. Bull Board asks Redis for whatever key stands under the id. */
export const BOARD_JOB_READS = BOARD_READS.filter((route) => /^\/api\/.*\/:jobId/.test(route));

const KEEP =
  'Orders are not deleted here: their messages are gone from SQS, so nothing could bring them back. Repair the ' +
  'data of a failed order and retry it, or leave it: it stays until FAILED_RETENTION_DAYS, if that is set.';
const SPEED =
  'How many orders are worked on at once is one setting for the whole fleet: order-pipeline concurrency. To stop them, pause the queue.';
const ONLY_MESSAGES =
  'Orders come in by SQS only, which is how each is counted once. Send the order as a message to the inbox.';
const NO_SCHEDULERS = 'There are no schedulers here: every order comes from a message.';

/**
 * Every route of the installed Bull Board that changes something, in its order, and what becomes of it here: a test
 * holds the table to the board. What is in neither table is refused, so that another version opens nothing.
 */
export const BOARD_CHANGES: readonly BoardChange[] = [
  { method: 'put', route: '/api/queues/pause', does: 'pause all' },
  { method: 'put', route: '/api/queues/resume', does: 'resume all' },
  { method: 'post', route: '/api/queues/:queueName/add', instead: ONLY_MESSAGES },
  { method: 'put', route: '/api/queues/:queueName/retry/:queueStatus', does: 'retry all' },
  { method: 'put', route: '/api/queues/:queueName/promote', does: 'promote all' },
  { method: 'put', route: '/api/queues/:queueName/clean/:queueStatus', instead: KEEP },
  { method: 'put', route: '/api/queues/:queueName/pause', does: 'pause' },
  { method: 'put', route: '/api/queues/:queueName/resume', does: 'resume' },
  { method: 'put', route: '/api/queues/:queueName/concurrency', instead: SPEED },
  { method: 'put', route: '/api/queues/:queueName/rate-limit', instead: SPEED },
  { method: 'put', route: '/api/queues/:queueName/rate-limit/release', instead: SPEED },
  { method: 'put', route: '/api/queues/:queueName/empty', instead: KEEP },
  { method: 'put', route: '/api/queues/:queueName/obliterate', instead: KEEP },
  {
    method: 'put',
    route: '/api/queues/:queueName/job-schedulers/:schedulerId/remove',
    instead: NO_SCHEDULERS,
  },
  { method: 'patch', route: '/api/queues/:queueName/job-schedulers/:schedulerId', instead: NO_SCHEDULERS },
  { method: 'put', route: '/api/queues/:queueName/job-schedulers/:schedulerId/run', instead: NO_SCHEDULERS },
  { method: 'put', route: '/api/queues/:queueName/:jobId/retry', does: 'retry' },
  { method: 'put', route: '/api/queues/:queueName/:jobId/clean', instead: KEEP },
  { method: 'put', route: '/api/queues/:queueName/:jobId/promote', does: 'promote' },
  { method: 'patch', route: '/api/queues/:queueName/:jobId/update-data', does: 'edit' },
  { method: 'patch', route: '/api/queues/:queueName/:jobId/delay', does: 'delay' },
  {
    method: 'patch',
    route: '/api/queues/:queueName/:jobId/priority',
    instead:
      'Orders are taken in the order in which they came. Retry a failed order, or promote one that waits for its next attempt.',
  },
  {
    method: 'put',
    route: '/api/queues/:queueName/:jobId/remove-unprocessed-children',
    instead: 'An order has no children.',
  },
  { method: 'post', route: '/api/metrics/history/purge', instead: 'Nothing of this kind is recorded here.' },
];

export const UNKNOWN_CHANGE =
  'This version of order-pipeline does not know what that would change, so it is refused.';
