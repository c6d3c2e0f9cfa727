/** What /pulse answers, as far as this page draws it. Times are ISO, UTC. */
export interface Pulse {
  at: string;
  currency: string;
  status: { level: Level; sentences: string[]; conditions: Condition[] };
  counted: {
    orders: number;
    revenue: number;
    users: number;
    average_order_value: number;
    per_second: number;
    newest_at: string | null;
  };
  latency: { p50_ms: number; p95_ms: number; p99_ms: number } | null;
  inbox: {
    state: 'seen' | 'unknown' | 'blind';
    visible: number;
    in_flight: number;
    oldest_seconds: number | null;
    dead_letters: number | null;
    /** Null where nobody could look: then the counts say nothing. */
    seen_at: string | null;
  };
  bridge: {
    processes: number;
    per_second: number;
    paused_by: string[];
    calls_per_1000_orders: number | null;
    dollars_per_million_orders: number | null;
  };
  queue: {
    waiting: number;
    active: number;
    delayed: number;
    oldest_seconds: number | null;
    paused_since: string | null;
  };
  workers: { processes: number; concurrency: number; busy_share: number; retried_per_minute: number };
  failed: { orders: number; value: number; value_unknown: number; since: string | null };
  processes: Process[];
  newest: { counted: CountedOrder[]; refused: RefusedOrder[] };
}

export type Level = 'green' | 'amber' | 'red';

export interface Condition {
  name: string;
  level: Exclude<Level, 'green'>;
  sentence: string;
  advice: string;
  since: string | null;
}

export interface Process {
  id: string;
  role: string;
  version: string;
  node: string;
  started_at: string;
  last_seen_at: string;
  gone: boolean;
}

export interface CountedOrder {
  order_id: string;
  user_id: string;
  value: number;
  at: string;
}

export interface RefusedOrder {
  job_id: string;
  queue: string;
  order_id: string;
  user_id: string;
  reason: string;
  at: string;
}

export const SPANS = { hour: 'Hour', day: 'Day', month: '30 days' } as const;
export type Span = keyof typeof SPANS;

/** What /pulse/history answers. */
export interface History {
  span: Span;
  step_seconds: number;
  points: Point[];
}

export interface Point {
  time: string;
  received: number;
  counted: number;
  duplicate: number;
  refused: number;
  failed: number;
  retried: number;
  revenue: number;
  latency_p50_ms: number | null;
  latency_p95_ms: number | null;
  latency_p99_ms: number | null;
  waiting: number | null;
  delayed: number | null;
  failed_waiting: number | null;
  inbox_visible: number | null;
  refused_by_reason: Record<string, number>;
}
