import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Child } from '../support/child.ts';
import { machineTime } from '../support/clock.ts';
import { type HttpReader, openReader } from '../support/httpReader.ts';
import type { ProductRequest, Usage } from '../support/product.ts';
import type { SenderRequest, SendTimes } from '../support/sender.ts';
import type { SqsServerRequest } from '../support/sqsServer.ts';
import { inSurroundings } from '../support/surroundings.ts';
import { median, percentile, printTable } from '../support/table.ts';

const INBOXES = ['SQS in its own process', 'embedded SQS'] as const;
type InboxKind = (typeof INBOXES)[number];

/** At 200 orders a second, in milliseconds. */
const GOAL = { p50: 15, p99: 50 };
const BASE_READS = 300;
const BASE_SENDS = 100;
/** Orders of the first seconds are not counted: code that has not run before is not yet compiled. */
const WARM_UP_SECONDS = 3;
/** Between two looks: closer ones would be the load. */
const LOOK_GAP_MS = 5;
const LATEST_MS = 15_000;

interface Figures {
  /** Send → visible of each order, ms. */
  waits: number[];
  /** Time from one look to the next, ms: an order is seen by so much too late at most. */
  gaps: number[];
  /** One read of empty totals and one SendMessage while nothing else happens, ms. */
  read: number;
  send: number;
  /** User + system of the product's process without what our looks take, ms. */
  cpuPerOrder: number;
}

/**
 * How long after the start of its send an order is in /stats/global: the k-th one sent counts as visible once
 * `total_orders` is k. The whole product is one process, the sender, SQS and Redis are others. The base of the
 * ratio is what even a pipeline that takes no time would need: one SendMessage and one read.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rate: { type: 'string', default: '200' },
      seconds: { type: 'string', default: '15' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const rate = Number(values.rate);
  const seconds = Number(values.seconds);
  const figures = new Map<InboxKind, Figures[]>(INBOXES.map((inbox) => [inbox, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const inbox of INBOXES) figures.get(inbox)?.push(await measure(inbox, rate, seconds));
  }
  report(rate, seconds, figures);
}

function measure(inbox: InboxKind, rate: number, seconds: number): Promise<Figures> {
  return inSurroundings(async ({ env, start, startProduct }) => {
    if (inbox === 'SQS in its own process') {
      const sqs = await start(new URL('../support/sqsServer.ts', import.meta.url));
      const { endpoint } = await sqs.ask<{ endpoint: string }>({
        do: 'create',
        queue: 'elsewhere',
      } satisfies SqsServerRequest);
      env.SQS_ENDPOINT = endpoint;
    }
    const sender = await start(new URL('../support/sender.ts', import.meta.url));
    const product = await startProduct('all', {});
    const reader = openReader(product.url);
    try {
      const { read, cpuPerRead } = await readAlone(reader, product.child);
      const alone = await send(sender, { env, orders: BASE_SENDS, seed: 1 });
      await watch(reader, BASE_SENDS, LATEST_MS);
      const load = { env, orders: Math.round(rate * (WARM_UP_SECONDS + seconds)), rate, seed: 2 };
      const before = await cpu(product.child);
      const [times, looks] = await Promise.all([
        send(sender, load),
        watch(reader, BASE_SENDS + load.orders, (WARM_UP_SECONDS + seconds) * 1_000 + LATEST_MS),
      ]);
      const spent = (await cpu(product.child)) - before;
      return {
        waits: waits(times, looks).slice(Math.round(rate * WARM_UP_SECONDS)),
        gaps: looks.slice(1).map(({ at }, index) => at - (looks[index] as Look).at),
        read,
        send: median(alone.answered.map((at, index) => at - (alone.started[index] as number))),
        cpuPerOrder: (spent - looks.length * cpuPerRead) / load.orders,
      };
    } finally {
      reader.close();
    }
  });
}

const send = (sender: Child, request: Omit<SenderRequest, 'do'>): Promise<SendTimes> =>
  sender.ask<SendTimes>({ do: 'send', ...request } satisfies SenderRequest);

/** What the product has used so far, ms. */
const cpu = async (product: Child): Promise<number> => {
  const { cpuMicroseconds } = await product.ask<Usage>({ do: 'usage' } satisfies ProductRequest);
  return cpuMicroseconds / 1_000;
};

