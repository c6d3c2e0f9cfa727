import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { KeyStore } from '../../src/access/keyStore.ts';
import { startBrowser, watchedPage } from '../browser/browser.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('the docs page in a browser', () => {
  let browser: Browser;
  let redis: TestRedis;
  let pipeline: TestPipeline;
  let contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
    redis = await startTestRedis();
    pipeline = await startPipeline({}, { redis });
    const order_timestamp = new Date().toISOString();
    const users = ['U0001', 'U0002', 'U0003', '<img src=x onerror=alert(1)>'];
    await pipeline.send(...users.map((user_id) => anOrder({ user_id, order_id: user_id, order_timestamp })));
    await pipeline.settled();
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
    await redis?.stop();
  });

  async function open(path = '/docs', options: BrowserContextOptions = {}, url = pipeline.url) {
    const context = await browser.newContext(options);
    contexts = [...contexts, context];
    const { page, faults } = await watchedPage(context, url);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url().slice(url.length)));
    await page.goto(`${url}${path}`);
    await page.waitForSelector('.operation');
    await page.waitForSelector('.problems dl');
    return { page, faults, asked };
  }

  const operation = (page: Page, id: string) => page.locator(`section#${id}`);
  const send = (page: Page, id: string) => operation(page, id).getByRole('button', { name: 'Send' }).click();
  const status = (page: Page, id: string) => operation(page, id).locator('.status').innerText();

  it.each(['/docs', '/v1/docs'])('%s loads from here alone, without a fault', async (path) => {
    const { page, faults, asked } = await open(path);
    const prefix = path.slice(0, -'/docs'.length);
    expect(asked.sort()).toEqual(
      ['/docs', '/docs/docs.css', '/docs/docs.js', '/openapi.json', '/problems', '/session'].map(
        (each) => prefix + each,
      ),
    );
    await send(page, 'global');
    expect(await status(page, 'global')).toMatch(/^200 OK/);
    expect(asked.at(-1)).toBe(`${prefix}/stats/global`);
    expect(faults).toEqual([]);
  });

  it('the first Send of the page is answered, for a user that it found', async () => {
    const { page, faults, asked } = await open();
    await page.getByRole('button', { name: 'Send' }).first().click();
    expect(await status(page, 'userStats')).toMatch(/^200 OK/);
    expect(asked.slice(-2)[0]).toBe('/stats/top-spenders?limit=1');
    const user = await page.inputValue('#userStats-user_id');
    expect(asked.at(-1)).toBe(`/users/${encodeURIComponent(user)}/stats`);
    expect(faults).toEqual([]);
  });

  it('shows what was sent as a program, in the language chosen last, for every operation', async () => {
    const { page, asked } = await open();
    await page.fill('#topSpenders-limit', '2');
    await send(page, 'topSpenders');
    await operation(page, 'topSpenders').locator('.answer').waitFor();
    const shown = operation(page, 'topSpenders').locator('.snippet:visible');
    expect(await shown.innerText()).toBe(`curl '${pipeline.url}${asked.at(-1)}'`);
    for (const [language, begins] of [
      ['JavaScript', 'const response = await fetch('],
      ['Python', 'import json'],
    ] as const) {
      await operation(page, 'global').getByRole('tab', { name: language }).click();
      expect(await shown.innerText()).toContain(begins);
      expect(await shown.innerText()).toContain(`${pipeline.url}${asked.at(-1)}`);
    }
  });

  it('is searched by keyboard alone, and leads to a parameter', async () => {
    const { page } = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('granu');
    const found = page.locator('.search [role=option]');
    expect(await found.first().innerText()).toContain('granularity');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'series-granularity');
    await page.keyboard.press('Escape');
    expect(new URL(page.url()).hash).toBe('#series-granularity');
    // From within a field a slash is a slash.
    await page.focus('#userStats-user_id');
    await page.keyboard.type('a/b');
    expect(await page.inputValue('#userStats-user_id')).toBe('a/b');
    await page.focus('[role=combobox]');
    await page.keyboard.type('date');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('[role=option][aria-selected=true]').innerText()).toContain('users-by-date');
    await page.keyboard.press('Escape');
    expect(await found.count()).toBe(0);
  });

  it('keeps what is filled in at an address of its own, and sends nothing until somebody does', async () => {
    const { page } = await open();
    await page.fill('#usersByDate-start_date', '2026-01-01');
    await page.fill('#usersByDate-limit', '3');
    const hash = await page.evaluate(() => location.hash);
    expect(hash).toMatch(/^#usersByDate\?start_date=2026-01-01&end_date=.*&limit=3$/);
    const again = await open(`/docs${hash}`);
    expect(await again.page.inputValue('#usersByDate-start_date')).toBe('2026-01-01');
    expect(await again.page.inputValue('#usersByDate-limit')).toBe('3');
    expect(await again.page.evaluate(() => document.activeElement?.id)).toBe('usersByDate');
    expect(again.asked).not.toContainEqual(expect.stringMatching(/^\/stats/));
  });

  it('shows rows as a table and as text, never as markup, and hands them out as CSV', async () => {
    const { page, faults } = await open();
    await send(page, 'topBuyers');
    const place = operation(page, 'topBuyers');
    await place.getByRole('tab', { name: 'Table' }).click();
    expect(await place.locator('tbody tr:visible').count()).toBe(4);
    expect(await page.locator('img').count()).toBe(0);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      place.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('top-buyers.csv');
    const lines = readFileSync(await file.path(), 'utf8').split('\r\n');
    expect(lines[0]).toBe('user_id,order_count');
    expect(lines).toHaveLength(6);
    expect(faults).toEqual([]);
  });

  it('fills a range by one press, and turns pages', async () => {
    const { page } = await open();
    const place = operation(page, 'usersByDate');
    await place.getByRole('button', { name: '7 days' }).click();
    const [from, to] = await Promise.all(
      ['start_date', 'end_date'].map((name) => page.inputValue(`#usersByDate-${name}`)),
    );
    expect(Date.parse(to as string) - Date.parse(from as string)).toBe(6 * 86_400_000);
    await page.fill('#usersByDate-limit', '3');
    await send(page, 'usersByDate');
    await place.getByRole('button', { name: 'Next page' }).click();
    expect(await page.inputValue('#usersByDate-cursor')).not.toBe('');
    await place.getByRole('tab', { name: 'Table' }).click();
    expect(await place.locator('tbody tr:visible').count()).toBe(1);
  });

  it('says what is wrong at the field that is wrong, and where it is explained', async () => {
    const { page } = await open();
    await page.fill('#topSpenders-start_date', '2026-01-01');
    await send(page, 'topSpenders');
    expect(await status(page, 'topSpenders')).toMatch(/^400 /);
    expect(await page.getAttribute('#topSpenders-end_date', 'aria-invalid')).toBe('true');
    await operation(page, 'topSpenders').getByRole('link', { name: 'invalid-parameter' }).click();
    expect(await page.locator('#problem-invalid-parameter:focus').innerText()).toContain(
      '`errors`'.slice(1, -1),
    );
    await operation(page, 'topSpenders').getByRole('button', { name: 'No range' }).click();
    expect(await page.getAttribute('#topSpenders-end_date', 'aria-invalid')).toBeNull();
    expect(await operation(page, 'topSpenders').locator('.state.note').innerText()).toContain('has changed');
  });

  it('asks for a key where one is needed, keeps it out of its address and its programs', async () => {
    const closed = await startPipeline({ STATS_API: 'keys' }, { role: 'api', redis });
    try {
      const made = await new KeyStore(redis.client()).create({ name: 'test', role: 'read' }, Date.now());
      const { page } = await open('/docs', {}, closed.url);
      await send(page, 'global');
      expect(await status(page, 'global')).toMatch(/^401 /);
      await operation(page, 'global').getByRole('button', { name: 'Enter an API key' }).click();
      await page.keyboard.type(made.key);
      await page.keyboard.press('Enter');
      await send(page, 'global');
      await operation(page, 'global').locator('.badge.good').waitFor();
      const program = await operation(page, 'global').locator('.snippet:visible').innerText();
      expect(program).toContain('--header "Authorization: Bearer $API_KEY"');
      expect(`${page.url()} ${await page.innerText('body')}`).not.toContain(made.key);
      await page.reload();
      await page.waitForSelector('.operation');
      expect(await page.inputValue('#api-key')).toBe(made.key);
    } finally {
      await closed.stop();
    }
  });

  it('says that it cannot be shown, or not answered, and tries again when asked', async () => {
    const context = await browser.newContext();
    contexts = [...contexts, context];
    const page = await context.newPage();
    const gone = (path: string) => page.route(`**${path}`, (route) => route.abort());
    await gone('/openapi.json');
    await page.goto(`${pipeline.url}/docs`);
    const failed = page.locator('main > .failed');
    expect(await failed.innerText()).toContain('cannot be reached');
    await page.unrouteAll();
    await failed.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.operation');
    await gone('/stats/global');
    await send(page, 'global');
    expect(await operation(page, 'global').locator('.failed').innerText()).toContain('No answer');
  });

  it('follows the system in its colours unless told otherwise, and remembers that', async () => {
    const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await open('/docs', { colorScheme: 'light' });
    const { page } = await open('/docs', { colorScheme: 'dark' });
    const [isLight, isDark] = [await ground(light.page), await ground(page)];
    expect(isLight).not.toBe(isDark);
    await page.getByText('Settings').click();
    await page.getByRole('radio', { name: 'Light' }).check({ force: true });
    expect(await ground(page)).toBe(isLight);
    await page.reload();
    await page.waitForSelector('.operation');
    expect(await ground(page)).toBe(isLight);
  });

  it.each([360, 960, 1600])('fits into %i px, with everything open', async (width) => {
    const { page } = await open('/docs', { viewport: { width, height: 800 } });
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('main details'))
        (details as HTMLDetailsElement).open = true;
    });
    for (const id of ['series', 'topSpenders']) {
      await send(page, id);
      await operation(page, id).getByRole('tab', { name: 'Headers' }).click();
    }
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(tooWide).toBe(0);
    await page.locator('.menu summary').click();
    const sheet = await page.locator('.sheet').boundingBox();
    expect(sheet?.x).toBeGreaterThanOrEqual(0);
    expect((sheet?.x ?? 0) + (sheet?.width ?? 0)).toBeLessThanOrEqual(width);
  });

  it('names every control, and lets each be reached by Tab', async () => {
    const { page } = await open();
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('main input, main select, main button, main summary, header input')]
        .filter((control) => {
          const { labels } = control as HTMLInputElement;
          const text = [...(labels ?? [])].map((label) => label.textContent).join('');
          return !(text || control.getAttribute('aria-label') || control.textContent);
        })
        .map((control) => control.outerHTML),
    );
    expect(nameless).toEqual([]);
    await page.focus('#topSpenders-limit');
    const reached: string[] = [];
    for (let presses = 0; presses < 4; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(
          () => document.activeElement?.textContent || (document.activeElement as HTMLInputElement).value,
        ),
      );
    }
    expect(reached).toEqual(['Send', 'json', 'Download CSV', 'Fields, example and statuses']);
    // The choice between languages is one stop, and arrows go on from there.
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('JavaScript');
  });
});
