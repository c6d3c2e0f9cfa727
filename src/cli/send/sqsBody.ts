import { SQS_MESSAGE_BYTES } from '../../runtime/limits.ts';

/** Everything outside the characters of XML 1.0, lone surrogates included: SQS refuses the whole message. */
const REFUSED = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Why SQS would not take this body, or undefined. Not every local SQS checks it, so it is checked here. */
export function bodyProblem(body: string): string | undefined {
  if (body === '') return 'SQS takes no empty message';
  const bytes = Buffer.byteLength(body);
  if (bytes > SQS_MESSAGE_BYTES) {
    return `${bytes.toLocaleString('en-US')} bytes, SQS takes ${SQS_MESSAGE_BYTES.toLocaleString('en-US')} at most`;
  }
  const found = REFUSED.exec(body);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `SQS takes no character U+${code}, found at position ${found.index + 1}`;
}
