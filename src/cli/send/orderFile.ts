import { basename } from 'node:path';

/** A file that cannot be read as orders. The message names the file and what is wrong with it. */
export class OrderFileError extends Error {
  override readonly name = 'OrderFileError';

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${basename(path)}: ${problem}`, options);
  }
}

/** One message body from a file, and where it stands there, e.g. `line 17`. */
export interface FileMessage {
  body: string;
  label: string;
}

/**
 * SQS takes 1 MiB, so a longer record can only be a file read the wrong way, such as an array on one line:
 * without a limit it would be collected until memory ends.
 */
export const MAX_RECORD_LENGTH = 16 * 1024 * 1024;
