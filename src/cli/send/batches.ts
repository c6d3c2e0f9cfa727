import { bodyProblem } from './sqsBody.ts';

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

export interface BatchLimits {
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
