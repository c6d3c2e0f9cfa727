/*
 * Which faults of Redis are which. Whoever waits, answers 503 or gives advice asks here: an answer of a newer Redis or
 * ioredis is added in one place.
 */

/** What ioredis says of a connection that was closed, on purpose or not. */
export const CONNECTION_CLOSED = 'Connection is closed.';

/** What we say of a cluster of which no master is known. */
export const NO_MASTER = 'No master of the Redis Cluster is known at present';

/** A command found nobody, or nobody is there to hear its answer: as ioredis, Node and we say it. */
const NOBODY = [
  /^Connection is closed|^Stream isn't writeable|^Cluster isn't ready|max retries per request|^Command timed out/,
  /^Too many Cluster redirections|^No master of the Redis Cluster|^Failed to refresh slots|^None of startup nodes/,
  /\bECONN[A-Z]+\b|\bEPIPE\b/,
];

/** Codes by which Redis says that it takes nothing, or no write, for now. Older servers put a script's into a sentence. */
const NOT_NOW = code('READONLY|MISCONF|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|LOADING|TRYAGAIN|BUSY|MOVED|ASK');
const FULL = code('OOM');
const REPLICA = code('READONLY');
/** It does not take what it could not keep. */
const UNSAFE = code('MISCONF|NOREPLICAS');

/** A cluster's last answer comes quoted in ioredis's own sentence. */
function code(names: string): RegExp {
  return new RegExp(`(?:^|-|Error: )(?:${names})\\b`);
}

/** Redis is not there, does not answer, is starting, or is changing its masters. A client may try again soon. */
export const isAway = (error: unknown): boolean => says(error, [...NOBODY, NOT_NOW]);

/** It is out of memory: reads go on, and no write is taken before somebody makes room. */
export const isFull = (error: unknown): boolean => says(error, [FULL]);

/** Whether the same may well work in a moment, so that waiting is better than giving up. */
export const mayPass = (error: unknown): boolean => isAway(error) || isFull(error);

/** Somebody wrote something else under a key of ours. */
export const isWrongType = (error: unknown): boolean => says(error, [code('WRONGTYPE')]);

/** A master that became a replica keeps its connections, and would refuse on them for ever: its name may lead elsewhere. */
export const leadsNoMore = (error: unknown): boolean => says(error, [REPLICA]);

/** Why a Redis that answers takes no writes, by what it says; undefined when that is not what it says. */
export function whyUnwritable(answer: string): string | undefined {
  const error = new Error(answer);
  if (isFull(error)) return 'Redis is out of memory (OOM), so make room there';
  if (leadsNoMore(error)) return 'Redis is a replica (READONLY), so name its master instead, or make it one';
  return says(error, [UNSAFE]) ? `Redis says ${answer.slice(0, 200)}` : undefined;
}

/** Whether Redis or the way to it is at fault, not this program. Also what will never pass, like a wrong type of key. */
export const isOfRedis = (error: unknown): boolean =>
  ['ReplyError', 'ClusterAllFailedError', 'MaxRetriesPerRequestError'].includes((error as Error)?.name) ||
  isAway(error);

/** What stands behind an error counts as well: some tell how far they came before it. */
function says(error: unknown, patterns: readonly RegExp[]): boolean {
  const { message, cause } = (error ?? {}) as Partial<Error>;
  if (typeof message === 'string' && patterns.some((pattern) => pattern.test(message))) return true;
  return cause !== undefined && says(cause, patterns);
}
