import { collectDefaultMetrics, Histogram, type Metric, Registry } from 'prom-client';
import type { Tally } from '../tally.ts';
import { type Family, gauge, tallyFamilies } from './families.ts';

export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Gauges with the ending of counters, which no Prometheus tool takes without complaint. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];
const REQUEST_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

export interface ProcessMetricsParts {
  tally: Tally;
  role: string;
  version: string;
  currency: string;
}

/** What Prometheus is told by this process. Costs nothing but the requests' histogram until it is asked first. */
export class ProcessMetrics {
  readonly #parts: ProcessMetricsParts;
  readonly #registry = new Registry();
  readonly #requests = new Histogram({
    name: 'order_pipeline_http_request_duration_seconds',
    help: 'HTTP requests answered by this process.',
    labelNames: ['route', 'status'] as const,
    buckets: REQUEST_SECONDS,
    registers: [this.#registry],
  });
  #watchesNode = false;

  constructor(parts: ProcessMetricsParts) {
    this.#parts = parts;
  }

  /** `route`: how the path is written in the code, never as it was asked for. */
  request(route: string, status: string, seconds: number): void {
    this.#requests.observe({ route, status }, seconds);
  }

  /** The exposition format, in the one form or the other. `fleet`: what more there is to tell. */
  async exposition(redisUp: boolean, fleet: readonly Family[], isOpenMetrics: boolean): Promise<string> {
    if (!this.#watchesNode) this.#watchNode();
    const { tally, role, version, currency } = this.#parts;
    const families: Family[] = [
      {
        ...gauge('order_pipeline_build_info', 'What runs here.', 1),
        values: [{ value: 1, labels: { version, role, node: process.version } }],
      },
      gauge('order_pipeline_redis_up', '1 while Redis answers this process.', Number(redisUp)),
      ...tallyFamilies(tally, currency),
      ...fleet.filter(({ values }) => values.length > 0),
    ];
    const ours = new Registry();
    // The library asks nothing else of a metric, and writes these as it does its own.
    for (const family of families)
      ours.registerMetric({ name: family.name, get: async () => family } as unknown as Metric);
    const text = `${await ours.metrics()}\n${await this.#registry.metrics()}`;
    return isOpenMetrics ? toOpenMetrics(text) : text;
  }

  #watchNode(): void {
    this.#watchesNode = true;
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
  }
}

/** There a counter's family goes without `_total`, a bound is a float, nothing is blank, and the end is said. */
function toOpenMetrics(text: string): string {
  const lines = text
    .replaceAll(/^(# (?:HELP|TYPE) \w+)_total(?= )/gm, '$1')
    .replaceAll(/(?<=[{,]le="\d+)(?=")/g, '.0')
    .replaceAll(/ Nan$/gm, ' NaN')
    .split('\n')
    .filter((line) => line !== '');
  return `${lines.join('\n')}\n# EOF\n`;
}
