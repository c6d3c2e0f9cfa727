import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { findChromium, howToGetChromium } from '../../chromium.mjs';

import { inSurroundings } from '../support/surroundings.ts';
import { median, percentile, printTable } from '../support/table.ts';
import { fillQueue } from '../worker/throughput.ts';

const ORDERS = 1_000;
/** The page keeps the time itself; this only finds out that it has. */
const LOOK_GAP_MS = 200;

/** Marks when the first number of the pulse has been painted, before anything of the page runs. */
const MARK = `
  const looking = new MutationObserver(() => {
    if (!/\\d orders? in all/.test(document.body?.textContent ?? '')) return;
    looking.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark('first number')));
  });
  looking.observe(document, { subtree: true, childList: true, characterData: true });
`;

const TIMES = `(() => {
  const [mark] = performance.getEntriesByName('first number');
  const [document] = performance.getEntriesByType('navigation');
  const pulse = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/pulse'));
  return mark && pulse && [mark.startTime, mark.startTime - document.responseEnd, mark.startTime - pulse.responseEnd];
})()`;

/** How long a browser that was never here needs to show the first number of the page at /. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '20' } } });
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`there is no Chromium: ${howToGetChromium()}`);
  const rounds = await inSurroundings(async ({ env, startProduct }) => {
    await fillQueue(env.REDIS_URL as string, { jobs: ORDERS, users: 100, days: 2 });
    const { url } = await startProduct('all', {});
    const counted = async () => {
      const response = await fetch(`${url}/stats/global`);
      return ((await response.json()) as { total_orders: number }).total_orders;
    };
    while ((await counted()) < ORDERS) await delay(100);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const look = async (): Promise<number[]> => {
        const context = await browser.newContext();
        await context.addInitScript(MARK);
        const page = await context.newPage();
        await page.goto(url);
        for (;;) {
          const times = await page.evaluate<number[] | undefined>(TIMES);
          if (!times) await delay(LOOK_GAP_MS);
          else {
            await context.close();
            return times;
          }
        }
      };
      // The browser's own first page is no page of ours.
      await look();
      const looks: number[][] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) looks.push(await look());
      return looks;
    } finally {
      await browser.close();
    }
  });
  printTable(
    `The first number on the page at /, ${rounds.length} browsers without a cache, ms`,
    ['', 'median', 'p95', 'most'],
    ['since it was asked for', 'since the page was answered', 'since /pulse was answered'].map((name, at) => {
      const times = rounds.map((each) => each[at] as number);
      return [
        name,
        ...[median(times), percentile(times, 0.95), Math.max(...times)].map((ms) => ms.toFixed(0)),
      ];
    }),
  );
}
