/*
 * Bounds that the configuration checks and other rooms work with. The one file of ours that src/config imports: two
 * copies of a bound drift apart, and then a value is accepted that nothing works with.
 */

/** Partitions of an installation. */
export const MAX_PARTITIONS = 64;

/** Jobs that one worker process has in hand at once. */
export const MAX_CONCURRENCY = 1_000;

/** The most that SQS takes in one message, in bytes of UTF-8. */
export const SQS_MESSAGE_BYTES = 1_048_576;

/** What MAX_BODY_BYTES is when nobody says. */
export const DEFAULT_MAX_BODY_BYTES = 256 * 1024;
