import { type Problem, problemOf } from './problem.ts';

/** What came back, whole, whatever its status. */
export interface Answer {
  status: number;
  statusText: string;
  ok: boolean;
  headers: Headers;
  text: string;
  milliseconds: number;
  bytes: number;
}

export interface Asking {
  /** Media type; JSON when absent. */
  accept?: string | undefined;
  key?: string | undefined;
  method?: string | undefined;
  /** Sent as JSON. */
  body?: unknown;
}

/** Longer than the API's own deadlines: whatever comes later than this does not come. */
const MOST_MILLISECONDS = 60_000;

/**
 * Asks the API, past the browser's cache: what a page shows is what the server says now to whoever holds that key, or is
 * signed in. Throws Trouble when nothing comes back; a refusal is an answer.
 */
export async function ask(
  url: string,
  { accept = 'application/json', key, method = 'GET', body }: Asking = {},
): Promise<Answer> {
  const headers = {
    ...headersFor(accept, key),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
  const started = performance.now();
  try {
    const signal = AbortSignal.timeout(MOST_MILLISECONDS);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(url, { method, headers, signal, cache: 'no-store', ...sent });
    const text = await response.text();
    const { status, statusText, ok } = response;
    const milliseconds = performance.now() - started;
    return {
      status,
      statusText,
      ok,
      headers: response.headers,
      text,
      milliseconds,
      bytes: new Blob([text]).size,
    };
  } catch (cause) {
    throw new Trouble(
      'No answer',
      cause instanceof DOMException && cause.name === 'TimeoutError'
        ? `Nothing came back within ${MOST_MILLISECONDS / 1_000} seconds.`
        : UNREACHABLE,
      undefined,
      { cause },
    );
  }
}

export const headersFor = (accept: string, key: string | undefined): Record<string, string> => ({
  Accept: accept,
  ...(key ? { Authorization: `Bearer ${key}` } : {}),
});

/** Said where nothing comes back at all. */
export const UNREACHABLE = 'The server cannot be reached. It may be stopped, or the network between is.';

/** The JSON of a good answer. Throws Trouble for any other. */
export async function askJson<T>(url: string, asking: Asking = {}): Promise<T> {
  const answer = await ask(url, asking);
  if (!answer.ok) throw troubleOf(answer);
  try {
    return JSON.parse(answer.text) as T;
  } catch (cause) {
    throw new Trouble('Not understood', `What ${url} answered is not JSON.`, undefined, { cause });
  }
}

/** Why something cannot be shown, in words for the reader. */
export class Trouble extends Error {
  override name = 'Trouble';
  readonly title: string;
  /** What the API said, when it was the API that refused. */
  readonly problem: Problem | undefined;

  constructor(title: string, detail: string, problem?: Problem, options?: ErrorOptions) {
    super(detail, options);
    this.title = title;
    this.problem = problem;
  }
}

/** A refusal as Trouble: the problem's own words where the answer has them. */
export function troubleOf({ status, statusText, headers, text }: Answer): Trouble {
  const problem = problemOf(headers.get('content-type') ?? '', text);
  return new Trouble(
    `${status} ${problem?.title ?? statusText}`,
    problem?.detail ?? 'The answer does not say why.',
    problem,
  );
}
