import { SingleBar } from 'cli-progress';
import { whole } from '../send/table.ts';

/** How far a long walk through Redis is. */
export interface Progress {
  /** Begins the next stretch; the one before is finished. `total` may grow while it runs. */
  begin(what: string, total: number): void;
  grow(more: number): void;
  add(done: number): void;
  stop(): void;
}

type Screen = NodeJS.WritableStream & { isTTY?: boolean };

const LINE_EVERY_MS = 1_000;

export const noProgress: Progress = { begin() {}, grow() {}, add() {}, stop() {} };

/** A bar on a terminal, elsewhere a line a second at most: a log file keeps every redraw. */
export function showProgress(screen: Screen, now: () => number = () => performance.now()): Progress {
  return screen.isTTY ? bars(screen) : lines(screen, now);
}

function bars(screen: Screen): Progress {
  let bar: SingleBar | undefined;
  return {
    begin(what, total) {
      bar?.stop();
      const format = `${what} [{bar}] {value}/{total} | ETA {eta_formatted}`;
      bar = new SingleBar({ format, stream: screen, hideCursor: true, etaBuffer: 100 });
      bar.start(total, 0);
    },
    grow: (more) => bar?.setTotal(bar.getTotal() + more),
    add: (done) => bar?.increment(done),
    stop: () => bar?.stop(),
  };
}

function lines(screen: Screen, now: () => number): Progress {
  let last = now();
  let stretch = { what: '', total: 0, done: 0 };
  return {
    begin(what, total) {
      stretch = { what, total, done: 0 };
    },
    grow(more) {
      stretch.total += more;
    },
    add(done) {
      stretch.done += done;
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      screen.write(
        `${stretch.what}: ${whole(stretch.done)} of ${whole(Math.max(stretch.done, stretch.total))}\n`,
      );
    },
    stop() {},
  };
}
