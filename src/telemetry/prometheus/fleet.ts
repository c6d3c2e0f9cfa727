import { TOTAL_ROOM, toJsonAmount } from '../../orders/money.ts';
import type { Snapshot } from '../read/snapshot.ts';
import { byLabel, type Family, gauge } from './families.ts';

/**
 * What the whole installation is doing. Each process that serves the API gives the same, so a query takes the `max` of
 * them and never the `sum`. What is not known is left out: an inbox nobody could look at is not empty.
 */
export function fleetFamilies(
  snapshot: Snapshot,
  memoryShare: number,
  autoRepairs: { standing: number; stopped: number },
): Family[] {
  const { now, currency, counted, inbox, bridge, queue, workers, failed, processes } = snapshot;
  // Counts of an inbox that nobody could look at say nothing.
  const depth = inbox?.seenAt === undefined ? undefined : inbox;
  const money = (name: string, help: string, minorUnits: number) =>
    byLabel('gauge', name, help, 'currency', { [currency]: toJsonAmount(minorUnits) });
  const age = (at: number | undefined) => (at === undefined ? 0 : Math.max(0, now - at) / 1_000);
  const states = (name: string, help: string, values: Record<string, number> | undefined) =>
    byLabel('gauge', name, help, 'state', values ?? {});
  return [
    states(
      'order_pipeline_queue_jobs',
      'Jobs by where they are; failed ones wait for an operator.',
      queue && {
        waiting: queue.waiting,
        active: queue.active,
        delayed: queue.delayed,
        failed: queue.failed,
      },
    ),
    gauge(
      'order_pipeline_queue_oldest_job_age_seconds',
      'Age of the job that has waited longest for a worker.',
      queue && age(queue.oldestAt),
    ),
    gauge(
      'order_pipeline_queue_paused',
      '1 while a queue is paused by hand.',
      queue && Number(queue.pausedSince !== undefined),
    ),
    states(
      'order_pipeline_inbox_messages',
      'Messages in the inbox, as SQS estimates them.',
      depth && { visible: depth.visible, in_flight: depth.in_flight, delayed: depth.delayed },
    ),
    gauge(
      'order_pipeline_inbox_oldest_message_age_seconds',
      'How old messages are when they are received, while some wait.',
      depth && (depth.oldestSeconds ?? (depth.visible === 0 ? 0 : undefined)),
    ),
    gauge(
      'order_pipeline_dead_letters',
      'Messages in the dead-letter queue.',
      depth?.dead_letters ?? undefined,
    ),
    gauge(
      'order_pipeline_bridge_blind',
      '1 while no bridge can ask SQS.',
      inbox && Number(inbox.state === 'blind'),
    ),
    gauge('order_pipeline_failed_orders', 'Orders that wait for an operator.', failed.orders),
    money(
      'order_pipeline_failed_orders_value',
      'What they are worth, as far as they say it.',
      failed.minorUnits,
    ),
    gauge('order_pipeline_failed_orders_of_unknown_value', 'Those that do not say it.', failed.unknown),
    gauge('order_pipeline_bridge_processes', 'Processes that receive orders.', bridge.processes),
    gauge('order_pipeline_worker_processes', 'Processes that work on orders.', workers.processes),
    gauge('order_pipeline_worker_concurrency', 'Orders in hand at once, at most.', workers.concurrency),
    gauge('order_pipeline_worker_busy_ratio', 'Share of that in use.', workers.busyShare),
    gauge(
      'order_pipeline_last_counted_timestamp_seconds',
      'When an order was counted last.',
      counted.newestAt === undefined ? undefined : counted.newestAt / 1_000,
    ),
    gauge('order_pipeline_counted_orders', 'Orders counted in all.', counted.orders),
    money('order_pipeline_counted_revenue', 'What they are worth.', counted.minorUnits),
    gauge('order_pipeline_users', 'Users with a counted order.', counted.users),
    gauge(
      'order_pipeline_total_room_used_ratio',
      'Share of its room that the largest total uses.',
      counted.minorUnits / TOTAL_ROOM,
    ),
    gauge(
      'order_pipeline_durability_lowered',
      '1 while jobs are less safe than was asked for.',
      Number(bridge.durabilityWarning !== undefined),
    ),
    gauge(
      'order_pipeline_redis_memory_used_ratio',
      "Used share of Redis's memory limit, of the fullest master; 0 without a limit.",
      memoryShare,
    ),
    states(
      'order_pipeline_auto_repairs',
      'Recipes left standing for a cause; stopped ones did not help, and wait for an operator.',
      autoRepairs,
    ),
    gauge(
      'order_pipeline_history_backlog_bytes',
      'What counted and waits for PostgreSQL.',
      snapshot.history?.bytes,
    ),
    gauge(
      'order_pipeline_history_archived_timestamp_seconds',
      'When anything became history last.',
      snapshot.history?.archivedAt === undefined ? undefined : snapshot.history.archivedAt / 1_000,
    ),
    states('order_pipeline_processes', 'Processes; gone ones ended without a word, within the last hour.', {
      alive: processes.filter(({ gone }) => !gone).length,
      gone: processes.filter(({ gone }) => gone).length,
    }),
  ];
}
