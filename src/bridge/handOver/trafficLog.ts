import type { Logger } from 'winston';

/** One line a second that had any messages, instead of a line for each. */
export interface TrafficLog {
  enqueued(count: number): void;
  stop(): void;
}

export function startTrafficLog(logger: Logger): TrafficLog {
  let messages = 0;
  const flush = () => {
    if (messages > 0) logger.info('messages enqueued', { messages });
    messages = 0;
  };
  const timer = setInterval(flush, 1_000);
  timer.unref();
  return {
    enqueued(count) {
      messages += count;
    },
    stop() {
      clearInterval(timer);
      flush();
    },
  };
}
