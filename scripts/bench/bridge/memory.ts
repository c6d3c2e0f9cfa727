import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Role } from '../../../src/config/roles.ts';
import type { Child } from '../support/child.ts';
import type { FullInboxRequest, InboxState } from '../support/fullInbox.ts';
import { type HttpReader, openReader } from '../support/httpReader.ts';
import type { ProductRequest, Usage } from '../support/product.ts';
import { inSurroundings, type Product, type Surroundings } from '../support/surroundings.ts';
import { median, printTable } from '../support/table.ts';

const QUEUE = 'orders';
/** An inbox of so many that is kept at that: the same traffic without the backlog. */
const ALMOST_EMPTY = 1_000;
const HIGH_WATER = 5_000;
const SAMPLE_MS = 1_000;
const PAUSE_LIMIT_MS = 60_000;
const MEGABYTE = 1_048_576;
const HEAP_BYTES_PER_MESSAGE = 4_096;

interface Phase {
  samples: Usage[];
  /** Orders that left the inbox while the samples were taken. */
  messages: number;
}

interface Figures {
  paused: Phase;
  draining: Phase;
}

interface BridgeHealth {
  paused_by: string[];
  in_flight: number;
  messages: number;
  calls: { receive: number };
}

/**
 * What the product's process takes in memory beside a full inbox and beside an almost empty one, first as a
 * bridge that the backlog behind it keeps paused, then as the whole product draining the inbox.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '1000000' },
      paused: { type: 'string', default: '30' },
      draining: { type: 'string', default: '60' },
    },
  });
  const seconds = { paused: Number(values.paused), draining: Number(values.draining) };
  const messages = Number(values.messages);
  const almostEmpty = await measure(ALMOST_EMPTY, seconds);
  const full = await measure(messages, seconds);
  for (const phase of ['paused', 'draining'] as const) {
    report(phase, seconds[phase], [
      [ALMOST_EMPTY, almostEmpty[phase]],
      [messages, full[phase]],
    ]);
  }
}

function measure(messages: number, seconds: { paused: number; draining: number }): Promise<Figures> {
  return inSurroundings(async (around) => {
    const inbox = await around.start(new URL('../support/fullInbox.ts', import.meta.url), {
      NODE_OPTIONS: `--max-old-space-size=${512 + Math.ceil((messages * HEAP_BYTES_PER_MESSAGE) / MEGABYTE)}`,
    });
    const started = performance.now();
    const { endpoint } = await inbox.ask<{ endpoint: string }>({
      do: 'fill',
      queue: QUEUE,
      messages,
      keep: messages === ALMOST_EMPTY,
    } satisfies FullInboxRequest);
    console.log(`inbox of ${messages} filled in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
    const env = { SQS_ENDPOINT: endpoint, QUEUE_NAME: QUEUE };
    return {
      paused: await whilePaused(around, env, inbox, seconds.paused),
      draining: await whileDraining(around, env, seconds.draining),
    };
  });
}

async function whilePaused(
  around: Surroundings,
  env: Record<string, string>,
  inbox: Child,
  seconds: number,
): Promise<Phase> {
  return withProduct(around, 'bridge', { ...env, QUEUE_HIGH_WATER: String(HIGH_WATER) }, async (product) => {
    const limit = performance.now() + PAUSE_LIMIT_MS;
    const isPaused = ({ paused_by, in_flight }: BridgeHealth) => paused_by.length > 0 && in_flight === 0;
    while (!isPaused(await product.health())) {
      if (performance.now() > limit) throw new Error('the bridge was not paused by the backlog');
      await delay(100);
    }
    const before = await product.health();
    const samples = await sample(product.child, seconds);
    const after = await product.health();
    const { inFlight, mostReceives } = await inbox.ask<InboxState>({
      do: 'state',
    } satisfies FullInboxRequest);
    check(after.paused_by.join() === 'backlog', `the backlog alone pauses it, not ${after.paused_by}`);
    check(after.calls.receive === before.calls.receive, 'it receives nothing while paused');
    check(inFlight === 0 && mostReceives === 0, `what waits was never handed out, not ${mostReceives} times`);
    console.log(
      `paused by ${after.paused_by} for ${seconds} s: ${after.calls.receive - before.calls.receive} receives, ` +
        `messages waiting in SQS were handed out ${mostReceives} times`,
    );
    return { samples, messages: after.messages - before.messages };
  });
}

async function whileDraining(
  around: Surroundings,
  env: Record<string, string>,
  seconds: number,
): Promise<Phase> {
  return withProduct(around, 'all', env, async (product) => {
    const before = await product.health();
    const samples = await sample(product.child, seconds);
    const after = await product.health();
    return { samples, messages: after.messages - before.messages };
  });
}

interface Watched extends Product {
  health(): Promise<BridgeHealth>;
}

async function withProduct(
  around: Surroundings,
  role: Role,
  env: Record<string, string>,
  use: (product: Watched) => Promise<Phase>,
): Promise<Phase> {
  const product = await around.startProduct(role, env);
  const reader: HttpReader = openReader(product.url);
  const health = async () => (await reader.read<{ bridge: BridgeHealth }>('/health')).bridge;
  try {
    return await use({ ...product, health });
  } finally {
    reader.close();
    await product.child.kill();
  }
}

async function sample(child: Child, seconds: number): Promise<Usage[]> {
  const samples: Usage[] = [];
  const started = performance.now();
  for (let second = 0; second <= seconds; second += 1) {
    await delay(Math.max(0, started + second * SAMPLE_MS - performance.now()));
    samples.push(await child.ask<Usage>({ do: 'usage' } satisfies ProductRequest));
  }
  return samples;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as it should be: ${what}`);
}

function report(phase: keyof Figures, seconds: number, rows: [inbox: number, Phase][]): void {
  const [[, base]] = rows as [[number, Phase]];
  const title = {
    paused: 'A bridge paused by the backlog',
    draining: 'The whole product draining the inbox',
  };
  const rss = ({ samples }: Phase) => samples.map((each) => each.rss);
  const heap = ({ samples }: Phase) => samples.map((each) => each.heapUsed);
  printTable(
    `${title[phase]}, ${seconds} s, a sample a second, MB`,
    [
      'messages in SQS',
      'RSS first',
      'median',
      'max',
      '× median',
      'heap first',
      'median',
      'max',
      '× median',
      'orders/s',
    ],
    rows.map(([inbox, each]) => [
      String(inbox),
      ...firstMedianMax(rss(each)),
      (median(rss(each)) / median(rss(base))).toFixed(2),
      ...firstMedianMax(heap(each)),
      (median(heap(each)) / median(heap(base))).toFixed(2),
      (each.messages / seconds).toFixed(0),
    ]),
  );
}

const firstMedianMax = (bytes: readonly number[]): string[] =>
  [bytes[0] as number, median(bytes), Math.max(...bytes)].map((value) => (value / MEGABYTE).toFixed(1));
