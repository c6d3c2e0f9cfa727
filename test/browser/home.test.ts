import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { KeyStore } from '../../src/access/keyStore.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

describe('the page at /', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([startBrowser(), startPipeline()]);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  it('is a page for browsers and an index for everything else', async () => {
    const page = await pipeline.get('/', {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });
    expect([page.headers.get('content-type'), page.headers.get('vary')]).toEqual([
      'text/html; charset=utf-8',
      expect.stringContaining('Accept'),
    ]);
    for (const accept of ['*/*', 'application/json'])
      expect(await (await pipeline.get('/', { headers: { accept } })).json()).toMatchObject({
        pulse: 'pulse',
      });
  });

  it('follows orders from none to those that wait, without a fault', async () => {
    const { page, faults } = await watchedPage(await browser.newContext(), pipeline.url);
    await page.goto(pipeline.url);
    await shows(page, 'No order has been counted yet.');
    expect(await page.getAttribute('.verdict', 'data-level')).toBe('green');
    await shows(page, 'Waiting for the first order');
    expect(await seriousFindings(page)).toEqual([]);

    const refused = { ...anOrder({ order_id: 'REFUSED' }), order_value: 7, user_id: undefined };
    const today = new Date().toISOString();
    await pipeline.send(anOrder({ order_id: 'COUNTED', order_timestamp: today }), refused);
    await shows(page, /1 order waits for you, worth 7\.00 USD/);
    await shows(page, '1 order in all');
    await page.locator('.verdict[data-level="amber"]').waitFor();
    await page.locator('section[aria-label="Newest counted"] >> text="COUNTED"').waitFor();
    // By its own day it is there at once, by the time of counting when a step is over.
    const ofDays = page.locator('figure', { hasText: 'Orders, by their own day, 30 days' });
    const legend = ofDays.locator('.u-legend');
    await legend.locator('td', { hasText: /^1$/ }).waitFor();
    await legend.locator('td', { hasText: today.slice(5, 10) }).waitFor();
    await page.locator('section[aria-label="Newest refused"] >> text="REFUSED"').click();
    await page.getByRole('heading', { name: 'Order REFUSED' }).waitFor();
    await shows(page, /user_id is required/);
    expect(faults).toEqual([]);
  });

  it.each([
    ['light', 1_600],
    ['dark', 360],
  ] as const)('can be read by everybody, %s, at %i px', async (colorScheme, width) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const { page, faults } = await watchedPage(context, pipeline.url);
    await page.goto(pipeline.url);
    await shows(page, '1 order in all');
    // A step is drawn when it is over.
    await page.locator('.uplot').first().waitFor({ timeout: 30_000 });
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const cut = await page
      .locator('.list .scroll')
      .evaluateAll((all) =>
        all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel),
      );
    expect(cut).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('gives a chart without anything in it no more room than its sentence', async () => {
    const context = await browser.newContext({ viewport: { width: 1_600, height: 900 } });
    const { page } = await watchedPage(context, pipeline.url);
    await page.route('**/pulse/history?*', async (route) => {
      const history = (await (await route.fetch()).json()) as { points: object[] };
      const points = history.points.map((point) => ({ ...point, refused: 0, refused_by_reason: {} }));
      await route.fulfill({ json: { ...history, points } });
    });
    await page.goto(pipeline.url);
    const heightOf = async (title: string) =>
      (await page.locator('figure', { hasText: title }).boundingBox())?.height ?? 0;
    await page
      .locator('figure', { hasText: 'Orders a minute' })
      .locator('.uplot')
      .waitFor({ timeout: 30_000 });
    expect(await heightOf('Refused a minute')).toBeLessThan((await heightOf('Orders a minute')) / 2);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('leaves the focus to who reads while numbers change', async () => {
    const { page } = await watchedPage(await browser.newContext(), pipeline.url);
    await page.goto(pipeline.url);
    await page.locator('section[aria-label="Newest refused"] a').first().focus();
    const advice = await page.locator('.conditions li').first().elementHandle();
    const before = await page.innerText('.sentences');
    await until(async () => (await page.innerText('.sentences')) !== before, 'a second has passed');
    expect(await page.evaluate('document.activeElement.closest("section").ariaLabel')).toBe('Newest refused');
    expect(await advice?.evaluate((each) => Object(each).isConnected)).toBe(true);
  });

  it.each([
    ['red', 'nothing_counted', 'Act now'],
    ['amber', 'process_gone', 'Look at this'],
  ] as const)('says %s in words, what to do, and since when nobody works', async (level, name, word) => {
    const pulse = await pipeline.json<Record<string, unknown>>('/pulse');
    const sentence = 'Nothing counts.';
    const gone = { id: 'w', role: 'worker', version: '1', node: 'v1', started_at: '2026-01-01T00:00:00Z' };
    const made = {
      ...pulse,
      status: {
        level,
        sentences: [sentence],
        conditions: [{ name, level, sentence, advice: 'Start a worker.', since: null }],
      },
      workers: { processes: 0, concurrency: 0, busy_share: 0, retried_per_minute: 0 },
      processes: [{ ...gone, last_seen_at: '2026-01-01T10:20:30Z', gone: true }],
    };
    const context = await browser.newContext({ viewport: { width: 360, height: 800 } });
    const { page, faults } = await watchedPage(context, pipeline.url);
    await page.route('**/pulse/stream', () => {});
    await page.route('**/pulse', (route) => route.fulfill({ json: made }));
    await page.goto(pipeline.url);
    await page.locator(`.verdict[data-level="${level}"]`).waitFor();
    for (const text of [word, sentence, 'Start a worker.', 'last seen 10:20:30 UTC'])
      await shows(page, new RegExp(text));
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(faults).toEqual([]);
  });

  it('keeps the span in its address, and gives it as a table and as a file', async () => {
    const { page, faults } = await watchedPage(await browser.newContext(), pipeline.url);
    await page.goto(`${pipeline.url}/?span=day`);
    expect(await page.getByRole('radio', { name: 'Day', exact: true }).isChecked()).toBe(true);
    await page.getByText('Hour', { exact: true }).click();
    await page.waitForURL(/span=hour/);
    await page.getByText('The same as a table').click();
    await page.locator('.numbers td').first().waitFor();
    const file = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    expect((await file).suggestedFilename()).toMatch(/^order-pipeline-hour-.*\.csv$/);
    expect(faults).toEqual([]);
  });

  it('lets go of its stream while nobody sees it, and takes it up again', async () => {
    const page = await (await browser.newContext()).newPage();
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/pulse/stream'));
    await page.goto(pipeline.url);
    await shows(page, '1 order in all');
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
         document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await turn(true);
    await ended;
    const again = page.waitForRequest((request) => request.url().endsWith('/pulse/stream'));
    await turn(false);
    await again;
  });

  it('tells the first number at once, and polls where something on the way holds the stream back', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.route('**/pulse/stream', () => {});
    let polls = 0;
    page.on('response', (response) => {
      polls += response.url().endsWith('/pulse') ? 1 : 0;
    });
    await page.goto(pipeline.url);
    await shows(page, '1 order in all');
    expect(polls).toBe(1);
    await until(() => polls >= 3, 'it polls');
  });

  it('says that Redis does not answer, since when, and how it was then; comes back alone, with the charts that were there', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(pipeline.url);
    await shows(page, '1 order in all');
    const chart = page.locator('.uplot').first();
    await chart.locator('.u-over').hover();
    const drawn = await chart.elementHandle();
    const read = (at: number) => page.locator('.uplot').nth(at).locator('.u-legend td').first().innerText();
    process.kill(pipeline.redis.pid, 'SIGSTOP');
    try {
      const note = page.locator('.note', {
        hasText: /^Redis does not answer.*\. Nothing new since \d\d:\d\d:\d\d UTC, for \d+ s\./,
      });
      await note.waitFor({ timeout: 20_000 });
      await shows(page, '1 order in all');
      expect(await page.innerText('.sentences')).toMatch(
        /newest(?: was)?(?: counted)? at \d\d:\d\d:\d\d UTC/,
      );
      const before = await note.innerText();
      await until(async () => (await note.innerText()) !== before, 'its age goes on');

      const fresh = await (await browser.newContext()).newPage();
      await fresh.goto(pipeline.url);
      const words = 'Redis does not answer, try again soon. This page tries again by itself.';
      await fresh.locator('.sentences').getByText(words).waitFor({ timeout: 20_000 });
    } finally {
      process.kill(pipeline.redis.pid, 'SIGCONT');
    }
    const asked = page.waitForResponse(
      (response) => response.url().includes('/pulse/history') && response.ok(),
    );
    await page.locator('.verdict[data-level="amber"]').waitFor({ timeout: 20_000 });
    await (await asked).finished();
    await until(async () => !(await page.locator('.known.stale').isVisible()), 'it is as before');
    expect(await drawn?.evaluate((each) => Object(each).isConnected)).toBe(true);
    // It tells of where the pointer is, the one beside it of the newest.
    expect(await read(0)).not.toBe(await read(1));
  });
});

describe('the page at / where keys are needed', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([startBrowser(), startPipeline({ STATS_API: 'keys' })]);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  it('shows nothing before a key opens it, and says why another does not', async () => {
    const redis = pipeline.redis.client();
    const { key } = await new KeyStore(redis).create({ name: 'page', role: 'read' }, Date.now());
    const { page, faults } = await watchedPage(await browser.newContext(), pipeline.url);
    const asked: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 401) asked.push(new URL(response.url()).pathname);
    });
    await page.goto(pipeline.url);
    await shows(page, 'Who is looking?');
    expect(await page.locator('.known').isVisible()).toBe(false);
    // Once in a sentence, and as the name of the field.
    expect((await page.innerText('main')).match(/API key/g)).toHaveLength(2);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.locator('#key').fill('op_wrong');
    await page.getByRole('button', { name: 'Show' }).click();
    await shows(page, 'This is not an API key');
    // Each wrong question counts against the address: 30 a minute, and nothing is answered any more.
    expect(asked).toEqual(['/pulse']);
    await page.locator('#key').fill(key);
    await page.getByRole('button', { name: 'Show' }).click();
    await shows(page, 'No order has been counted yet.');
    await page.locator('.known').waitFor();
  });
});