interface Look {
  at: number;
  total: number;
}

async function look(reader: HttpReader): Promise<Look> {
  const { total_orders } = await reader.read<{ total_orders: number }>('/stats/global');
  return { at: machineTime(), total: total_orders };
}

/** As far apart as under load: a process that has just run answers faster and for less. */
async function readAlone(reader: HttpReader, product: Child): Promise<{ read: number; cpuPerRead: number }> {
  const times: number[] = [];
  let before = 0;
  for (let i = 0; i < 2 * BASE_READS; i += 1) {
    if (i === BASE_READS) before = await cpu(product);
    await delay(LOOK_GAP_MS);
    const started = machineTime();
    times.push((await look(reader)).at - started);
  }
  return { read: median(times.slice(BASE_READS)), cpuPerRead: ((await cpu(product)) - before) / BASE_READS };
}

/** Every look at the totals until they are there. */
async function watch(reader: HttpReader, total: number, limitMs: number): Promise<Look[]> {
  const deadline = machineTime() + limitMs;
  const looks = [await look(reader)];
  while ((looks.at(-1) as Look).total < total) {
    if (machineTime() > deadline) throw new Error(`${looks.at(-1)?.total} of ${total} orders were counted`);
    await delay(LOOK_GAP_MS);
    looks.push(await look(reader));
  }
  return looks;
}

function waits({ started }: SendTimes, looks: readonly Look[]): number[] {
  let next = 0;
  return started.map((at, index) => {
    while ((looks[next] as Look).total < BASE_SENDS + index + 1) next += 1;
    return (looks[next] as Look).at - at;
  });
}

function report(rate: number, seconds: number, figures: Map<InboxKind, Figures[]>): void {
  const rounds = [...figures.values()][0]?.length ?? 0;
  const rows = [...figures].map(([inbox, each]) => {
    const over = (share: number) => each.map(({ waits }) => percentile(waits, share));
    const read = median(each.map(({ read }) => read));
    const send = median(each.map(({ send }) => send));
    return [
      inbox,
      ms(median(over(0.5))),
      ms(median(over(0.9))),
      ms(median(over(0.99))),
      ms(median(over(1))),
      `${ms(Math.min(...over(0.99)))}–${ms(Math.max(...over(0.99)))}`,
      ms(read),
      ms(send),
      (median(over(0.5)) / (read + send)).toFixed(1),
      ms(median(each.map(({ cpuPerOrder }) => cpuPerOrder))),
    ];
  });
  printTable(
    `send → visible in /stats/global, ms, ${rate} orders/s for ${seconds} s, medians of ${rounds} rounds`,
    [
      '',
      'p50',
      'p90',
      'p99',
      'max',
      'p99 of the rounds',
      'one read',
      'one send',
      'p50 × (read + send)',
      'CPU/order',
    ],
    [...rows, ['goal at 200/s', ms(GOAL.p50), '', ms(GOAL.p99), '', '', '', '', '', '']],
  );
  const gaps = [...figures.values()].flat().flatMap((each) => each.gaps);
  console.log(
    `Resolution: a look every ${ms(median(gaps))} ms (p99 ${ms(percentile(gaps, 0.99))}); a figure is too high by ` +
      'up to that. CPU is of the product without what the looks take.\n' +
      // Without spare CPU the figures tell how long processes wait for it.
      `Load average of the machine over the last minute: ${(loadavg()[0] as number).toFixed(1)}.\n`,
  );
}

const ms = (value: number): string => value.toFixed(1);
