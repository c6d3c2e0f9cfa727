import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { InvalidOrder } from '../../../src/orders/invalidOrder.ts';
import type { ParseOrder } from '../../../src/orders/parseOrder.ts';
import { notedOf } from '../../../src/queue/failures/failure.ts';
import { noteAll, type ToNote } from '../../../src/queue/failures/noteFailures.ts';
import { orderOf, receivedAt } from '../../../src/queue/readOrderJob.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/runtime/limits.ts';
import { queueKey } from '../../../src/store/keys.ts';
import type { Partition, Partitions } from '../../../src/store/partitions.ts';
import { jobOf } from '../worker/jobs.ts';

const SPREAD = { users: 10_000, days: 2 };
const AT_ONCE = 500;

/** As long as an id that SQS gives a message, the same for the same number. */
export function messageId(index: number): string {
  const hex = createHash('sha1').update(String(index)).digest('hex');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-');
}

/** What each partition is to be told of its failed orders. */
export type Failing = Map<Partition, ToNote[]>;

/**
 * Puts orders `from` to `from + count - 1`, whose prices came with a comma, among the failed jobs as a worker leaves
 * them there, but for the index. Those from `foreignFrom` on came in another currency besides.
 */
export async function putFailed(
  redis: Redis,
  partitions: Partitions,
  parse: ParseOrder,
  { from, count, foreignFrom }: { from: number; count: number; foreignFrom: number },
): Promise<Failing> {
  const failing: Failing = new Map(partitions.all.map((each) => [each, []]));
  // Their prices are all the same, so all are refused in the same words.
  const refusals = new Map<boolean, InvalidOrder>();
  for (let first = from; first < from + count; first += AT_ONCE) {
    const pipe = redis.pipeline();
    for (let index = first; index < Math.min(first + AT_ONCE, from + count); index += 1) {
      const isForeign = index >= foreignFrom;
      const { id, userId, data } = misprinted(index, isForeign);
      const partition = partitions.of(userId);
      const at = Date.now();
      const error = refusals.get(isForeign) ?? refusalOf(parse, data, at);
      refusals.set(isForeign, error);
      const key = (name: string) => queueKey(partition, name);
      pipe.hset(key(id), {
        name: 'order',
        data: JSON.stringify(data),
        opts: '{"attempts":5}',
        timestamp: at,
        processedOn: at,
        finishedOn: at,
        atm: 1,
        ats: 1,
        failedReason: error.message,
        stacktrace: JSON.stringify([error.stack]),
        delay: 0,
        priority: 0,
      });
      pipe.zadd(key('failed'), at, id);
      failing.get(partition)?.push({ job: id, failedOn: String(at), ...notedOf(data, error.issues, 1) });
    }
    await pipe.exec();
  }
  return failing;
}

/** Tells the index so many at a time. */
export async function noteFailing(redis: Redis, failing: Failing, atOnce: number): Promise<void> {
  const noting = [...failing].map(async ([partition, jobs]) => {
    for (let from = 0; from < jobs.length; from += atOnce)
      await noteAll(redis, partition, jobs.slice(from, from + atOnce));
  });
  await Promise.all(noting);
}

function misprinted(index: number, isForeign: boolean) {
  const job = jobOf(index, SPREAD);
  const order = job.data.order as { items: { price_per_unit: unknown }[] };
  const items = order.items.map((item) => ({ ...item, price_per_unit: `${item.price_per_unit},00` }));
  const data = { ...job.data, order: { ...order, items, ...(isForeign ? { currency: 'EUR' } : {}) } };
  return { ...job, id: messageId(index), data };
}

function refusalOf(parse: ParseOrder, data: unknown, at: number): InvalidOrder {
  try {
    parse(orderOf(data, DEFAULT_MAX_BODY_BYTES), receivedAt(data, at));
  } catch (error) {
    if (error instanceof InvalidOrder) return error;
    throw error;
  }
  throw new Error('an order of the benchmark passes although its prices have commas');
}
