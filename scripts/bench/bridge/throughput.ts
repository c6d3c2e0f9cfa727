import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Child, startChild } from '../support/child.ts';
import type { DelayProxyRequest } from '../support/delayProxy.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import type { SqsServerRequest } from '../support/sqsServer.ts';
import { median, printTable } from '../support/table.ts';
import type { ContenderName, ContenderRequest } from './contender.ts';

const CONTENDERS: ContenderName[] = ['bare', 'ours', 'sqs-consumer', 'sqs-consumer, batch 10'];
const WIDE = 32;
/** sqs-consumer handles one batch at a time: with a share of the messages it takes as long as the others. */
const SLOW_SHARE = 0.1;

interface Figures {
  perSecond: number;
  cpuMicroseconds: number;
  callsPerOrder: number;
}

/**
 * The bridge beside a bare loop of the same width and sqs-consumer, from a full inbox into BullMQ, over a way to
 * SQS of several lengths. CPU is user + system of the contender's own process.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      messages: { type: 'string', default: '30000' },
      rtt: { type: 'string', default: '0,15' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const messages = Number(values.messages);
  for (const delayMs of values.rtt.split(',').map(Number)) {
    const figures = new Map<ContenderName, Figures[]>(CONTENDERS.map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round += 1) {
      // In turn, so that a slow spell of the machine meets all of them.
      for (const name of CONTENDERS) {
        const slow = name.startsWith('sqs-consumer');
        figures.get(name)?.push(await measure(name, slow ? messages * SLOW_SHARE : messages, delayMs));
      }
    }
    report(delayMs, messages, figures);
  }
}

async function measure(contender: ContenderName, messages: number, delayMs: number): Promise<Figures> {
  const redis = await startBenchRedis();
  const sqs = await startChild(new URL('../support/sqsServer.ts', import.meta.url));
  const proxy = await startChild(new URL('../support/delayProxy.ts', import.meta.url));
  const child = await startChild(new URL('./contender.ts', import.meta.url));
  try {
    const { endpoint, queueUrl } = await ask<{ endpoint: string; queueUrl: string }>(sqs, {
      do: 'create',
      queue: 'orders',
    });
    await ask(sqs, { do: 'fill', queueUrl, from: 0, messages });
    const to = Number(new URL(endpoint).port);
    const port = await proxy.ask<number>({ do: 'listen', to, delayMs } satisfies DelayProxyRequest);

    const started = performance.now();
    const go: ContenderRequest = {
      do: 'go',
      contender,
      endpoint: `http://127.0.0.1:${port}`,
      queueUrl,
      redisUrl: redis.url,
      wide: WIDE,
    };
    await child.ask(go);
    while ((await ask<number>(sqs, { do: 'left', queueUrl })) > 0) await delay(20);
    const seconds = (performance.now() - started) / 1_000;
    const { cpuMicroseconds } = await child.ask<{ cpuMicroseconds: number }>({ do: 'report' });
    const calls = await proxy.ask<number>({ do: 'count' });
    return {
      perSecond: messages / seconds,
      cpuMicroseconds: cpuMicroseconds / messages,
      callsPerOrder: calls / messages,
    };
  } finally {
    await Promise.all([child.kill(), proxy.kill(), sqs.kill()]);
    redis.stop();
  }
}

const ask = <T>(sqs: Child, request: SqsServerRequest): Promise<T> => sqs.ask<T>(request);

function report(delayMs: number, messages: number, figures: Map<ContenderName, Figures[]>): void {
  const medians = new Map(
    [...figures].map(([name, rounds]) => [
      name,
      {
        perSecond: median(rounds.map((each) => each.perSecond)),
        cpuMicroseconds: median(rounds.map((each) => each.cpuMicroseconds)),
        callsPerOrder: median(rounds.map((each) => each.callsPerOrder)),
      },
    ]),
  );
  const bare = medians.get('bare') as Figures;
  printTable(
    `SQS → BullMQ, ${messages} messages, ${delayMs} ms added to each call, ${WIDE} receives wide, medians`,
    ['', 'orders/s', '× bare', 'CPU µs/order', '× bare', 'SQS calls/order'],
    [...medians].map(([name, { perSecond, cpuMicroseconds, callsPerOrder }]) => [
      name,
      perSecond.toFixed(0),
      (perSecond / bare.perSecond).toFixed(2),
      cpuMicroseconds.toFixed(0),
      (cpuMicroseconds / bare.cpuMicroseconds).toFixed(2),
      callsPerOrder.toFixed(3),
    ]),
  );
}
