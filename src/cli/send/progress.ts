import { SingleBar } from 'cli-progress';
import type { SendReport } from './send.ts';
import { whole } from './table.ts';

export interface Progress {
  update(report: SendReport): void;
  stop(): void;
}

type Screen = NodeJS.WritableStream & { isTTY?: boolean };

const LINE_EVERY_MS = 1000;

/**
 * Shows how far sending is: a bar on a terminal, elsewhere a line a second at most, because a log file keeps
 * every redraw. `total` is unknown while a file is still being read.
 */
export function showProgress(
  screen: Screen,
  total: number | undefined,
  now: () => number = () => performance.now(),
): Progress {
  return screen.isTTY ? bar(screen, total) : lines(screen, total, now);
}

function bar(screen: Screen, total: number | undefined): Progress {
  const format =
    total === undefined ? 'sent {value}' : 'sent [{bar}] {value}/{total} | {rate}/s | ETA {eta_formatted}';
  const shown = new SingleBar({ format, stream: screen, hideCursor: true, etaBuffer: 100 });
  const started = performance.now();
  shown.start(total ?? 0, 0, { rate: 0 });
  return {
    update({ sent, unsent }) {
      if (total === undefined) shown.setTotal(sent + unsent);
      const rate = Math.round((sent * 1000) / (performance.now() - started));
      shown.update(sent + unsent, { rate: whole(rate) });
    },
    stop: () => shown.stop(),
  };
}

function lines(screen: Screen, total: number | undefined, now: () => number): Progress {
  let last = now();
  return {
    update({ sent, unsent }) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      screen.write(`sent ${whole(sent + unsent)}${total === undefined ? '' : ` of ${whole(total)}`}\n`);
    },
    stop: () => undefined,
  };
}
