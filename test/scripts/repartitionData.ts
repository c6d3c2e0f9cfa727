import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { createRandom } from '../../src/cli/send/random.ts';
import type { Order } from '../../src/orders/order.ts';
import { monthOf } from '../../src/orders/timestamp.ts';
import { reconcileFailures } from '../../src/queue/failures/reconcile.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { type OrderQueues, openOrderQueues } from '../../src/queue/orderQueues.ts';
import { repairShelf } from '../../src/queue/repairs.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { ORDER_QUEUE, repairKeys } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { endings, order, recorder } from '../stats/recording.ts';
import { editFailed } from '../support/editing.ts';
import { until } from '../support/until.ts';

const POLICY = { attempts: 3, backoffMs: 5, keepCompleted: 10, failedRetentionDays: undefined };
const DAYS = ['2023-12-31', '2024-01-01', '2024-02-29', '2024-03-01', '2024-03-15', '2025-01-15'];

/** Orders of a few dozen users, the ids of some not plain letters; the same for the same seed. */
export function someOrders(count: number, seed: number): Order[] {
  const random = createRandom(seed);
  const users = Array.from(
    { length: 120 },
    (_, index) => `${['U', 'Ü', '😀 ', 'A:B{C}'][index % 4]}${index}`,
  );
  return Array.from({ length: count }, (_, index) =>
    order({
      orderId: `O${index}`,
      userId: users[random.below(users.length)] as string,
      minorUnits: random.below(100_000),
      day: DAYS[random.below(DAYS.length)] as string,
    }),
  );
}

/**
 * A product that was stopped with everything in it: counted orders, duplicates, failed jobs, jobs that wait and
 * jobs that wait for a retry.
 */
export async function fill(redis: Redis, count: number, orders: readonly Order[]): Promise<void> {
  await fillStats(redis, count, orders);
  await fillQueues(redis, count);
}

export async function fillStats(
  redis: Redis | Cluster,
  count: number,
  orders: readonly Order[],
): Promise<void> {
  await claimPartitions(redis, count);
  const record = recorder(redis as Redis, makePartitions(count));
  await endings(record, orders);
  await endings(record, orders.slice(0, 50));
}

