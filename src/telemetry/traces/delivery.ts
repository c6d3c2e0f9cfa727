import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'winston';

/** Spans that wait for the receiver, at about a kilobyte each. The next ones are dropped. */
const MOST_WAITING = 4_096;
/** Of the exporter's result codes. */
const SUCCESS = 0;
const SAMPLED = 1;

export interface Delivery {
  processor: SpanProcessor;
  /** What was not delivered by now is not going to be. Nothing is logged after it. */
  giveUp(): void;
}

/**
 * Delivers spans in batches, one batch at a time, and drops what comes while too many wait. A receiver that takes none, or
 * too few, is told of once, and once more when it is over.
 */
export function delivery(exporter: SpanExporter, logger: Logger): Delivery {
  let waiting = 0;
  let underWay = 0;
  let dropped = 0;
  let isTold = false;
  const drop = (spans: number, why: string) => {
    dropped += spans;
    if (isTold) return;
    isTold = true;
    logger.warn('spans are dropped', { because: why });
  };
  const delivered = () => {
    // Beside a receiver that is too slow, every batch would be the end of it.
    if (!isTold || waiting > MOST_WAITING / 2) return;
    logger.info('spans are delivered again', { dropped });
    isTold = false;
    dropped = 0;
  };
  const telling: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length;
      underWay += spans.length;
      exporter.export(spans, (result) => {
        underWay -= spans.length;
        if (result.code === SUCCESS) delivered();
        else drop(spans.length, result.error?.message || 'the receiver does not take them');
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor(telling, { maxQueueSize: MOST_WAITING });
  return {
    processor: {
      onStart() {},
      onEnd(span) {
        if ((span.spanContext().traceFlags & SAMPLED) === 0) return;
        if (waiting === MOST_WAITING) return drop(1, 'more end than the receiver takes');
        waiting += 1;
        batches.onEnd(span);
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown(),
    },
    giveUp() {
      const left = waiting + underWay;
      if (left > 0) drop(left, 'the receiver had not taken them when the process stopped');
      isTold = true;
    },
  };
}
