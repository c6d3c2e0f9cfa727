import { REASONS } from '../../orders/invalidOrder.ts';
import { toJsonAmount } from '../../orders/money.ts';
import { type Counter, refusedFor } from '../figures.ts';
import { BINS_PER_DOUBLING, boundOf } from '../latency.ts';
import type { Tally } from '../tally.ts';

export interface Sample {
  value: number;
  /** Closed lists of values only: never an id, an address or a text that came from outside. */
  labels?: Record<string, string | number>;
  /** Of a histogram: the family's name with what the sample is. */
  metricName?: string;
}

/** What Prometheus calls a metric family, as it is at this moment. */
export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  values: Sample[];
}

/** A gauge of one value; a family without any when it is not known. */
export const gauge = (name: string, help: string, value: number | undefined): Family => ({
  name,
  help,
  type: 'gauge',
  values: value === undefined ? [] : [{ value }],
});

/** One sample for each value of a label. */
export const byLabel = (
  type: Family['type'],
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Family => ({
  name,
  help,
  type,
  values: Object.entries(values).map(([text, value]) => ({ value, labels: { [label]: text } })),
});

/** What a process did since it started, of the tally that it adds up anyway: orders are not counted a second time. */
export function tallyFamilies(tally: Tally, currency: string): Family[] {
  const of = (counter: Counter) => tally.countOf(counter);
  const counter = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: 'counter',
    values: [{ value }],
  });
  const money = (name: string, help: string, minorUnits: number) =>
    byLabel('counter', name, help, 'currency', { [currency]: toJsonAmount(minorUnits) });
  const refused = Object.fromEntries(REASONS.map((reason) => [reason, of(refusedFor(reason))]));
  const outcomes = {
    counted: of('counted'),
    duplicate: of('duplicate'),
    refused: Object.values(refused).reduce((sum, count) => sum + count, 0),
    failed: of('failed'),
    moved: of('moved'),
  };
  return [
    byLabel('counter', 'order_pipeline_orders_total', 'Orders that ended here.', 'outcome', outcomes),
    byLabel('counter', 'order_pipeline_refused_total', 'Orders refused here.', 'reason', refused),
    counter('order_pipeline_retries_total', 'Runs that failed here and come again.', of('retried')),
    money('order_pipeline_revenue_total', 'Value of the orders counted here.', of('revenue')),
    money(
      'order_pipeline_refused_value_total',
      'Value of the orders refused here, as far as they say it.',
      of('refused_value'),
    ),
    counter('order_pipeline_worker_busy_seconds_total', 'Time spent on orders.', of('busy_ms') / 1_000),
    counter('order_pipeline_messages_received_total', 'Messages received from SQS.', of('received')),
    counter(
      'order_pipeline_messages_redelivered_total',
      'Messages that SQS had delivered before.',
      of('redelivered'),
    ),
    counter('order_pipeline_messages_enqueued_total', 'Messages that became jobs.', of('enqueued')),
    counter('order_pipeline_sqs_calls_total', 'Requests to SQS.', of('sqs_calls')),
    counter('order_pipeline_sqs_failed_calls_total', 'Requests to SQS that failed.', of('sqs_failed_calls')),
    counter('order_pipeline_reviewed_orders_total', 'Orders reviewed here.', of('reviewed')),
    counter('order_pipeline_flagged_orders_total', 'Of them, those with a finding.', of('flagged')),
    counter(
      'order_pipeline_lost_findings_total',
      'Of these, those whose findings reached nobody.',
      of('flagged_lost'),
    ),
    byLabel(
      'counter',
      'order_pipeline_reviewed_lines_total',
      'Lines judged by what was learned.',
      'baseline',
      {
        warm: of('lines_warm'),
        cold: of('lines_reviewed') - of('lines_warm'),
      },
    ),
    latency(tally),
  ];
}

/** Bounds at powers of two of a millisecond, which are bounds of the tally's bins: nothing is estimated. */
function latency(tally: Tally): Family {
  const name = 'order_pipeline_order_latency_seconds';
  const values: Sample[] = [];
  let sum = 0;
  tally.latency.forEach((count, bin) => {
    sum += count;
    if (bin % BINS_PER_DOUBLING > 0) return;
    values.push({
      metricName: `${name}_bucket`,
      labels: { le: Math.round(boundOf(bin)) / 1_000 },
      value: sum,
    });
  });
  values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: sum });
  values.push({ metricName: `${name}_sum`, value: tally.latencySumMs / 1_000 });
  values.push({ metricName: `${name}_count`, value: sum });
  return { name, help: 'From sent to SQS to counted here.', type: 'histogram', values };
}
