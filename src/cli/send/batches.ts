import { SQS_MESSAGE_BYTES } from '../../runtime/limits.ts';
import { isCut, TOO_LONG } from './orderFile.ts';

/** Anything that can be sent. `group` keeps order in a FIFO queue, `label` names it in a report. */
export interface Outgoing {
  body: string;
  group?: string;
  label?: string;
}

/** A message and its place in the stream, from 1. */
export interface Positioned<T extends Outgoing> {
  message: T;
  position: number;
}

interface BatchLimits {
  /** At most 10, which is what SQS takes. */
  entries: number;
  /** Total of the bodies in bytes; a longer body travels alone. */
  bytes: number;
}

/**
 * Groups messages for SendMessageBatch. One that SQS would refuse goes to `onRefused` instead, because it would
 * take the other nine down with it.
 */
export async function* batchesOf<T extends Outgoing>(
  messages: Iterable<T> | AsyncIterable<T>,
  limits: BatchLimits,
  onRefused: (refused: Positioned<T>, problem: string) => void,
): AsyncGenerator<Positioned<T>[], void, undefined> {
  let batch: Positioned<T>[] = [];
  let bytes = 0;
  let position = 0;
  for await (const message of messages) {
    position += 1;
    const problem = bodyProblem(message.body);
    if (problem) {
      onRefused({ message, position }, problem);
      continue;
    }
    const size = Buffer.byteLength(message.body);
    if (batch.length > 0 && bytes + size > limits.bytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push({ message, position });
    bytes += size;
    if (batch.length >= limits.entries) {
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** Everything outside the characters of XML 1.0, lone surrogates included: SQS refuses the whole message. */
const REFUSED = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Why SQS would not take this body, or undefined. Not every local SQS checks it, so it is checked here. */
export function bodyProblem(body: string): string | undefined {
  if (body === '') return 'SQS takes no empty message';
  const most = SQS_MESSAGE_BYTES.toLocaleString('en-US');
  if (isCut(body)) return `${TOO_LONG}, SQS takes ${most} bytes at most`;
  const bytes = Buffer.byteLength(body);
  if (bytes > SQS_MESSAGE_BYTES) return `${bytes.toLocaleString('en-US')} bytes, SQS takes ${most} at most`;
  const found = REFUSED.exec(body);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `SQS takes no character U+${code}, found at position ${found.index + 1}`;
}
