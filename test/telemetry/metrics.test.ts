import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { howToGetPromtool } from '../../scripts/promtool.mjs';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { freePort, startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const OF_PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const TOKEN = 'a-token-of-enough-letters';
const RULES = 'deploy/prometheus/alerts.yml';

/** Fails, saying what to type, where there is none: a check that may be left out is none. */
function promtool(args: readonly string[], input = ''): string {
  const { error, stdout, stderr, status } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error)
    throw new Error(`there is no promtool, and metrics cannot be tested without: ${howToGetPromtool()}`);
  return status === 0 ? '' : `exit code ${status}: ${stdout}${stderr}`;
}

/** Each sample's value by its name and labels, as they are written. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    [...text.matchAll(/^([a-z]\S*) (\S+)$/gim)].map(([, name, value]) => [name as string, Number(value)]),
  );

describe('the metrics of a running product', () => {
  let pipeline: TestPipeline;
  let text: string;
  const scrape = async () => (await pipeline.get('/metrics/prometheus')).text();

  beforeAll(async () => {
    pipeline = await startPipeline();
    const order = anOrder({ order_id: 'A-1' });
    await pipeline.send(order, order, {
      ...anOrder({ order_id: 'A-2' }),
      order_value: 12.34,
      user_id: undefined,
    });
    await pipeline.settled();
    await (await pipeline.get('/users/U-SECRET/stats')).text();
    await until(async () => {
      text = await scrape();
      const seen = samplesOf(text);
      return (
        seen.get('order_pipeline_failed_orders') === 1 &&
        seen.get('order_pipeline_queue_jobs{state="failed"}') === 1 &&
        seen.has('order_pipeline_dead_letters') &&
        seen.has('order_pipeline_last_counted_timestamp_seconds')
      );
    }, 'the fleet was seen');
  });
  afterAll(() => pipeline.stop());

  it('count what the stats count, and tell the rest apart', () => {
    expect(Object.fromEntries(samplesOf(text))).toMatchObject({
      'order_pipeline_orders_total{outcome="counted"}': 1,
      'order_pipeline_orders_total{outcome="duplicate"}': 1,
      'order_pipeline_orders_total{outcome="refused"}': 1,
      'order_pipeline_refused_total{reason="missing_field"}': 1,
      'order_pipeline_revenue_total{currency="USD"}': 2000,
      'order_pipeline_refused_value_total{currency="USD"}': 12.34,
      order_pipeline_messages_enqueued_total: 3,
      'order_pipeline_order_latency_seconds_bucket{le="+Inf"}': 1,
      order_pipeline_order_latency_seconds_count: 1,
      order_pipeline_redis_up: 1,
      'order_pipeline_failed_orders_value{currency="USD"}': 12.34,
      order_pipeline_counted_orders: 1,
      'order_pipeline_counted_revenue{currency="USD"}': 2000,
      order_pipeline_bridge_processes: 1,
      order_pipeline_worker_processes: 1,
      order_pipeline_bridge_blind: 0,
    });
  });

  it('have buckets that only grow, and a sum that lies within them', () => {
    const samples = [...samplesOf(text)].filter(([name]) => name.startsWith('order_pipeline_order_latency'));
    const buckets = samples.filter(([name]) => name.includes('_bucket'));
    const counts = buckets.map(([, count]) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    const bounds = buckets.map(([name]) =>
      Number(/le="([\d.]+)"/.exec(name)?.[1] ?? Number.POSITIVE_INFINITY),
    );
    const first = counts.indexOf(1);
    const sum = samplesOf(text).get('order_pipeline_order_latency_seconds_sum') as number;
    expect(sum).toBeLessThanOrEqual(bounds[first] as number);
    expect(sum).toBeGreaterThan(bounds[first - 1] ?? 0);
  });

  it('please promtool', async () => {
    expect(promtool(['check', 'metrics'], text)).toBe('');
    expect(promtool(['check', 'metrics'], await scrape())).toBe('');
  });

  it('name routes as they are written, and no user', async () => {
    expect(
      samplesOf(text).get(
        'order_pipeline_http_request_duration_seconds_count{route="/users/:user_id/stats",status="4xx"}',
      ),
    ).toBe(1);
    await Promise.all(
      ['/V1/users/U-SECRET/stats', '/U-SECRET', '/v1/health', '/admin/queues', '/Admin/U-SECRET'].map(
        async (path) => (await pipeline.get(path)).text(),
      ),
    );
    const later = await scrape();
    expect(later).not.toContain('SECRET');
    const routes = new Set([...later.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
    expect([...routes].sort()).toEqual(
      ['/admin', '/health', '/metrics/prometheus', '/users/:user_id/stats', 'other'].sort(),
    );
  });

  it.each([
    ['nothing', undefined, 'application/json'],
    ['*/*', '*/*', 'application/json'],
    ['application/json', 'application/json', 'application/json'],
    ['what axios sends', 'application/json, text/plain, */*', 'application/json'],
    ['what browsers send', 'text/html,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
    ['text', 'text/plain;version=0.0.4', 'text/plain; version=0.0.4'],
    ['OpenMetrics', 'application/openmetrics-text', 'application/openmetrics-text; version=1.0.0'],
    ['what Prometheus sends', OF_PROMETHEUS, 'application/openmetrics-text; version=1.0.0'],
    ['what an older one sends', 'text/plain;version=0.0.4;q=1,*/*;q=0.1', 'text/plain; version=0.0.4'],
  ])('/metrics answers %s as asked', async (_what, accept, type) => {
    const answer = await pipeline.get('/metrics', { headers: { ...(accept ? { accept } : { accept: '' }) } });
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(answer.headers.get('vary')).toContain('Accept');
    const body = await answer.text();
    if (type === 'application/json') expect(JSON.parse(body)).toMatchObject({ total_orders: 1 });
    else expect(samplesOf(body).get('order_pipeline_counted_orders')).toBe(1);
  });

  it('/metrics refuses what there is no form of', async () => {
    const answer = await pipeline.get('/metrics', { headers: { accept: 'image/png' } });
    expect([answer.status, ((await answer.json()) as { type: string }).type]).toEqual([
      406,
      '/problems/not-acceptable',
    ]);
  });

  it('as OpenMetrics name counters without their ending, have no blank line, and end', async () => {
    const answer = await pipeline.get('/metrics/prometheus', { headers: { accept: OF_PROMETHEUS } });
    const lines = (await answer.text()).split('\n');
    expect(lines).toContain('# TYPE order_pipeline_orders counter');
    expect(lines).toContain('order_pipeline_orders_total{outcome="counted"} 1');
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
    expect(lines.slice(0, -1)).not.toContain('');
    for (const line of lines.filter((each) => each.startsWith('# TYPE')))
      expect(line).not.toMatch(/_total (?:counter|gauge)$/);
  });

  it('are all that alerts and dashboard ask for, in PromQL that parses', () => {
    const known = new Set([...samplesOf(text).keys()].map((name) => name.split('{')[0] as string));
    const expressions = [...dashboard()];
    const rules = readFileSync(RULES, 'utf8').matchAll(/^ {8}expr: \|\n((?: {10}.*\n)+)/gm);
    for (const [, rule] of rules) expressions.push(rule as string);
    expect(expressions.length).toBeGreaterThan(50);
    const unknown = expressions.flatMap(namesIn).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  });

  it.each(['bridge', 'worker'])('of how many run as %s are on the dashboard', (role) => {
    expect([...dashboard()].flatMap(namesIn)).toContain(`order_pipeline_${role}_processes`);
  });
});

