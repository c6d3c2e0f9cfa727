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

/** Marks when text that matches has been painted, before anything of a page runs. */
const markWhen = (pattern: RegExp): string => `
  const looking = new MutationObserver(() => {
    if (!${pattern}.test(document.body?.textContent ?? '')) return;
    looking.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark('painted')));
  });
  looking.observe(document, { subtree: true, childList: true, characterData: true });
`;

/** Since the page was asked for, since its answer was there, and since that of /pulse was where it asks for that. */
const TIMES = `(() => {
  const [mark] = performance.getEntriesByName('painted');
  const [page] = performance.getEntriesByType('navigation');
  const pulse = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/pulse'));
  return mark && [mark.startTime, mark.startTime - page.responseEnd, mark.startTime - (pulse?.responseEnd ?? 0)];
})()`;

/**
 * How long a browser that was never here needs to show the first number of the page at /, beside the same browser that shows
 * the few lines of /health, which is as soon as it shows anything.
 */
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
      const look = async (path: string, pattern: RegExp): Promise<number[]> => {
        const context = await browser.newContext();
        await context.addInitScript(markWhen(pattern));
        const page = await context.newPage();
        await page.goto(url + path);
        for (;;) {
          const times = await page.evaluate<number[] | undefined>(TIMES);
          if (!times) await delay(LOOK_GAP_MS);
          else {
            await context.close();
            return times;
          }
        }
      };
      const both = async () => ({
        page: await look('/', /\d orders? in all/),
        base: await look('/health', /"status"/),
      });
      // What the browser does for its very first page is not about ours.
      await both();
      const looks: Awaited<ReturnType<typeof both>>[] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) looks.push(await both());
      return looks;
    } finally {
      await browser.close();
    }
  });
  const row = (name: string, times: number[]) => [
    name,
    ...[Math.min(...times), median(times), percentile(times, 0.95)].map((ms) => ms.toFixed(0)),
  ];
  const at = (place: number) => rounds.map(({ page }) => page[place] as number);
  printTable(
    `The first number on the page at /, ${rounds.length} browsers without a cache, ms`,
    ['', 'least', 'median', 'p95'],
    [
      row('since it was asked for', at(0)),
      row('since the page was answered', at(1)),
      row('since /pulse was answered', at(2)),
      row(
        '/health, since it was answered',
        rounds.map(({ base }) => base[1] as number),
      ),
    ],
  );
}
