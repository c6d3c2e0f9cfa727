import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { KeyStore } from '../../src/access/keyStore.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

const ORDERS = 300;
const MOST_CLICKS = 8;
const WIDE = { viewport: { width: 1_600, height: 900 } };
const MARKUP = '<img src=x onerror="document.title=1">';

/** An order whose producer writes prices as in Europe. */
const withComma = (n: number) =>
  anOrder({
    order_id: `C${n}`,
    user_id: `U${n % 240}`,
    order_value: 25,
    items: [{ product_id: 'P006', quantity: 2, price_per_unit: '12,50' }],
  });

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const causes = (page: Page) => page.locator('.cause');
const width = (page: Page) => page.evaluate('document.documentElement.scrollWidth');

describe('the desk', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([startBrowser(), startPipeline({ PARTITIONS: '2' })]);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  let waiting = 0;
  const failed = async () => (await pipeline.json<{ orders: number }>('/desk/api/groups')).orders;
  /** Sends orders that are refused, and resolves when they wait for somebody. */
  const refuse = async (...orders: unknown[]) => {
    await pipeline.send(...orders);
    waiting += orders.length;
    await until(async () => (await failed()) === waiting, `${waiting} orders wait`);
  };

  const open = async (path: string, options: BrowserContextOptions = WIDE) => {
    const watched = await watchedPage(await browser.newContext(options), pipeline.url);
    await watched.page.goto(pipeline.url + path);
    return watched;
  };

  it('says that nothing waits while nothing does', async () => {
    const { page, faults } = await open('/desk');
    await shows(page, 'Nothing waits for you.');
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('leads from the first line of / to a cause, its repair and a receipt, all orders with few clicks', async () => {
    await refuse(...Array.from({ length: ORDERS }, (_, n) => withComma(n)), anOrder({ order_value: 7 }));
    const { page, faults } = await open('/');
    let clicks = 0;
    const click = async (...[role, name]: Parameters<Page['getByRole']>) => {
      clicks += 1;
      await page.getByRole(role, name).first().click();
    };

    await click('link', { name: /301 orders wait for you/ });
    await shows(page, '301 orders wait for you, worth 7,507.00 USD, from 2 causes.');
    expect(await causes(page).first().innerText()).toMatch(
      /7,500\.00 USD.*Wrong type at items\[\*\]\.price_per_unit, like 9,9.*New today.*300 orders.*240 users/s,
    );
    await click('link', { name: /price_per_unit/ });
    await shows(page, /^Proposed: /);
    await click('button', { name: 'Try on 300 orders' });
    await page.locator('.counts', { hasText: /Would count\s*300\s*7,500\.00 USD/ }).waitFor();
    expect(await page.locator('.diffs > li').first().innerText()).toMatch(/"12,50" → "?12\.50/);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.getByRole('button', { name: 'Repair 300 orders' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
    clicks += 1;
    await page.getByLabel(/^Why, or a ticket/).fill('Ticket 7: prices with a comma');
    await click('button', { name: 'Repair 300 orders' });

    await page.getByText('The repair of 300 orders is done.').waitFor({ timeout: 60_000 });
    await shows(page, /^300 counted\.$/);
    const sums = await page.locator('.equation').innerText();
    expect(sums).toMatch(/0\.00 USD.*7,500\.00 USD.*7,500\.00 USD/s);
    expect(await seriousFindings(page)).toEqual([]);
    expect(clicks).toBeLessThanOrEqual(MOST_CLICKS);
    expect(await pipeline.json('/stats/global')).toMatchObject({
      total_orders: ORDERS,
      total_revenue: 7_500,
    });

    waiting = 1;
    const receipt = page.url();
    await page.goto(`${pipeline.url}/desk`);
    await shows(page, '1 order waits for you, worth 7.00 USD, from 1 cause.');
    await shows(page, 'Ticket 7: prices with a comma');
    await page.goto(receipt);
    await shows(page, /^300 counted\.$/);
    expect(faults).toEqual([]);
  }, 180_000);

  it('shows an order with markup in every field as text, each issue at its place', async () => {
    const item = { product_id: MARKUP, quantity: MARKUP, price_per_unit: MARKUP };
    await refuse({
      ...{ order_id: MARKUP, user_id: MARKUP, order_timestamp: MARKUP, order_value: MARKUP },
      ...{ items: [item], payment_method: MARKUP, shipping_address: MARKUP, [MARKUP]: `${MARKUP}\u202e!` },
    });
    const { page, faults } = await open(`/desk#search?text=${encodeURIComponent('onerror')}`);
    await page.locator('table').getByRole('link', { name: MARKUP }).click();
    await page.getByRole('heading', { name: `Order ${MARKUP}` }).waitFor();
    await page.locator('.line.wrong', { hasText: '"quantity"' }).waitFor();
    expect(
      await page.locator('.line.wrong', { hasText: '"quantity"' }).locator('+ .issue').innerText(),
    ).toMatch(/Wrong type: .* must be a whole number/);
    await page.locator('.line', { hasText: '\\u202e!' }).waitFor();
    for (const view of [page.url(), `${pipeline.url}/desk`]) {
      await page.goto(view);
      await page.getByText('onerror').or(causes(page)).first().waitFor();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.title()).toMatch(/order-pipeline/);
    }
    expect(faults).toEqual([]);
  });

  it.each([
    ['light', 360],
    ['dark', 360],
    ['dark', 1_600],
  ] as const)('can be read by everybody, %s, at %i px', async (colorScheme, wide) => {
    await refuse(anOrder({ order_id: 'طلب-٧', user_id: 'משתמש', order_timestamp: 'gestern' }));
    const { page, faults } = await open('/desk', { colorScheme, viewport: { width: wide, height: 900 } });
    await page.getByRole('link', { name: /order_timestamp, like a/ }).click();
    await page.locator('table').getByRole('link', { name: 'طلب-٧' }).first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await width(page)).toBe(wide);
    await page.locator('table').getByRole('link', { name: 'طلب-٧' }).first().click();
    await page.locator('.order-json').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(await width(page)).toBe(wide);
    expect(faults).toEqual([]);
  });

  it('can be used with the keyboard alone', async () => {
    await refuse(anOrder({ order_id: 'KEYS', user_id: 'KEYS', order_value: '2.000,00' }));
    const { page, faults } = await open('/desk');
    await causes(page).first().waitFor();
    const tabTo = async (name: RegExp) => {
      for (let pressed = 0; pressed < 60; pressed += 1) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate(
          '[document.activeElement.id, document.activeElement.innerText].join(" ")',
        );
        if (name.test(String(focused))) return;
      }
      throw new Error(`no Tab leads to ${name}`);
    };
    await page.keyboard.press('/');
    await page.keyboard.type('KEYS');
    await page.keyboard.press('Enter');
    await tabTo(/^ Repair or retry all of these/);
    await page.keyboard.press('Enter');
    await shows(page, /^Proposed: /);
    await tabTo(/^ Try on/);
    await page.keyboard.press('Enter');
    await page.locator('.counts').waitFor();
    await tabTo(/^reason/);
    await page.keyboard.type('by hand');
    await tabTo(/^ (Repair|Retry) 1 order/);
    await page.keyboard.press('Enter');
    await shows(page, 'The repair of 1 order is done.');
    await shows(page, /^1 /);
    waiting -= 1;
    expect(faults).toEqual([]);
  });

  it('keeps the focus where a run is paused, let go on and cancelled by keyboard', async () => {
    await refuse(anOrder({ order_id: 'HELD', user_id: 'HELD', order_value: 'none' }));
    const post = async (path: string, body: unknown, method = 'POST') => {
      const headers = { 'content-type': 'application/json' };
      return pipeline.get(path, { method, headers, body: JSON.stringify(body) });
    };
    await post('/admin/queues/api/queues/pause', {}, 'PUT');
    const recipe = { version: 1, steps: [{ do: 'set', at: 'order_value', value: 2_000 }] };
    const begun = await post('/desk/api/repair', { where: { id: 'HELD' }, recipe, because: 'x' });
    const { run } = (await begun.json()) as { run: string };
    const { page, faults } = await open(`/desk#run?run=${run}`);
    await page.getByRole('button', { name: 'Pause' }).focus();
    const focused = () => page.evaluate('document.activeElement.innerText') as Promise<string>;
    for (const next of ['Resume', 'Pause']) {
      await page.keyboard.press('Enter');
      await until(async () => (await focused()) === next, `the focus is on ${next}`);
    }
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Cancel the rest');
    await page.keyboard.press('Enter');
    await until(async () => /was cancelled/.test(await focused()), 'the focus is on what was said');
    await post('/admin/queues/api/queues/resume', {}, 'PUT');
    // Whether it was with the workers by then is the machine's to say. Where it was not, it is repaired now.
    await post('/desk/api/repair', { where: { id: 'HELD' }, recipe, because: 'x' });
    waiting -= 1;
    await until(async () => (await failed()) === waiting, `${waiting} orders wait`);
    await page.close();
    expect(faults).toEqual([]);
  });

  it('finds an order by its id, and tells of it its other messages and what was done by hand', async () => {
    const twice = anOrder({ order_id: 'TWICE', user_id: 'TWICE', order_value: 9 });
    await refuse(twice, twice);
    const { page, faults } = await open('/desk');
    await page.getByLabel('Search failed orders').fill(' twice ');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Failed orders with the id twice' }).waitFor();
    expect(page.url()).toMatch(/#search\?id=twice$/);
    await page.locator('table').getByRole('link', { name: 'TWICE' }).first().click();
    await page.getByText('Set aside or delete').click();
    await page.getByLabel(/^Why/).fill('sent twice');
    await page.getByRole('button', { name: 'Set aside' }).click();
    const byHand = page.getByRole('region', { name: 'What was done by hand' });
    await byHand.getByText('sent twice').waitFor();
    for (const colorScheme of ['light', 'dark'] as const)
      for (const wide of [360, 1_600]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width: wide, height: 1_200 });
        expect(await width(page)).toBe(wide);
        expect(await seriousFindings(page)).toEqual([]);
        const { PICTURES } = process.env;
        if (PICTURES)
          await page.screenshot({ path: `${PICTURES}/story-${colorScheme}-${wide}.png`, fullPage: true });
      }
    const story = page.getByRole('region', { name: 'The whole story' });
    await story.getByText('Order TWICE of user TWICE was not counted').waitFor();
    await story.getByRole('link').click();
    await story.getByText('set aside').waitFor();
    waiting -= 1;
    expect(faults).toEqual([]);
  });

  it('says how far back a search has looked that takes long, and goes on', async () => {
    await refuse(anOrder({ order_id: 'FAR', user_id: 'BACK', order_value: 9 }));
    const { page, faults } = await open('/desk');
    await causes(page).first().waitFor();
    // As where a million have failed: what was looked through in time held none.
    await page.route('**/desk/api/search', async (route) => {
      const { cursor, where } = JSON.parse(route.request().postData() ?? '{}');
      if (cursor !== undefined || where.id !== undefined) return route.continue();
      const answer = await route.fetch();
      const { orders, currency } = JSON.parse(await answer.text());
      const [{ job, partition }] = orders;
      const after = Buffer.from(JSON.stringify(['2999-01-01T00:00:00.000Z', partition, job]));
      const looked = { next_cursor: after.toString('base64url'), looked_back_to: '2999-01-01T00:00:00.000Z' };
      await route.fulfill({ response: answer, json: { currency, orders: [], ...looked } });
    });
    await page.getByLabel('Search failed orders').fill('BAC');
    await page.keyboard.press('Enter');
    await shows(page, 'None found so far. Looked back to 2999-01-01 00:00 UTC.');
    expect(await seriousFindings(page)).toEqual([]);
    const { PICTURES } = process.env;
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/looking.png` });
    await page.getByRole('button', { name: 'Go on looking' }).click();
    await page.locator('table').getByRole('link', { name: 'FAR' }).waitFor();
    expect(await page.getByRole('button', { name: 'Go on looking' }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('sets an order aside and restores it, and deletes only what is typed', async () => {
    await refuse(anOrder({ order_id: 'AWAY', order_value: 9 }));
    const { page } = await open('/desk#search?text=AWAY');
    await page.locator('table').getByRole('link', { name: 'AWAY' }).click();
    await page.getByText('Set aside or delete').click();
    await page.getByLabel(/^Why/).fill('the producer is asked');
    await page.getByRole('button', { name: 'Set aside' }).click();
    await shows(page, /Set aside .* the producer is asked/);
    await page.getByText('Restore or delete').click();
    await page.getByLabel(/^Why/).fill('answered');
    await page.getByRole('button', { name: 'Restore' }).click();
    await shows(page, 'It has failed and waits for you.');
    await page.getByText('Set aside or delete').click();
    await page.getByLabel(/^Why/).fill('a test');
    await page.getByLabel(/^Type how many/).fill('2');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await shows(page, /nothing was deleted/);
    await page.getByLabel(/^Type how many/).fill('1');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await shows(page, /Nothing is kept/);
  });

  it('says since when it shows nothing new while nobody answers', async () => {
    const { page } = await open('/desk');
    await causes(page).first().waitFor();
    await page.route('**/desk/api/**', (route) => route.abort());
    await page.getByText(/As it was at \d\d:\d\d:\d\d UTC/).waitFor({ timeout: 20_000 });
    expect(await causes(page).count()).toBeGreaterThan(0);
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('the desk where keys are needed', () => {
  it('shows nothing before a key opens it', async () => {
    const [browser, pipeline] = await Promise.all([startBrowser(), startPipeline({ STATS_API: 'keys' })]);
    try {
      const keys = new KeyStore(pipeline.redis.client());
      const made = (role: 'read' | 'repair') => keys.create({ name: 'desk', role }, Date.now());
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${pipeline.url}/desk`);
      await shows(page, 'Who is looking?');
      expect(await seriousFindings(page)).toEqual([]);
      await page.locator('#key').fill((await made('read')).key);
      await page.getByRole('button', { name: 'Show' }).click();
      await shows(page, /needs the role/);
      await page.locator('#key').fill((await made('repair')).key);
      await page.getByRole('button', { name: 'Show' }).click();
      await shows(page, 'Nothing waits for you.');
    } finally {
      await browser.close();
      await pipeline.stop();
    }
  });
});