async function fillQueues(redis: Redis, count: number): Promise<void> {
  const partitions = makePartitions(count);
  const queues = await queuesOf(redis, count);
  const add = async (id: string, data: Omit<OrderJob, 'message'>, user: string) => {
    const message = { id, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
    await queues.add(partitions.of(user), [{ id, data: { ...data, message } }]);
  };
  for (let i = 0; i < 60; i += 1)
    await add(`failed-${i}`, { order: { user_id: `U${i}`, order_id: i } }, `U${i}`);
  for (let i = 0; i < 20; i += 1) await add(`no-json-${i}`, { raw: `{"user_id": ${i}` }, `no-json-${i}`);
  const connection = redis.duplicate({ maxRetriesPerRequest: null });
  const failing = partitions.all.map(
    ({ tag }) =>
      new Worker(
        ORDER_QUEUE,
        (job) => Promise.reject(new UnrecoverableError(`missing_field: in ${job.id}`)),
        {
          connection,
          prefix: tag,
          concurrency: 20,
        },
      ),
  );
  await until(async () => (await jobsOf(queues, 'failed')).length === 80, 'the invalid orders have failed');
  await Promise.all(failing.map((worker) => worker.close()));
  connection.disconnect();
  await editSome(redis, count, queues);
  for (let i = 0; i < 70; i += 1) await add(`waiting-${i}`, { order: { user_id: `W${i}` } }, `W${i}`);
  for (const [index, queue] of queues.all.entries()) {
    const options = { jobId: `delayed-${index}`, delay: 3_600_000 };
    await queue.add('order', { order: { user_id: `D${index}` } } as unknown as OrderJob, options);
  }
  for (const partition of partitions.all) await reconcileFailures(redis, partition, { alone: true });
  await queues.close();
}

/** Failed orders that somebody edited: some failed again, some counted since, and one whose job is gone. */
async function editSome(redis: Redis, count: number, queues: OrderQueues): Promise<void> {
  const partitions = makePartitions(count);
  for (let i = 0; i < 12; i += 1) {
    const [id, user] = [`failed-${i}`, `U${i}`];
    const partition = partitions.of(user);
    await editFailed(redis, partition, id, { order: { user_id: user, order_id: i, edited: true } });
    if (i < 8) continue;
    await (await queues.all[partition.index]?.getJob(id))?.remove();
    const outcome = { at: `2025-03-0${i - 7}T00:00:00.000Z`, outcome: 'counted' } as const;
    if (i < 11) await repairShelf(redis, partition, { retentionDays: 400 }).keep(id, outcome);
  }
}

/** What is kept of edited orders, over all partitions. */
async function keptOfEdits(redis: Redis | Cluster, count: number) {
  const merged = (hashes: Record<string, string>[]) => Object.assign({}, ...hashes) as Record<string, string>;
  const keys = makePartitions(count).all.map(repairKeys);
  return {
    edits: merged(await Promise.all(keys.map(({ edits }) => redis.hgetall(edits)))),
    repairs: merged(await Promise.all(keys.map(({ repairs }) => redis.hgetall(repairs)))),
    ended: (await Promise.all(keys.map(({ ended }) => redis.zrange(ended, 0, '-1', 'WITHSCORES'))))
      .flatMap((flat) => flat.map((one, at) => (at % 2 === 0 ? `${one} ${flat[at + 1]}` : '')))
      .filter(Boolean)
      .sort(),
  };
}

export const queuesOf = (redis: Redis | Cluster, count: number): Promise<OrderQueues> =>
  openOrderQueues(redis, makePartitions(count), POLICY, () => {});

const STATES = ['wait', 'delayed', 'failed', 'active'] as const;

async function jobsOf(queues: OrderQueues, state: (typeof STATES)[number]): Promise<Job<OrderJob>[]> {
  return (await Promise.all(queues.all.map((queue) => queue.getJobs([state])))).flat();
}

const PERIODS = [...DAYS, ...new Set(DAYS.map(monthOf))];

/** Spend and orders of each user in a day or month. */
async function detailOf(redis: Redis | Cluster, count: number, period: string) {
  const all = await Promise.all(
    makePartitions(count).all.map(async (partition) => {
      const keys = statsKeys(partition);
      const spend = await redis.zrange(keys.spend(period), 0, '-1', 'WITHSCORES');
      const orders = await redis.hgetall(keys.counts(period));
      return spend.flatMap((user, index) =>
        index % 2 === 0 ? [[user, Number(spend[index + 1]), Number(orders[user])]] : [],
      );
    }),
  );
  return all.flat().sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

/** Everything a user or an operator can see of it, over all partitions; none of it depends on their number. */
export async function visible(redis: Redis | Cluster, count: number, orders: readonly Order[]) {
  const read = makeReadStats(redis, makePartitions(count));
  const users = [...new Set(orders.map(({ userId }) => userId))];
  const queues = await queuesOf(redis, count);
  const jobs = await Promise.all(
    STATES.map(async (state) => {
      const found = (await jobsOf(queues, state)).map((job) => {
        const { queueQualifiedName: _, ...all } = job.toJSON();
        return JSON.parse(JSON.stringify(all)) as Record<string, unknown>;
      });
      return [state, found.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1))] as const;
    }),
  );
  await queues.close();
  return {
    global: await read.global(),
    spenders: await read.topSpenders(1_000),
    buyers: await read.topBuyers(1_000),
    users: await Promise.all(users.map((user) => read.user(user))),
    days: await Promise.all(DAYS.map((day) => read.byDate(day, day))),
    years: await read.byDate('2023-12-15', '2025-01-20'),
    detail: await Promise.all(PERIODS.map((period) => detailOf(redis, count, period))),
    newUsers: await read.usersSeries('month', { startDay: '2023-12-01', endDay: '2025-03-31' }),
    duplicates: await read.duplicates(),
    jobs: Object.fromEntries(jobs),
    byHand: await keptOfEdits(redis, count),
  };
}
