import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { keepYear } from '../../scripts/bench/history/yearOfOrders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

describe('the page of analytics', () => {
  let browser: Browser;
  let postgres: TestPostgres;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, postgres] = await Promise.all([startBrowser(), startTestPostgres()]);
    const target = await postgres.database();
    const client = await postgres.client(target);
    await keepYear(client, 3_000);
    await client.query(`UPDATE history.order_items SET product_id = '<img src=x onerror="document.title=1">'
      WHERE product_id = (SELECT max(product_id) FROM history.order_items)`);
    await client.query("UPDATE history.orders SET user_id = 'U' || id % 400 + id / 1000 % 3 * 100");
    pipeline = await startPipeline({ DATABASE_URL: postgres.url(target) }, { role: 'api' });
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
    await postgres?.stop();
  });

  const open = async (options: BrowserContextOptions = {}, query = '') => {
    const watched = await watchedPage(await browser.newContext(options), pipeline.url);
    await watched.page.goto(`${pipeline.url}/analytics${query}`);
    await watched.page.getByRole('list', { name: 'Orders by their value' }).waitFor();
    await watched.page
      .getByRole('region', { name: 'Cohorts' })
      .getByText(/^(First order|No order in this time.)$/)
      .waitFor();
    return watched;
  };
  const shot = (page: Awaited<ReturnType<typeof open>>['page'], name: string) =>
    process.env.PICTURES
      ? page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true })
      : undefined;

  it('is led to from /, and shows each answer as a picture with its figures under it', async () => {
    const { page, faults } = await open();
    await page.goto(pipeline.url);
    await page.getByRole('link', { name: 'Analytics' }).click();
    await page.getByRole('list', { name: 'Products by revenue' }).waitFor();
    const { orders } = (await pipeline.json('/analytics/order-values')) as { orders: number };
    await page.getByText(`${orders.toLocaleString('en-US')} orders,`).waitFor();
    for (const summary of await page.getByText('The same as a table').all())
      if (await summary.isVisible()) await summary.click();
    for (const name of ['Products sold', 'Payment methods', 'What orders are worth', 'Who came back'])
      expect(
        await page
          .getByRole('region', { name: `Figures: ${name}` })
          .getByRole('row')
          .count(),
      ).toBeGreaterThan(1);
    await page.getByRole('row', { name: /^2025-01 / }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('keeps what is asked in its address, and asks for that alone', async () => {
    const { page, faults } = await open(
      {},
      '?start_date=2025-03-01&end_date=2025-03-31&by=orders&show=users',
    );
    await page.getByRole('list', { name: 'Products by orders' }).waitFor();
    await page.getByLabel('Products by', { exact: true }).selectOption('quantity');
    await page.getByRole('list', { name: 'Products by quantity' }).waitFor();
    await page.getByLabel('To', { exact: true }).fill('2025-03-02');
    await page.waitForURL(/end_date=2025-03-02/);
    await page.reload();
    await page.getByText(/^1[0-9] orders,/).waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Payment methods as CSV' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe('payment-methods.csv');
    await page.getByRole('button', { name: 'All orders' }).click();
    await page.getByText(/^3,000 orders,/).waitFor();
    expect(new URL(page.url()).search).toBe('?by=quantity&show=users');
    expect(faults).toEqual([]);
  });

  it.each([
    [360, 'light'],
    [360, 'dark'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const)('fits %i px, %s', async (width, colorScheme) => {
    const { page, faults } = await open({ viewport: { width, height: 900 }, colorScheme });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.title()).toBe('order-pipeline: analytics');
    await shot(page, `${width}-${colorScheme}`);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('asks who is looking where that is needed, before it asks for anything', async () => {
    const closed = await startPipeline(
      { STATS_API: 'keys', DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
      { role: 'api' },
    );
    try {
      const { page, faults } = await watchedPage(await browser.newContext(), closed.url);
      await page.goto(`${closed.url}/analytics`);
      await page.getByRole('heading', { name: 'Who is looking?' }).waitFor();
      expect(await page.getByRole('heading', { name: 'Analytics' }).isVisible()).toBe(false);
      expect(faults).toEqual([]);
    } finally {
      await closed.stop();
    }
  });

  it('says how to switch a history on where none is kept', async () => {
    const without = await startPipeline({}, { role: 'api' });
    try {
      const { page, faults } = await watchedPage(await browser.newContext(), without.url);
      await page.goto(`${without.url}/analytics`);
      await page.getByText('HISTORY=embedded').waitFor();
      await shot(page, 'off');
      expect(await seriousFindings(page)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await without.stop();
    }
  });
});
