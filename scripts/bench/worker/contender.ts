import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { ALL_PARTS } from '../../../src/app/allParts.ts';
import { startRole } from '../../../src/app/startRole.ts';
import { readConfig, USES } from '../../../src/config/config.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { orderOf, receivedAt } from '../../../src/queue/readOrderJob.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/runtime/limits.ts';
import { makeLogger } from '../../../src/runtime/logger.ts';
import { Services } from '../../../src/runtime/services.ts';
import { ORDER_QUEUE } from '../../../src/store/keys.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { Tally } from '../../../src/telemetry/tally.ts';
import { serveParent } from '../support/child.ts';

/* A worker in this process alone: ours, or one with the same settings that only checks its jobs, or not even that. */

/** Ours, with what is set besides. */
const WITH: Partial<Record<Contender, Record<string, string>>> = {
  'ours with history': { HISTORY: 'on' },
  'ours with review': { QUALITY: 'rules,learned' },
};

export type Contender =
  | 'no-op'
  | 'checks only'
  | 'ours'
  | 'ours without pulse'
  | 'ours with pretenuring'
  | 'ours with history'
  | 'ours with review';

export type WorkerRequest =
  | {
      do: 'go';
      contender: Contender;
      env: Record<string, string>;
      concurrency: number;
    }
  | { do: 'report' };

let before = process.cpuUsage();

serveParent(async (request: WorkerRequest) => {
  if (request.do === 'report') {
    const { user, system } = process.cpuUsage(before);
    return { cpuMicroseconds: user + system };
  }
  if (request.contender === 'ours without pulse') leaveOutPulse();
  if (request.contender.startsWith('ours'))
    await ours({ ...request.env, ...WITH[request.contender] }, request.concurrency);
  else bare(String(request.env.REDIS_URL), request.concurrency, request.contender === 'checks only');
  // Not what it takes to load and to start.
  before = process.cpuUsage();
  return null;
});

async function ours(env: Record<string, string>, concurrency: number): Promise<void> {
  const settings = {
    ...env,
    WORKER_CONCURRENCY: String(concurrency),
    PORT: '0',
    LOG_LEVEL: 'ERROR',
    LOG_DIR: '/tmp/order-pipeline-bench-logs',
  };
  const config = readConfig(settings, USES.worker);
  const logger = makeLogger(config.log);
  await startRole(config, 'worker', ALL_PARTS, logger, new Services(logger));
}

/** There is no setting for it: nothing is added up, and nothing told. */
function leaveOutPulse(): void {
  Object.assign(Tally.prototype, { add() {}, counted() {}, refused() {} });
  const { defineCommand } = Redis.prototype;
  Redis.prototype.defineCommand = function (this: Redis, name, definition) {
    if (name !== 'beat') return defineCommand.call(this, name, definition);
    Object.assign(this, { beat: async () => [String(Math.floor(Date.now() / 1_000)), '0', null] });
  };
}

function bare(redisUrl: string, concurrency: number, checks: boolean): void {
  const { hostname, port } = new URL(redisUrl);
  const [partition] = makePartitions(1).all;
  const parse = makeParseOrder(readConfig({}).rules);
  const run = async ({ data, timestamp }: Job) => {
    if (checks) parse(orderOf(data, DEFAULT_MAX_BODY_BYTES), receivedAt(data, timestamp));
    return { outcome: 'counted' };
  };
  new Worker(ORDER_QUEUE, run, {
    connection: new Redis(Number(port), hostname, { maxRetriesPerRequest: null }),
    prefix: partition?.tag as string,
    concurrency,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
}
