import { averageOf, toJsonAmount } from '../../orders/money.ts';
import { isoOrNull } from '../../runtime/isoTime.ts';
import { verdictOf } from '../../telemetry/read/conditions.ts';
import type { Step } from '../../telemetry/read/history.ts';
import type { Snapshot } from '../../telemetry/read/snapshot.ts';
import type { liveOperations } from '../description/liveOperations.ts';
import type { AnswerOf } from '../description/operation.ts';

type PulseAnswer = AnswerOf<typeof liveOperations.pulse>;
type HistoryAnswer = AnswerOf<typeof liveOperations.history>;

/** What the installation does now, as the API says it. */
export function pulseAnswer(snapshot: Snapshot): PulseAnswer {
  const { counted, inbox, bridge, queue, workers, failed, latency, newest } = snapshot;
  const { level, sentences, conditions } = verdictOf(snapshot);
  const sinceNow = (at: number | undefined) => (at === undefined ? null : tenth((snapshot.now - at) / 1_000));
  return {
    at: iso(snapshot.now),
    currency: snapshot.currency,
    status: {
      level,
      sentences,
      conditions: conditions.map(({ since, ...condition }) => ({ ...condition, since: isoOrNull(since) })),
    },
    counted: {
      orders: counted.orders,
      revenue: toJsonAmount(counted.minorUnits),
      users: counted.users,
      average_order_value: toJsonAmount(averageOf(counted)),
      per_second: tenth(counted.perSecond),
      newest_at: isoOrNull(counted.newestAt),
    },
    latency: latency
      ? { p50_ms: tenth(latency.p50), p95_ms: tenth(latency.p95), p99_ms: tenth(latency.p99) }
      : null,
    inbox: {
      state: inbox?.state ?? 'unknown',
      visible: inbox?.visible ?? 0,
      in_flight: inbox?.in_flight ?? 0,
      delayed: inbox?.delayed ?? 0,
      oldest_seconds: inbox?.oldestSeconds ?? null,
      dead_letters: inbox?.dead_letters ?? null,
      seen_at: isoOrNull(inbox?.seenAt),
    },
    bridge: {
      processes: bridge.processes,
      per_second: tenth(bridge.perSecond),
      paused_by: bridge.pausedBy,
      calls_per_1000_orders: bridge.callsPer1000 === undefined ? null : tenth(bridge.callsPer1000),
      dollars_per_million_orders:
        bridge.dollarsPerMillion === undefined ? null : Math.round(bridge.dollarsPerMillion * 1_000) / 1_000,
    },
    queue: {
      waiting: queue?.waiting ?? 0,
      active: queue?.active ?? 0,
      delayed: queue?.delayed ?? 0,
      oldest_seconds: sinceNow(queue?.oldestAt),
      paused_since: isoOrNull(queue?.pausedSince),
    },
    workers: {
      processes: workers.processes,
      concurrency: workers.concurrency,
      busy_share: Math.round(workers.busyShare * 1_000) / 1_000,
      retried_per_minute: workers.retriedPerMinute,
    },
    failed: {
      orders: failed.orders,
      value: toJsonAmount(failed.minorUnits),
      value_unknown: failed.unknown,
      since: failed.since,
      by_reason: failed.byReason.map(({ reason, orders, minorUnits, unknown }) => ({
        reason,
        orders,
        value: toJsonAmount(minorUnits),
        value_unknown: unknown,
      })),
    },
    history_backlog: snapshot.history
      ? { bytes: snapshot.history.bytes, archived_at: isoOrNull(snapshot.history.archivedAt) }
      : null,
    refused_per_minute: Object.fromEntries(snapshot.refused),
    processes: snapshot.processes.map(({ id, role, version, node, started_at, seenAt, gone }) => ({
      id,
      role,
      version,
      node,
      started_at,
      last_seen_at: iso(seenAt),
      gone,
    })),
    newest: {
      counted: newest.counted.map(({ minorUnits, ...ids }) => ({ ...ids, value: toJsonAmount(minorUnits) })),
      refused: newest.refused,
    },
  };
}

export function historyAnswer(
  span: HistoryAnswer['span'],
  step: number,
  steps: readonly Step[],
): HistoryAnswer {
  return {
    span,
    step_seconds: step,
    points: steps.map(({ time, counts, refused, gauges, latency }) => ({
      time: iso(time * 1_000),
      received: counts.get('received') ?? 0,
      counted: counts.get('counted') ?? 0,
      duplicate: counts.get('duplicate') ?? 0,
      failed: counts.get('failed') ?? 0,
      retried: counts.get('retried') ?? 0,
      revenue: toJsonAmount(counts.get('revenue') ?? 0),
      refused: [...refused.values()].reduce((sum, count) => sum + count, 0),
      refused_by_reason: Object.fromEntries([...refused].filter(([, count]) => count > 0)),
      latency_p50_ms: orNull(latency?.p50),
      latency_p95_ms: orNull(latency?.p95),
      latency_p99_ms: orNull(latency?.p99),
      waiting: gauges.get('waiting') ?? null,
      delayed: gauges.get('delayed') ?? null,
      failed_waiting: gauges.get('failed_waiting') ?? null,
      inbox_visible: gauges.get('inbox_visible') ?? null,
    })),
  };
}

const iso = (at: number): string => new Date(at).toISOString();
const tenth = (value: number): number => Math.round(value * 10) / 10;
const orNull = (value: number | undefined): number | null => (value === undefined ? null : tenth(value));
