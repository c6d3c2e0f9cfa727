import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PeopleStore } from '../../src/access/peopleStore.ts';
import { PASSWORD, peopleOf } from '../people/visitor.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

/** The figures may say so, on a machine with other work on it. */
const isNotBusy = (fault: string): boolean => !/\b503\b/.test(fault);

describe('signing in', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  let context: BrowserContext;
  let page: Page;
  let faults: string[];
  let people: ReturnType<typeof peopleOf>;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([
      startBrowser(),
      startPipeline({ STATS_API: 'keys' }, { role: 'api' }),
    ]);
    people = peopleOf(pipeline);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 360, height: 800 } });
    ({ page, faults } = await watchedPage(context, pipeline.url));
  });

  const linkFor = async (name: string, role = 'read') =>
    (await people('invite', name, '--role', role, '--at', pipeline.url)).stdout.trim();
  const fill = async (fields: Record<string, string>) => {
    for (const [label, value] of Object.entries(fields))
      await page.getByLabel(label, { exact: true }).fill(value);
    await page.keyboard.press('Enter');
  };
  const isWithinWidth = () => page.evaluate('document.documentElement.scrollWidth <= innerWidth');

  it('takes who is invited to a password, to the figures, out, and back to where they wanted to go', async () => {
    const name = 'محمد <b>رضا</b>';
    await page.goto(await linkFor(name));
    await page.getByRole('heading', { name: 'Choose a password' }).waitFor();
    expect(await page.getByLabel('Your name here').inputValue()).toBe(name);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await isWithinWidth()).toBe(true);
    await fill({ Password: PASSWORD, 'The same once more': 'another password' });
    await page.getByText('The two passwords differ.').waitFor();
    await fill({ 'The same once more': PASSWORD });

    await page.waitForURL(`${pipeline.url}/`);
    await page.getByText('No order has been counted yet.').first().waitFor();
    await page.goto(`${pipeline.url}/docs`);
    await page.locator('.account summary').waitFor();
    expect(await isWithinWidth()).toBe(true);
    await page.locator('#global').getByRole('button', { name: 'Send' }).click();
    await page.locator('#global').getByText('200 OK').first().waitFor();
    await page.goto(pipeline.url);
    const account = page.locator('.account summary');
    expect(await account.textContent()).toBe(name);
    await account.click();
    await page.locator('.account .sheet').getByText('role read').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await isWithinWidth()).toBe(true);
    expect(faults.filter(isNotBusy)).toEqual([]);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(`${pipeline.url}/sign-in`);
    // What the figures still asked for in between was refused.
    faults.length = 0;

    await page.goto(`${pipeline.url}/admin/queues/queue/orders?status=failed`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate('document.activeElement.id')).toBe('name');
    await page.keyboard.type(name);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${pipeline.url}/admin/queues/queue/orders?status=failed`);
    await page.waitForSelector('#root header');
    expect(faults.filter(isNotBusy)).toEqual([]);
  });

  it.each([
    '//evil.example/',
    'https://evil.example',
    'javascript:alert(1)',
    '/\\evil.example',
    '/../..//x.y',
  ])('goes on to no other site, whatever the address says: %s', async (next) => {
    await page.goto(await linkFor('anna'));
    await fill({ Password: PASSWORD, 'The same once more': PASSWORD });
    await page.waitForURL(`${pipeline.url}/`);
    await page.goto(`${pipeline.url}/sign-in?next=${encodeURIComponent(next)}`);
    await fill({ Name: 'anna', Password: PASSWORD });
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    expect(new URL(page.url()).origin).toBe(pipeline.url);
  });

  it('says what is wrong, dark as well, and offers to sign in where figures are', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(pipeline.url);
    await page.getByRole('link', { name: 'Sign in' }).first().click();
    await fill({ Name: 'nobody', Password: 'not my password' });
    await page.getByText('The name or the password is wrong').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('nobody');
  });

  it('takes whoever follows the link of the demo in, once', async () => {
    const secret = await new PeopleStore(pipeline.redis.client()).makeSignInLink(60_000);
    await page.goto(`${pipeline.url}/sign-in#${secret}`);
    await page.waitForURL(`${pipeline.url}/`);
    await page.locator('.account summary').getByText('visitor').waitFor();
    await context.clearCookies();
    await page.goto(`${pipeline.url}/sign-in#${secret}`);
    await page.getByText('This link was followed before, or has expired').waitFor();
  });
});
