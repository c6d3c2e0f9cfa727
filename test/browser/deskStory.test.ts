import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { playOperator, withComma } from '../../scripts/bench/desk/operator.ts';
import { invited, PASSWORD, type Visitor } from '../people/visitor.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, type WatchedPage, watchedPage } from './browser.ts';

const ORDERS = 3_000;
const MOST_CLICKS = 8;
const NARROW = { viewport: { width: 360, height: 800 } };
const HOSTILE = '"><img src=x onerror="document.title=1">\u202e';
const RIGHT_TO_LEFT = 'طلب-٧';

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const cause = (page: Page, text: string | RegExp) => page.locator('.cause', { hasText: text });

/** Light and dark. */
async function findings(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await seriousFindings(page)));
  }
  return found;
}

describe('an operator', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  let anna: Visitor;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([
      startBrowser(),
      startPipeline({ PARTITIONS: '2', STATS_API: 'keys', AUTH_FAILURES_PER_MINUTE: '1000' }),
    ]);
    anna = await invited(pipeline, 'anna', 'repair');
    await invited(pipeline, 'ben', 'read');
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  const causes = async () =>
    (await (await anna.ask('/desk/api/groups')).json()) as { orders: number; groups: { cause: string }[] };
  /** Sends orders that are refused; by then so many wait. */
  const refuse = async (...orders: unknown[]) => {
    const { orders: before } = await causes();
    await pipeline.send(...orders);
    await until(async () => (await causes()).orders === before + orders.length, 'they wait');
  };
  const totals = async () => (await anna.ask('/stats/global')).json();
  const open = async (
    name: string,
    path: string,
    options: BrowserContextOptions = {},
  ): Promise<WatchedPage> => {
    const watched = await watchedPage(await browser.newContext(options), pipeline.url);
    const { page } = watched;
    await page.goto(`${pipeline.url}/sign-in?next=${encodeURIComponent(path)}`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    return watched;
  };
  const signOut = async (page: Page) => {
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(`${pipeline.url}/sign-in`);
  };

  it('signs in, finds the cause of 3,000 orders, tries, repairs, holds the receipt and signs out', async () => {
    await refuse(...Array.from({ length: ORDERS }, (_, n) => withComma(n)));
    const { page, faults } = await watchedPage(await browser.newContext(), pipeline.url);
    const found: string[] = [];
    const because = 'Ticket 7: prices with a comma';
    const steps = await playOperator(page, {
      ...{ url: pipeline.url, name: 'anna', password: PASSWORD, orders: ORDERS, because },
      seen: async (step) => {
        if (step !== 'signed in') found.push(...(await findings(page)));
      },
    });
    expect(found).toEqual([]);
    const clicks = steps.slice(1).reduce((sum, step) => sum + step.clicks, 0);
    expect(clicks).toBeLessThanOrEqual(MOST_CLICKS);
    expect(await page.locator('.equation').innerText()).toMatch(/0\.00 USD.*75,000\.00 USD.*75,000\.00 USD/s);
    expect(await totals()).toMatchObject({ total_orders: ORDERS, total_revenue: 75_000 });

    await page.getByRole('link', { name: 'Audit log' }).click();
    // Its batches fill pages of it.
    await page.getByLabel('Order, run or reason').fill(because);
    await page.keyboard.press('Enter');
    await page.locator('tbody tr', { hasText: because }).first().waitFor();
    expect(await page.locator('tbody tr', { hasText: because }).first().innerText()).toMatch(
      /anna[\s\S]*repair/,
    );
    expect(faults).toEqual([]);
    await signOut(page);
    await page.goto(`${pipeline.url}/desk`);
    await shows(page, 'Who is looking?');
  }, 600_000);

  it('who may only look sees what waits and finds nothing to press, and the API refuses the rest', async () => {
    await refuse(anOrder({ order_id: 'LOOK', order_value: 9 }));
    const { page, faults } = await open('ben', '/desk');
    await cause(page, '1 order').first().click();
    await page.locator('table').getByRole('link', { name: 'LOOK' }).waitFor();
    await shows(page, 'You may look.');
    const buttons = async () => (await page.getByRole('button').allInnerTexts()).filter(Boolean).sort();
    expect(await buttons()).toEqual(['Copy link', 'Download CSV', 'Search']);
    expect(await page.locator('main details').count()).toBe(0);
    await page.locator('table').getByRole('link', { name: 'LOOK' }).click();
    await page.locator('.order-json').waitFor();
    expect(await buttons()).toEqual(['Copy link', 'Search']);
    const job = new URLSearchParams(page.url().split('?')[1]).get('job');
    await page.goto(`${page.url()}&edit=yes`);
    await page.locator('.order-json').waitFor();
    expect(await page.locator('textarea').count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    for (const [path, data] of [
      ['retry', { because: 'x' }],
      [`orders/${job}/edit`, { text: '{}', revision: 0, because: 'x' }],
      ['set-aside', { because: 'x' }],
    ] as const)
      expect([
        path,
        (await page.request.post(`${pipeline.url}/desk/api/${path}`, { data })).status(),
      ]).toEqual([path, 403]);
    expect((await totals()) as object).toMatchObject({ total_orders: ORDERS });
    await page.goto(`${pipeline.url}/admin/queues`);
    await page.locator('header button').last().click();
    await page.getByText('Sign out').click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(`${pipeline.url}/sign-in`);
  });

  it('mends one order by keyboard alone, told at each line what is wrong by the rules, whatever it holds', async () => {
    const order = anOrder({
      ...{ order_id: RIGHT_TO_LEFT, user_id: 'משתמש', order_value: 25, shipping_address: HOSTILE },
      items: [{ product_id: HOSTILE, quantity: 2, price_per_unit: '12;50' }],
    });
    await refuse(order);
    const { page, faults } = await open('anna', '/desk', NARROW);
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
    await page.locator('.cause').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('12;50');
    await page.keyboard.press('Enter');
    await page.locator('table').getByRole('link', { name: RIGHT_TO_LEFT }).waitFor();
    await tabTo(new RegExp(`^ ${RIGHT_TO_LEFT}$`));
    await page.keyboard.press('Enter');
    await page.locator('.line.wrong', { hasText: '12;50' }).waitFor();
    await tabTo(/^ Edit it/);
    await page.keyboard.press('Enter');
    await shows(page, 'It would fail again: 1 thing is wrong.');
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.locator('img').count()).toBe(0);

    await tabTo(/^ Line 10/);
    await page.keyboard.press('Enter');
    await page.keyboard.type('"price_per_unit" 12.5');
    await shows(page, /is not JSON/);
    expect(await page.locator('.gutter .wrong').allInnerTexts()).toEqual(['10']);
    for (let back = 0; back < ' 12.5'.length; back += 1) await page.keyboard.press('Backspace');
    await page.keyboard.type(': 13');
    await page.locator('.issues', { hasText: /order_value .*26\.00/ }).waitFor();
    expect(await page.locator('.gutter .wrong').allInnerTexts()).toEqual(['5']);
    await page.keyboard.press('Backspace');
    await page.keyboard.type('2.50');
    await shows(page, 'It passes, and would count for 25.00 USD.');
    await tabTo(/^edit-because/);
    await page.keyboard.type('the shop said 12.50');
    await tabTo(/^ Save and queue/);
    await page.keyboard.press('Enter');
    await shows(page, 'The ledger has counted it, for 25.00 USD.');
    await page.locator('.changes', { hasText: 'items[0].price_per_unit' }).waitFor();
    expect(await totals()).toMatchObject({ total_orders: ORDERS + 1 });
    expect(await page.title()).toMatch(/order-pipeline/);
    expect(faults).toEqual([]);
  });

  it('saves an order that is still wrong without queueing it, and not over what somebody else has saved', async () => {
    await refuse(anOrder({ order_id: 'TWO', order_value: 11 }));
    const { page, faults } = await open('anna', '/desk#search?text=TWO');
    await page.locator('table').getByRole('link', { name: 'TWO' }).click();
    await page.getByRole('link', { name: 'Edit it' }).click();
    await shows(page, 'It would fail again');
    const text = page.locator('#order-text');
    const job = new URLSearchParams(page.url().split('?')[1]).get('job');
    await text.fill((await text.inputValue()).replace('11', '12'));
    await page.locator('.issues', { hasText: '12.00' }).waitFor();
    const queue = page.getByRole('button', { name: 'Save and queue' });
    expect(await queue.getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel(/^Why, or a ticket/).fill('a first look');
    const theirs = { text: '{"order_id":"THEIRS"}', revision: 0, because: 'I was first' };
    expect(await anna.post(`/desk/api/orders/${job}/edit`, theirs)).toBe(200);
    await page.getByRole('button', { name: 'Save only' }).click();
    await shows(page, /Somebody else has edited it since/);
    expect(faults.filter((fault) => !/409/.test(fault))).toEqual([]);
    await page.reload();
    await shows(page, /It would fail again: 3 things are wrong/);
    await text.fill('{"order_id":"OURS"}');
    await page.getByLabel(/^Why, or a ticket/).fill('a second look');
    await page.getByRole('button', { name: 'Save only' }).click();
    await page.getByRole('heading', { name: 'Order OURS' }).waitFor();
    await shows(page, 'It has failed and waits for you.');
  });

  it('puts a cause on hold with a note, sees it come back with more orders, and saves the recipe that mends it', async () => {
    await refuse({ ...withComma(90_000), order_value: '25,00' });
    const { page, faults } = await open('anna', '/desk');
    await cause(page, /at order_value, like 99?,9/).click();
    await page.getByText('Put it on hold').click();
    await page.getByLabel(/^Note/).fill('the shop mends it by Friday');
    await page.getByRole('button', { name: 'Put on hold' }).click();
    await page.getByRole('link', { name: '1 cause on hold' }).click();
    await cause(page, 'On hold: the shop mends it by Friday').waitFor();
    expect(await findings(page)).toEqual([]);
    await refuse({ ...withComma(90_001), order_value: '25,00' });
    await page.goto(`${pipeline.url}/desk`);
    await cause(
      page,
      /Was on hold, until new orders failed for it\. The note of then: the shop mends/,
    ).click();
    await shows(page, /^Proposed: /);
    const shared = page.getByRole('region', { name: 'What they share' });
    expect(await shared.innerText()).toMatch(/Paid by\s+CREDITCARD|Paid by\s+CreditCard/i);
    await page.getByText('Save this recipe under a name').click();
    await page.getByLabel('Name', { exact: true }).fill('two commas');
    await page.getByLabel('What it is for').fill('this shop, every month');
    await page.getByRole('button', { name: 'Save recipe' }).click();
    await shows(page, 'Saved as version 1 of two commas.');
    await page.reload();
    await page.getByLabel('Saved recipes').selectOption({ label: 'two commas, version 1' });
    await shows(page, /this shop, every month \(anna/);
    await page.getByRole('button', { name: 'Try on 2 orders' }).click();
    await page.locator('.counts', { hasText: /Would count\s*2/ }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByLabel(/^Why, or a ticket/).fill('monthly');
    await page.getByRole('button', { name: 'Repair 2 orders' }).click();
    await shows(page, 'The repair of 2 orders is done.');
    await shows(page, 'two commas@1');
    expect(faults).toEqual([]);
  });
});
