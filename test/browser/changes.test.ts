import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { BOARD_CHANGES } from '../../src/desk/boardTable.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { startBrowser } from './browser.ts';

describe('an operator at the page of a failed order', () => {
  let pipeline: TestPipeline;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    pipeline = await startPipeline();
    browser = await startBrowser();
    await pipeline.send(anOrder({ order_value: 201 }));
    await pipeline.settled();
    page = await browser.newPage();
    await page.goto(`${pipeline.url}/admin/queues/queue/orders?status=failed`);
    await page.waitForSelector('text=order ORD1237 of user U0001');
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  /** An icon of the page has its name only while the mouse is over it. */
  async function iconNamed(name: string): Promise<Locator> {
    for (const button of await page.locator('main button').all()) {
      if ((await button.innerText()).trim() !== '') continue;
      await button.hover();
      const tip = page.getByText(name, { exact: true }).waitFor({ timeout: 2_000 });
      if (
        await tip.then(
          () => true,
          () => false,
        )
      )
        return button;
    }
    throw new Error(`no icon is named ${name}`);
  }

  it('who would delete it is told why not, and what to do instead', async () => {
    const clean = BOARD_CHANGES.find(({ route }) => route.endsWith('/clean/:queueStatus'));
    await page.getByRole('button', { name: 'Clean all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    const sentence = clean && 'instead' in clean ? clean.instead : 'it is refused';
    await page.waitForSelector(`text=${sentence}`);
    expect(await pipeline.failed()).toHaveLength(1);
  });

  it('who repairs its data and retries it has it counted', async () => {
    await page.reload();
    await page.waitForSelector('text=order ORD1237 of user U0001');
    await (await iconNamed('Update Data')).click();
    await page.locator('.cm-content, textarea').first().click();
    const data = (await pipeline.failed())[0]?.data;
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(JSON.stringify({ ...data, order: anOrder() }));
    await page.locator('button[form=edit-job-data-form]').click();
    await until(
      async () => Object((await pipeline.failed())[0]?.data.order).order_value === 2000,
      'the edit is saved',
    );
    await (await iconNamed('Retry')).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until(async () => (await pipeline.get('/users/U0001/stats')).status === 200, 'it counts');
  });
});
