import type { Cluster, Redis } from 'ioredis';
import { readFailures } from '../../queue/failures/readFailures.ts';
import { readQueueLoad } from '../../queue/queueLoad.ts';
import { HOUR_MS } from '../../runtime/units.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import { makePartitions, type Partitions } from '../../store/partitions.ts';
import { whole } from '../kit/print.ts';
import { readLayout } from '../verify/layout.ts';
import { either, type Finding, good } from './finding.ts';

/** Share of the failed orders that failed first within the last hour, from which on something goes wrong now. */
const GROWS = 0.1;

/** What waits and what has failed. Reads only. `configured` is PARTITIONS. */
export async function queueFindings(redis: Redis | Cluster, configured: number): Promise<Finding[]> {
  const layout = await readLayout(redis);
  if (layout.kind === 'empty') return [good('queues', 'nothing is in this Redis yet')];
  if (layout.kind !== 'settled') {
    const says = layout.kind === 'changing' ? 'a repartition has not ended' : 'its partitions cannot be read';
    return [{ about: 'partitions', level: 'bad', says, type: 'order-pipeline repartition --help' }];
  }
  const partitions = makePartitions(layout.count);
  return [
    either(
      'partitions',
      layout.count !== configured,
      {
        level: 'bad',
        says: `Redis holds ${layout.count}, PARTITIONS says ${configured}: no process starts`,
        type: `PARTITIONS=${layout.count}, or order-pipeline repartition --to ${configured}`,
      },
      `${layout.count}`,
    ),
    await paused(redis, partitions),
    good('waiting', `${whole((await readQueueLoad(redis, partitions)).waiting)} orders wait for a worker`),
    await failed(redis, partitions),
  ];
}

async function paused(redis: Redis | Cluster, { all }: Partitions): Promise<Finding> {
  const states = await Promise.all(
    all.map((each) => redis.hmget(queueKey(each, 'meta'), 'paused', 'concurrency')),
  );
  const tags = all
    .filter((_, at) => states[at]?.[0] != null || states[at]?.[1] === '0')
    .map(({ tag }) => tag);
  return either(
    'paused queues',
    tags.length > 0,
    {
      level: 'bad',
      says: `nothing is counted of ${tags.join(', ')}: paused by hand`,
      type: 'resume it at /admin/queues; order-pipeline audit --since 1d says who paused it',
    },
    'no queue is paused',
  );
}

async function failed(redis: Redis | Cluster, { all }: Partitions): Promise<Finding> {
  const { orders, since, byReason } = await readFailures(redis, all);
  const from = Date.now() - HOUR_MS;
  const counts = await Promise.all(all.map((each) => redis.zcount(failureKeys(each).since, from, '+inf')));
  const lately = counts.reduce((sum, count) => sum + count, 0);
  const most = byReason[0] ? `, most by ${byReason[0].reason}` : '';
  const says = `${whole(orders)} failed orders wait since ${since}, ${whole(lately)} of them failed in the last hour${most}`;
  return either(
    'failed orders',
    orders > 0,
    {
      level: lately > GROWS * orders ? 'bad' : 'look',
      says,
      type: 'mend the cause, then order-pipeline failed retry --reason REASON',
    },
    'no failed order waits',
  );
}