it('a process tells of itself alone while Redis is away', async () => {
  const redis = await startTestRedis();
  const pipeline = await startPipeline({}, { role: 'api', redis });
  const scrape = async () => (await pipeline.get('/metrics/prometheus')).text();
  try {
    await until(async () => (await scrape()).includes('order_pipeline_failed_orders 0'), 'the fleet is seen');
    await redis.stop();
    await until(async () => (await scrape()).includes('order_pipeline_redis_up 0'), 'it notices');
    const text = await scrape();
    expect(samplesOf(text).get('order_pipeline_orders_total{outcome="counted"}')).toBe(0);
    expect(text).not.toMatch(/failed_orders|queue_jobs|counted_orders/);
    expect(promtool(['check', 'metrics'], text)).toBe('');
  } finally {
    const back = await startTestRedis([], redis.port);
    await pipeline.stop();
    await back.stop();
  }
});

const dashboard = () => expressionsOf(JSON.parse(readFileSync('deploy/grafana/order-pipeline.json', 'utf8')));

function* expressionsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    if (name === 'expr') yield String(each).replaceAll('$__rate_interval', '5m');
    else yield* expressionsOf(each);
  }
}

/** The metrics that a PromQL expression asks for; throws when it is none. */
function namesIn(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, node, from, to }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`);
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector')
        names.push(expression.slice(from, to));
    },
  });
  if (names.length === 0) throw new Error(`asks for nothing: ${expression}`);
  return names;
}

describe('who may read the metrics', () => {
  const statusOf = async (pipeline: TestPipeline, path: string, key?: string, port?: number) => {
    const base = port === undefined ? pipeline.url : `http://127.0.0.1:${port}`;
    const answer = await fetch(base + path, key ? { headers: { authorization: `Bearer ${key}` } } : {});
    return [answer.status, await answer.text()] as const;
  };

  it('is whoever has METRICS_TOKEN, in every role and on both ports', async () => {
    const healthPort = await freePort();
    const pipeline = await startPipeline(
      { METRICS_TOKEN: TOKEN, HEALTH_PORT: String(healthPort), STATS_API: 'keys' },
      { role: 'worker' },
    );
    try {
      for (const port of [undefined, healthPort]) {
        const ask = (key?: string) => statusOf(pipeline, '/metrics/prometheus', key, port);
        expect((await ask())[0]).toBe(401);
        expect((await ask(`${TOKEN}x`))[0]).toBe(401);
        const [status, text] = await ask(TOKEN);
        expect([status, samplesOf(text).get('order_pipeline_redis_up')]).toEqual([200, 1]);
        expect(text).not.toContain('order_pipeline_failed_orders');
      }
    } finally {
      await pipeline.stop();
    }
  });

  it('is nobody where keys are needed and none are known, and the refusal says what to set', async () => {
    const pipeline = await startPipeline({ STATS_API: 'keys' }, { role: 'worker' });
    try {
      const [status, text] = await statusOf(pipeline, '/metrics/prometheus', 'op_anything');
      expect(status).toBe(401);
      expect(JSON.parse(text).detail).toContain('METRICS_TOKEN');
    } finally {
      await pipeline.stop();
    }
  });

  it('is whoever may read the stats, where there is no token', async () => {
    const pipeline = await startPipeline(
      { STATS_API: 'keys', ADMIN_USER: 'ops', ADMIN_PASSWORD: 'secret' },
      { role: 'api' },
    );
    try {
      expect((await pipeline.get('/metrics/prometheus')).status).toBe(401);
      const authorization = `Basic ${Buffer.from('ops:secret').toString('base64')}`;
      expect((await pipeline.get('/metrics/prometheus', { headers: { authorization } })).status).toBe(200);
    } finally {
      await pipeline.stop();
    }
  });
});

