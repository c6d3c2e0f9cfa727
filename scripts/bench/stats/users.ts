import { parseArgs } from 'node:util';
import { createRandom } from '../../../src/cli/send/random.ts';
import { makeReadStats } from '../../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { statsKeys } from '../../../src/store/statsKeys.ts';
import { usedMemory } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';

const CHUNK = 10_000;
const READS = 2_000;

/** What the record script leaves of a user, written in Redis itself: ten million orders would take an hour. */
const FILL = `
local prefix, from, to = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for i = from, to - 1 do
  local id = string.format('CUST%08d', i)
  local orders, spend = 1 + i % 37, 1000 + i * 7919 % 1000003
  redis.call('HSET', prefix .. 'user:' .. id, 'order_count', orders, 'total_spend', spend)
  redis.call('ZADD', prefix .. 'users:by_spend', spend, id)
  redis.call('ZADD', prefix .. 'users:by_count', orders, id)
end`;

/** Reads beside more and more users, each in turn on one connection, and what a user takes in Redis. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { users: { type: 'string', default: '1000,1000000,10000000' } },
  });
  const { client, stop } = await startBenchRedis();
  const partitions = makePartitions(1);
  const keys = statsKeys(partitions.all[0] as Partition);
  const read = makeReadStats(client, partitions);
  const empty = await usedMemory(client);
  const rows: number[][] = [];
  let filled = 0;
  for (const users of values.users.split(',').map(Number)) {
    for (; filled < users; filled += CHUNK) {
      await client.eval(FILL, 1, keys.bySpend, keys.prefix, filled, Math.min(filled + CHUNK, users));
    }
    filled = users;
    const random = createRandom(users);
    const anyone = () => `CUST${String(random.below(users)).padStart(8, '0')}`;
    // Code that has not run before is not yet compiled.
    if (rows.length === 0)
      await Promise.all([time(() => read.user(anyone())), time(() => read.rank(anyone()))]);
    rows.push([
      users,
      await time(() => read.user(anyone())),
      await time(() => read.topSpenders(10)),
      await time(() => read.topBuyers(10)),
      await time(() => read.rank(anyone())),
      await time(() => read.global()),
      ((await usedMemory(client)) - empty) / users,
    ]);
  }
  stop();
  const [first = []] = rows;
  printTable(
    `Reads beside so many users: median µs of ${READS} in turn, and × the first row; bytes of Redis per user`,
    [
      'users',
      'user',
      '×',
      'top 10 spenders',
      '×',
      'top 10 buyers',
      '×',
      'rank',
      '×',
      'global',
      '×',
      'bytes/user',
    ],
    rows.map(([users = 0, ...figures]) => [
      users.toLocaleString('en-US'),
      ...figures
        .slice(0, 5)
        .flatMap((micros, index) => [micros.toFixed(0), (micros / (first[index + 1] ?? 0)).toFixed(2)]),
      (figures[5] ?? 0).toFixed(0),
    ]),
  );
}

async function time(read: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i += 1) {
    const started = performance.now();
    await read();
    times.push((performance.now() - started) * 1_000);
  }
  return median(times);
}
