import { SingleBar } from 'cli-progress';
import { whole } from './print.ts';

/** How far something long is: a walk through Redis, messages on their way. */
export interface Progress {
  /** Begins the next stretch; the one before is finished. `total` undefined: nobody knows yet. */
  begin(what: string, total?: number): void;
  /** The total of this stretch is larger than was said. */
  grow(more: number): void;
  add(done: number): void;
  stop(): void;
}

type Screen = NodeJS.WritableStream & { isTTY?: boolean };

const LINE_EVERY_MS = 1_000;

export const noProgress: Progress = { begin() {}, grow() {}, add() {}, stop() {} };

/** A bar on a terminal, elsewhere a line a second at most: a log file keeps every redraw. */
export function showProgress(screen: Screen, now: () => number = () => performance.now()): Progress {
  return screen.isTTY ? bars(screen, now) : lines(screen, now);
}

function bars(screen: Screen, now: () => number): Progress {
  let bar: SingleBar | undefined;
  let began = 0;
  let done = 0;
  return {
    begin(what, total) {
      bar?.stop();
      const format =
        total === undefined
          ? `${what} {value}`
          : `${what} [{bar}] {value}/{total} | {rate}/s | ETA {eta_formatted}`;
      bar = new SingleBar({ format, stream: screen, hideCursor: true, etaBuffer: 100 });
      began = now();
      done = 0;
      bar.start(total ?? 0, 0, { rate: 0 });
    },
    grow: (more) => bar?.setTotal(bar.getTotal() + more),
    add(more) {
      done += more;
      bar?.increment(more, { rate: whole(Math.round((done * 1_000) / Math.max(1, now() - began))) });
    },
    stop: () => bar?.stop(),
  };
}

function lines(screen: Screen, now: () => number): Progress {
  let last = now();
  let stretch: { what: string; total: number | undefined; done: number } = { what: '', total: 0, done: 0 };
  return {
    begin(what, total) {
      stretch = { what, total, done: 0 };
    },
    grow(more) {
      stretch.total = (stretch.total ?? 0) + more;
    },
    add(done) {
      stretch.done += done;
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const { what, total } = stretch;
      const of = total === undefined ? '' : ` of ${whole(Math.max(stretch.done, total))}`;
      screen.write(`${what}: ${whole(stretch.done)}${of}\n`);
    },
    stop() {},
  };
}