describe('the alerts', () => {
  it('are rules that promtool takes', () => {
    expect(promtool(['check', 'rules', RULES])).toBe('');
    expect(promtool(['check', 'config', 'deploy/prometheus/prometheus.yml'])).toBe('');
  });

  it('fire on what they are for, and keep silent next to it', () => {
    expect(promtool(['test', 'rules', 'deploy/prometheus/alerts.test.yml'])).toBe('');
  });

  it('have a test of both kinds and a runbook each', () => {
    const names = [...readFileSync(RULES, 'utf8').matchAll(/alert: OrderPipeline(\w+)/g)].map(
      ([, name]) => name,
    );
    const tests = readFileSync('deploy/prometheus/alerts.test.yml', 'utf8');
    const headings = readFileSync('docs/operate.md', 'utf8').matchAll(/^### (.*)$/gm);
    const anchors = new Set([...headings].map(([, heading]) => heading?.toLowerCase().replaceAll(' ', '-')));
    expect(names.length).toBeGreaterThan(9);
    for (const name of names) {
      expect(tests).toContain(`- name: ${name} fires\n`);
      expect(tests).toContain(`- name: ${name} is silent\n`);
    }
    const runbooks = [...readFileSync(RULES, 'utf8').matchAll(/runbook: docs\/operate\.md#(\S+)/g)];
    expect(runbooks).toHaveLength(names.length);
    for (const [, anchor] of runbooks) expect(anchors).toContain(anchor);
  });
});
