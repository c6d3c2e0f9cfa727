import type { Job } from 'bullmq';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import type { OrderJob } from '../queue/orderJob.ts';
import { traceparentIn } from '../queue/readOrderJob.ts';
import type { RecordOrder } from '../stats/record/recordOrder.ts';
import type { Partition } from '../store/partitions.ts';
import type { Span, Traces } from '../telemetry/traces/traces.ts';
import type { Outcome } from './processOrder.ts';

/** One run of a job: throws when the order did not end well. */
export type Run = (job: Job<OrderJob>, record: RecordOrder) => Promise<Outcome>;

/** The same run, told as a span of the sender's trace, and the write to Redis as a span below it. */
export function tracedRun(run: Run, traces: Traces, { tag }: Partition): Run {
  return async (job, record) => {
    const span = traces.begin('process order', {
      kind: 'consumer',
      parent: traceparentIn(job.data),
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.operation.type': 'process',
        'messaging.message.id': job.id as string,
        'order_pipeline.partition': tag,
      },
    });
    try {
      const outcome = await run(job, recordUnder(span, record, traces));
      span.end({ 'order_pipeline.outcome': outcome.outcome });
      return outcome;
    } catch (error) {
      span.end(refusalOf(error as Error), { failed: true });
      throw error;
    }
  };
}

function recordUnder({ traceparent }: Span, record: RecordOrder, traces: Traces): RecordOrder {
  return async (order, told, origin) => {
    const span = traces.begin('record order', {
      kind: 'client',
      parent: traceparent,
      attributes: { 'db.system.name': 'redis' },
    });
    try {
      const recorded = await record(order, told, origin);
      span.end({ 'order_pipeline.outcome': recorded.outcome });
      return recorded;
    } catch (error) {
      span.end({ 'error.type': (error as Error).name }, { failed: true });
      throw error;
    }
  };
}

/** Never the message of an error: it may quote what was sent. */
function refusalOf(error: Error): Record<string, string> {
  const { cause } = error;
  if (!(cause instanceof InvalidOrder))
    return { 'order_pipeline.outcome': 'failed', 'error.type': error.name };
  const [reason = ''] = cause.reasons;
  return { 'order_pipeline.outcome': 'invalid', 'order_pipeline.reason': reason, 'error.type': reason };
}
