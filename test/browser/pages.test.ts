import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext } from 'playwright-core';
import { collectingLogger } from '../support/collectingLogger.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { addressesIn, pathsInDemo, pathsInTexts } from './addresses.ts';
import { startBrowser, type WatchedPage, watchedPage } from './browser.ts';

const BOARD = '/admin/queues';
/** All else is JSON, and the same with a password and with many partitions. */
const PAGE = /^\/(v1\/?)?$|\/docs|\/desk\/audit|\/admin/;
const login = { username: 'ops', password: 'a password of the operators' };

// All in one: what is closed outside of it would be closed after the look at what is left open.
describe('pages', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  describe.each([
    ['1 partition, open', {}, undefined],
    [
      '3 partitions, with a password',
      { PARTITIONS: '3', ADMIN_USER: login.username, ADMIN_PASSWORD: login.password },
      login,
    ],
  ])('in a browser, with %s', (_name, env, httpCredentials) => {
    let pipeline: TestPipeline;
    let context: BrowserContext;
    let named: string[];

    beforeAll(async () => {
      const { logger, lines } = collectingLogger();
      pipeline = await startPipeline(env as Record<string, string>, { logger });
      const orders = ['U0001', 'U0002', 'U0003', 'U0004'].map((user_id) =>
        anOrder({ user_id, order_id: user_id }),
      );
      await pipeline.send(...orders, ...orders.map((order) => ({ ...order, order_value: 201 })));
      await pipeline.settled();
      context = await browser.newContext(httpCredentials ? { httpCredentials } : {});
      named = [
        ...new Set([...pathsInTexts(), ...pathsInDemo(), ...addressesIn(lines.join('\n'), pipeline.url)]),
      ].sort();
    });
    afterAll(async () => {
      await context?.close();
      await pipeline?.stop();
    });

    /** Opens, sees that it is there, and reloads what is a page of its own. */
    async function open({ page }: WatchedPage, path: string): Promise<void> {
      const loads = [() => page.goto(`${pipeline.url}${path}`), () => page.reload()];
      for (const load of PAGE.test(path) ? loads : loads.slice(0, 1)) {
        const response = await load();
        expect([path, response?.status()]).toEqual([path, 200]);
        if (new URL(page.url()).pathname.startsWith(BOARD)) await page.waitForSelector('#root header');
        else if (page.url().endsWith('/docs')) await page.waitForSelector('main section');
        const text = await page.innerText('body');
        expect([path, text.trim()]).toEqual([path, expect.not.stringMatching(/^(Loading.*)?$/)]);
      }
    }

    /** Where the links of a page lead, within the service. */
    const links = async ({ page }: WatchedPage, within: string): Promise<string[]> => {
      const all = await page.$$eval('a[href]', (anchors) =>
        anchors.map((each) => (each as unknown as { href: string }).href),
      );
      const own = all.filter((each) => each.startsWith(`${pipeline.url}${within}`));
      return [...new Set(own.map((each) => each.slice(pipeline.url.length)))].sort();
    };

    it('every address that README, docs, demo and log name is there, without an error or a foreign request', async () => {
      expect(named).toEqual(expect.arrayContaining(['/', '/docs', BOARD, '/health', '/users/U0001/stats']));
      const watched = await watchedPage(context, pipeline.url);
      const paths = [...named, `${BOARD}/`, '/v1/docs', '/docs/'];
      for (const path of httpCredentials ? paths.filter((each) => PAGE.test(each)) : paths)
        await open(watched, path);
      expect(watched.faults).toEqual([]);
    });

    it('every queue and a failed order can be come to by link, by address and by reload', async () => {
      const watched = await watchedPage(context, pipeline.url);
      await open(watched, BOARD);
      await until(
        async () => (await links(watched, `${BOARD}/queue/`)).length > 0,
        'the board lists its queues',
      );
      const queues = (await links(watched, `${BOARD}/queue/`)).map((path) => path.split('?')[0] as string);
      expect(new Set(queues).size).toBe(pipeline.queues.length);
      let orders = 0;
      for (const queue of new Set(queues)) {
        await open(watched, `${queue}?status=failed`);
        await until(
          async () => !(await watched.page.innerText('main')).includes('Loading'),
          'the list is there',
        );
        const [failed] = (await links(watched, queue)).filter((path) => /\/queue\/[^/]+\/[^/?]+/.test(path));
        if (failed === undefined) continue;
        orders += 1;
        await open(watched, failed);
        await watched.page.waitForSelector('text=order_value_mismatch');
      }
      expect(orders).toBeGreaterThan(0);
      expect(watched.faults).toEqual([]);
    });

    it("the board's Retry all runs each failed order of its queue once more", async () => {
      const queue = pipeline.queues.at(-1) as TestPipeline['queues'][number];
      const runs = async () => (await queue.getFailed()).map((job) => job.attemptsStarted);
      const before = await runs();
      expect(before.length).toBeGreaterThan(0);
      const watched = await watchedPage(context, pipeline.url);
      const { page } = watched;
      const titled =
        pipeline.queues.length === 1 ? 'orders' : `partition ${pipeline.queues.length - 1}: orders`;
      await page.goto(`${pipeline.url}${BOARD}/queue/${encodeURIComponent(titled)}?status=failed`);
      await page.getByRole('button', { name: 'Retry all' }).click();
      await page.getByRole('button', { name: 'Confirm' }).click();
      await until(async () => {
        const now = await runs();
        return (
          now.length === before.length && now.every((count, index) => count === (before[index] ?? 0) + 1)
        );
      }, 'each has run once more');
      expect(watched.faults).toEqual([]);
    });
  });
});
