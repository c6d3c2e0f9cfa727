import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { chromium } from 'playwright-core';
import { createSqsClient } from '../../../src/bridge/sqs/client.ts';
import { openInbox } from '../../../src/bridge/sqs/openInbox.ts';
import { readConfig } from '../../../src/config/config.ts';
import { findChromium, howToGetChromium } from '../../chromium.mjs';
import { inSurroundings } from '../support/surroundings.ts';
import { median, printTable } from '../support/table.ts';
import { type PlayedStep, playOperator, withComma } from './operator.ts';

const SENT_AT_ONCE = 10;
const WHO = { name: 'anna', password: 'a stopwatch is running' };

/**
 * A stopwatch over the operator's task: so many orders failed for one cause, a browser that was never here, and each step
 * until the receipt says that all of them have counted. No time to read or think is in it.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      orders: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const [orders, rounds] = [Number(values.orders), Number(values.rounds)];
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`there is no Chromium: ${howToGetChromium()}`);
  const played = await inSurroundings(async ({ env, startProduct }) => {
    const { url } = await startProduct('all', { ADMIN_USER: WHO.name, ADMIN_PASSWORD: WHO.password });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const all: PlayedStep[][] = [];
      for (let round = 0; round < rounds; round += 1) {
        await send(env, round * orders, orders);
        await failed(url, orders);
        const page = await (await browser.newContext()).newPage();
        all.push(await playOperator(page, { url, ...WHO, orders, because: 'bench' }));
        await page.context().close();
      }
      return all;
    } finally {
      await browser.close();
    }
  });
  const [first = []] = played;
  const total = (steps: PlayedStep[], of: 'seconds' | 'clicks') =>
    steps.reduce((sum, step) => sum + step[of], 0);
  const row = (name: string, seconds: number[], clicks: number) => [
    name,
    ...[Math.min(...seconds), median(seconds)].map((each) => each.toFixed(2)),
    String(clicks),
  ];
  printTable(
    `${orders} failed orders of one cause, ${rounds} rounds, seconds since the step before`,
    ['', 'least', 'median', 'clicks'],
    [
      ...first.map(({ name, clicks }, at) =>
        row(
          name,
          played.map((steps) => (steps[at] as PlayedStep).seconds),
          clicks,
        ),
      ),
      row(
        'in all',
        played.map((steps) => total(steps, 'seconds')),
        total(first, 'clicks'),
      ),
    ],
  );
}

async function send(env: Record<string, string>, from: number, count: number): Promise<void> {
  const { sqs } = readConfig(env);
  const client = createSqsClient(sqs);
  const QueueUrl = await openInbox(client, sqs);
  for (let first = from; first < from + count; first += SENT_AT_ONCE) {
    const Entries = Array.from({ length: Math.min(SENT_AT_ONCE, from + count - first) }, (_, at) => ({
      Id: String(at),
      MessageBody: JSON.stringify(withComma(first + at)),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  client.destroy();
}

/** Until all of them wait for somebody. */
async function failed(url: string, orders: number): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${WHO.name}:${WHO.password}`).toString('base64')}`;
  for (;;) {
    const response = await fetch(`${url}/desk/api/groups`, { headers: { authorization } });
    if (((await response.json()) as { orders?: number }).orders === orders) return;
    await delay(100);
  }
}
