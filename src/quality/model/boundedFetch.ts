/** More of an answer than this is not read: it is no answer to what was asked, and it is held in memory. */
export const MOST_ANSWER_BYTES = 65_536;

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/**
 * A fetch whose answer is there whole or not at all, so that one deadline covers it and no more of it is ever held.
 * Redirects are not followed: the key and the orders go where they were meant to go.
 */
export async function boundedFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, redirect: 'manual' });
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the rest.
  for await (const part of answer.body ?? []) {
    size += part.byteLength;
    if (size > MOST_ANSWER_BYTES) throw new TooLarge(`more than ${MOST_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  const { status, headers } = answer;
  // What the body was packed in is gone by now, and so is its length.
  const kept = new Headers([...headers].filter(([name]) => !/^content-(?:encoding|length)$/i.test(name)));
  return new Response(size === 0 ? null : Buffer.concat(parts), { status, headers: kept });
}
