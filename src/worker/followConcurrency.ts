import type { Logger } from 'winston';
import { every } from '../runtime/every.ts';

const LOOK_EVERY_MS = 1_000;

export interface FollowParts {
  /** What the process was started with. */
  own: number;
  /** The fleet's setting, undefined when there is none. */
  read: () => Promise<number | undefined>;
  apply: (concurrency: number) => void;
  logger: Logger;
}

/** Applies the fleet's setting as it changes. While Redis is away the last one stays in force. */
export function followConcurrency({ own, read, apply, logger }: FollowParts): {
  current(): number;
  stop(): Promise<void>;
} {
  let current = own;
  const look = async () => {
    const wanted = (await read()) ?? own;
    if (wanted === current) return;
    logger.info('concurrency changed for the whole fleet', { from: current, to: wanted });
    current = wanted;
    apply(wanted);
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: false, onError: () => {} });
  return { current: () => current, stop: looking.stop };
}
