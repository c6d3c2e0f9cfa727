import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import { DAY_SECONDS } from '../../../src/runtime/units.ts';
import { RECORDING_SCRIPT } from '../../../src/stats/record/recordOrder.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { statsKeys } from '../../../src/store/statsKeys.ts';
import { redisCpu } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';

const WINDOW_SECONDS = 35 * DAY_SECONDS;
const DAYS = ['2025-06-01', '2025-06-02'];
const PARTITION = makePartitions(1).of('');

interface Part {
  name: string;
  /** Lines of the script and what stands there instead when the part is left out. */
  changes: readonly (readonly [string, string])[];
}

const COUNTS: Part = {
  name: "without each user's orders by period",
  changes: [
    ["local counts = redis.pcall('HMGET', counts_key, unpack(period.ids))", 'local counts = {}'],
    ["redis.call('HSET', prefix .. 'counts:' .. name, unpack(counts))", ''],
  ],
};
const DETAIL: Part = {
  name: "without each user's spend and orders by period",
  changes: [['period.detailed = period.key == months_key or name >= detail_from', 'period.detailed = false']],
};
const LISTS: Part = {
  name: 'nor the users by spend and by orders',
  changes: [
    ...DETAIL.changes,
    ["redis.call('ZADD', by_spend, unpack(spends))", ''],
    ["redis.call('ZADD', by_count, unpack(counts))", ''],
  ],
};
const NEW_USERS: Part = {
  name: 'without new users by period',
  changes: [
    ["redis.pcall('HGET', new_key, 'after')", "''"],
    ['user.orders == 0 and add_new_user(day, sub(day, 1, 7), sub(day, 1, 4))', 'false'],
  ],
};
const PARTS: readonly Part[] = [{ name: 'as it is', changes: [] }, NEW_USERS, COUNTS, DETAIL, LISTS];

interface Load {
  orders: number;
  users: number;
  /** Orders in one call of the script. */
  batch: number;
}

/** What recording costs Redis per order, and which part of it each of the things it keeps. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      orders: { type: 'string', default: '100000' },
      users: { type: 'string', default: '10000' },
      batch: { type: 'string', default: '25' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const load = { orders: Number(values.orders), users: Number(values.users), batch: Number(values.batch) };
  const figures = new Map<Part, number[]>(PARTS.map((part) => [part, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const part of PARTS) figures.get(part)?.push(await measure(part, load));
  }
  const rows = [...figures].map(([{ name }, each]) => ({ name, cpu: median(each) }));
  const whole = rows[0]?.cpu as number;
  printTable(
    `Recording, ${load.batch} orders a call, ${load.users} users who have orders already, ${DAYS.length} days, medians`,
    ['', 'Redis µs/order', '× as it is'],
    rows.map(({ name, cpu }) => [name, cpu.toFixed(1), (cpu / whole).toFixed(2)]),
  );
}

async function measure(part: Part, { orders, users, batch }: Load): Promise<number> {
  const { client, stop } = await startBenchRedis();
  const sha = (await client.script('LOAD', scriptWithout(part))) as string;
  let next = 0;
  const record = async (count: number) => {
    for (const end = next + count; next < end; next += batch) await call(client, sha, { next, users, batch });
  };
  // Every user is there already, on both days.
  await record(users * DAYS.length);
  const before = await redisCpu(client);
  await record(orders);
  const cpu = ((await redisCpu(client)) - before) / orders;
  stop();
  return cpu;
}

async function call(
  redis: Redis,
  sha: string,
  { next, users, batch }: Omit<Load, 'orders'> & { next: number },
) {
  const { ledger, prefix } = statsKeys(PARTITION);
  const ids = randomBytes(16 * batch);
  const fields = Array.from({ length: batch }, (_, index) => {
    const order = next + index;
    const day = DAYS[Math.floor(order / users) % DAYS.length];
    return [`U${(order * 7_919) % users}`, 500 + ((order * 31_337) % 40_000), day];
  });
  const replies = await redis.evalsha(
    sha,
    1,
    ledger,
    prefix,
    WINDOW_SECONDS,
    ids,
    JSON.stringify(fields.flat()),
  );
  const wrong = (replies as string[]).find((reply) => reply !== 'counted');
  if (wrong !== undefined) throw new Error(`an order was not counted: ${wrong}`);
}

function scriptWithout({ name, changes }: Part): string {
  return changes.reduce((script, [line, instead]) => {
    if (script.split(line).length !== 2) throw new Error(`${name}: the script no longer has ${line}`);
    return script.replace(line, instead);
  }, RECORDING_SCRIPT);
}
