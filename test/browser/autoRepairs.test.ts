import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { COMMA, priced } from '../desk/runs/failing.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

describe('the desk', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([startBrowser(), startPipeline()]);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  it('leaves a saved recipe standing for a cause, shows how it fares, and takes it back', async () => {
    await pipeline.send(priced(1), priced(2));
    const groups = () => pipeline.json<{ groups: { cause: string; orders: number }[] }>('/desk/api/groups');
    await until(async () => (await groups()).groups[0]?.orders === 2, 'two wait');
    const saved = await pipeline.get('/desk/api/recipes/save', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'comma', recipe: COMMA, because: 'monthly' }),
    });
    expect(saved.status).toBe(200);
    const { page, faults } = await watchedPage(await browser.newContext(), pipeline.url);
    await page.goto(`${pipeline.url}/desk#repair?cause=${(await groups()).groups[0]?.cause}`);
    const form = page.locator('details', { hasText: 'Leave a recipe standing' });
    await form.locator('summary').click();
    expect(await seriousFindings(page)).toEqual([]);
    const leave = form.getByRole('button', { name: 'Leave it standing' });
    await leave.click();
    await form.getByText('Say why first.').waitFor();
    await form.getByLabel('Why').fill('the shop does it every month');
    await leave.click();
    const list = page.getByRole('region', { name: 'Standing recipes' });
    await list.getByText('comma@1 for wrong_type at items[*].price_per_unit').waitFor();
    await list.getByText('0 of 100 this hour').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await list.locator('summary').click();
    await list.getByLabel('Why').fill('mended');
    await list.getByRole('button', { name: 'Remove comma@1' }).click();
    await list.waitFor({ state: 'hidden' });
    expect(await pipeline.json('/desk/api/auto-repairs')).toMatchObject({ auto_repairs: [] });
    expect(faults).toEqual([]);
  });
});
