import { askJson, headersFor, Trouble, troubleOf, UNREACHABLE } from '../kit/ask.ts';
import type { Pulse } from './pulse.ts';

/** What is known of the installation at this moment. */
export type Live =
  | { state: 'loading' }
  | { state: 'ready'; pulse: Pulse }
  /** The last truth while nothing newer comes: how long ago it did, and why no other does, where somebody said it. */
  | { state: 'stale'; pulse: Pulse; ageMs: number; why: string | undefined }
  | { state: 'failed'; trouble: Trouble }
  /** Whoever looks has no key, or none that opens this: then it was said why. */
  | { state: 'locked'; trouble?: Trouble };

/** Nothing new for so long is said. */
const STALE_MS = 5_000;
/** A stream that brings nothing for so long is held back on the way. */
const BUFFERED_MS = 4_000;
const POLL_EVERY_MS = 2_000;
/** How often a page that polls looks whether the stream comes through again. */
const STREAM_AGAIN_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * Follows the pulse while the page is seen: by its stream, read by fetch because a key goes along, or by polling where
 * something on the way holds the stream back. Comes back by itself, however long nothing came.
 */
export function followPulse(
  root: string,
  keyOf: () => string,
  needsKey: boolean,
  tell: (live: Live) => void,
): { restart(): void } {
  let last: { pulse: Pulse; at: number } | undefined;
  let why: string | undefined;
  let round = new AbortController();

  const show = (pulse: Pulse, signal: AbortSignal) => {
    // Asked with another key, or by a page that nobody sees any more.
    if (signal.aborted) return;
    last = { pulse, at: performance.now() };
    why = undefined;
    tell({ state: 'ready', pulse });
  };
  const lost = (trouble: Trouble) => {
    why = trouble.message;
    if (trouble.problem && [401, 403].includes(trouble.problem.status)) tell({ state: 'locked', trouble });
    else if (last) stale();
    else tell({ state: 'failed', trouble });
    return trouble;
  };
  const stale = () => {
    if (!last) return;
    const ageMs = performance.now() - last.at;
    if (ageMs > STALE_MS) tell({ state: 'stale', pulse: last.pulse, ageMs, why });
  };

  const run = async (signal: AbortSignal) => {
    for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const before = last;
      try {
        // Asked first: the stream's next snapshot may be a second away, and this is what says why there is none.
        show(await askJson<Pulse>(`${root}pulse`, { key: keyOf() }), signal);
        const isHeldBack = await stream(signal);
        if (isHeldBack && !signal.aborted) await poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { problem } = lost(asTrouble(error));
        // Only another key opens what is locked.
        if (problem && [401, 403].includes(problem.status)) return;
      }
      if (last !== before) wait = FIRST_WAIT_MS;
      // Not all pages at once when a server comes back.
      await pause(wait * (0.75 + Math.random() / 2), signal);
    }
  };

  /** Resolves to whether nothing comes through it; each ends after a while. Rejects when it breaks. */
  const stream = async (signal: AbortSignal) => {
    const held = new AbortController();
    const stop = () => held.abort();
    signal.addEventListener('abort', stop);
    let timer = setTimeout(stop, BUFFERED_MS);
    try {
      const response = await fetch(`${root}pulse/stream`, {
        headers: headersFor('text/event-stream', keyOf()),
        cache: 'no-store',
        signal: held.signal,
      });
      if (!response.ok) throw await refusalOf(response);
      for await (const { data, comment } of events(response)) {
        clearTimeout(timer);
        timer = setTimeout(stop, 2 * STALE_MS);
        if (data !== undefined) show(JSON.parse(data) as Pulse, signal);
        else if (!signal.aborted) why = comment;
      }
      return false;
    } catch (error) {
      if (!held.signal.aborted || signal.aborted) throw error;
      return true;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      stop();
    }
  };

  const poll = async (signal: AbortSignal) => {
    const until = performance.now() + STREAM_AGAIN_MS;
    while (!signal.aborted && performance.now() < until) {
      show(await askJson<Pulse>(`${root}pulse`, { key: keyOf() }), signal);
      await pause(POLL_EVERY_MS, signal);
    }
  };

  const restart = () => {
    round.abort();
    round = new AbortController();
    if (needsKey && keyOf() === '') tell({ state: 'locked' });
    else if (!document.hidden) void run(round.signal);
  };
  document.addEventListener('visibilitychange', restart);
  setInterval(() => {
    if (!document.hidden) stale();
  }, 1_000);
  restart();
  return {
    restart() {
      last = undefined;
      why = undefined;
      tell({ state: 'loading' });
      restart();
    },
  };
}

async function refusalOf(response: Response): Promise<Trouble> {
  const text = await response.text();
  const { status, statusText, ok, headers } = response;
  return troubleOf({ status, statusText, ok, headers, text, milliseconds: 0, bytes: text.length });
}

const asTrouble = (error: unknown): Trouble =>
  error instanceof Trouble ? error : new Trouble('No answer', UNREACHABLE);

/** Server-sent events: the data of each, or the comment in its place, which says why there is none. */
async function* events(response: Response): AsyncGenerator<{ data?: string; comment?: string }> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return;
    text += value;
    const whole = text.split('\n\n');
    text = whole.pop() as string;
    for (const event of whole) {
      const data = /^data: ?(.*)$/m.exec(event)?.[1];
      const comment = /^: ?(.+)$/m.exec(event)?.[1];
      if (data !== undefined) yield { data };
      else if (comment !== undefined) yield { comment };
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
