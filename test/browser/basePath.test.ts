import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { anOrder } from '../support/orders.ts';
import { type PathProxy, startPathProxy } from '../support/pathProxy.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startBrowser, watchedPage } from './browser.ts';

const BASE = '/orders';

describe('pages under BASE_PATH', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    browser = await startBrowser();
    pipeline = await startPipeline({ BASE_PATH: BASE });
    await pipeline.send(anOrder({ user_id: 'U1', order_id: 'O1' }), anOrder({ order_value: 201 }));
    await pipeline.settled();
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  it.each([
    ['takes it off', true],
    ['hands it on', false],
  ])('work behind a proxy that %s, without an error', async (_name, strips) => {
    const proxy: PathProxy = await startPathProxy(pipeline.url, BASE, strips);
    const context = await browser.newContext();
    try {
      const watched = await watchedPage(context, proxy.origin + BASE);
      const { page } = watched;

      await page.goto(`${proxy.origin}${BASE}/`);
      await page.getByText('1 order in all').waitFor();
      await page.getByRole('link', { name: 'API' }).click();
      await page.waitForSelector('main section');
      expect(page.url()).toBe(`${proxy.origin}${BASE}/docs`);
      const answered = page.waitForResponse(`${proxy.origin}${BASE}/stats/global`);
      await page.locator('section#global').getByRole('button', { name: 'Send' }).click();
      expect(await (await answered).json()).toMatchObject({ total_orders: 1 });

      await page.goto(`${proxy.origin}${BASE}/`);
      await page.getByRole('link', { name: /1 order waits for you/ }).click();
      await page.locator('.cause').waitFor();
      expect(page.url()).toBe(`${proxy.origin}${BASE}/desk`);

      await page.goto(`${proxy.origin}${BASE}/admin/queues`);
      await page.waitForSelector('#root header');
      await page.goto(`${proxy.origin}${BASE}/admin/queues/queue/orders?status=failed`);
      const order = page.locator(`a[href^="${BASE}/admin/queues/queue/orders/"]`).first();
      await order.click();
      await page.waitForSelector('text=order_value_mismatch');
      await page.reload();
      await page.waitForSelector('text=order_value_mismatch');
      expect(watched.faults).toEqual([]);
    } finally {
      await context.close();
      await proxy.stop();
    }
  });
});
