import type { Logger } from 'winston';

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
  let looking = Promise.resolve();
  const look = async () => {
    const wanted = (await read()) ?? own;
    if (wanted === current) return;
    logger.info('concurrency changed for the whole fleet', { from: current, to: wanted });
    current = wanted;
    apply(wanted);
  };
  const timer = setInterval(() => {
    looking = look().catch(() => {});
  }, LOOK_EVERY_MS);
  return {
    current: () => current,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
