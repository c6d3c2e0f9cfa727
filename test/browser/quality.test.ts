import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import type { FlaggedOrder } from '../../src/quality/flagged.ts';
import { mute, readSteering } from '../../src/quality/outcomes/answers.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { keepSpend } from '../../src/quality/outcomes/modelSpend.ts';
import { aFinding } from '../quality/reviewRig.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

const MARKUP = '<img src=x onerror="document.title=1">';

const LONG = 'marketplaces/northern.europe/catalogue.items[2026]/winter.collection/8.250-XL/blue';

/** In the page: each code, and the lines that a reader sees it on. */
const LINES_OF_CODE = `[...document.querySelectorAll('main code')].map((code) => {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const lines = [];
  let top = -Infinity;
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (let at = 0; at < node.textContent.length; at += 1) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const { top: own } = range.getBoundingClientRect();
      if (own > top + 4) lines.push('');
      top = Math.max(top, own);
      lines[lines.length - 1] += node.textContent[at];
    }
  return { text: code.textContent, lines };
})`;

const flagged = (message: string, changes: Parameters<typeof aFinding>[0] = {}): FlaggedOrder => ({
  message,
  partition: 0,
  minorUnits: 25_000,
  at: Date.now(),
  held: false,
  findings: [aFinding(changes)],
});

describe('the page of what the review found', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([
      startBrowser(),
      startPipeline({ QUALITY: 'rules,learned' }, { role: 'api' }),
    ]);
    const orders = Array.from({ length: 12 }, (_, at) =>
      flagged(`m${at}`, { observed: `${200 + at * 40}.00`, from: 312, expected: '1.85 to 4.25' }),
    );
    const fix = [{ path: 'items[0].price_per_unit', value: 2.5 }];
    await groupFindings(pipeline.redis.client(), 'b1', [
      ...orders,
      flagged('odd', {
        rule: 'payment_method_unseen',
        key: MARKUP,
        observed: MARKUP,
        expected: 'CARD',
        severity: 'info',
        confidence: 0.99,
      }),
      flagged('held', { rule: 'price_unlike_product', key: 'P9', severity: 'hold', fix }),
      flagged('long', {
        rule: 'product_id_unlike',
        key: LONG,
        path: 'checkout.baskets[3].items[12].variants[0].price_per_unit',
        observed: LONG,
        expected: `${LONG}/second`,
        confidence: 0.99,
      }),
      flagged('shifted', {
        rule: 'field_goes_missing',
        key: `payment_method of ${LONG}`,
        observed: `missing in many orders of ${LONG}`,
        expected: 'missing in 0.20 % of them',
      }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  const open = async (options: BrowserContextOptions = {}, query = '') => {
    const watched = await watchedPage(await browser.newContext(options), pipeline.url);
    await watched.page.goto(`${pipeline.url}/quality${query}`);
    await watched.page.getByRole('heading', { name: 'Quality', exact: true }).waitFor();
    return watched;
  };

  it('shows one group for many orders, with what was seen against what was expected', async () => {
    const { page, faults } = await open();
    const card = page.getByRole('article', { name: /^Costly line P1/ });
    await card.getByText('12 orders').waitFor();
    expect(await card.getByRole('img').getAttribute('aria-label')).toBe(
      'Seen 200 to 640, expected 1.85 to 4.25',
    );
    expect(await card.innerText()).toMatch(/from 312 observations/);
    expect(await page.getByRole('article', { name: /^Payment method unseen/ }).innerText()).toContain(MARKUP);
    await page.getByRole('button', { name: 'Repair the newest' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('takes a label, and mutes what nobody wants to hear of', async () => {
    const { page, faults } = await open();
    const card = page.getByRole('article', { name: /^Costly line P1/ });
    await card.getByRole('button', { name: 'Wrong' }).click();
    await page.getByText('Labelled wrong; together its labels say wrong.').waitFor();
    await page.getByRole('row', { name: /^Costly line 0 1 0 0 %/ }).waitFor();
    expect(await card.getByRole('button', { name: 'Learn anew' }).count()).toBe(0);
    const learned = page.getByRole('article', { name: /^Price unlike product P9/ });
    await learned.getByRole('button', { name: 'Learn anew' }).click();
    await page.getByText('What was learned of it is forgotten').waitFor();
    expect(JSON.stringify(await auditTrail(pipeline.redis.client()))).toContain('reset rule');
    await card.getByRole('button', { name: 'Mute', exact: true }).click();
    await page.getByText('Muted: workers say nothing of it from now on.').waitFor();
    expect((await readSteering(pipeline.redis.client())).muted).toEqual(new Set(['costly_line P1']));
    await page.getByText('Muted', { exact: true }).first().click();
    await card.getByRole('button', { name: 'Unmute' }).click();
    await page.getByText('Nothing is muted.').waitFor();
    expect(new URL(page.url()).searchParams.get('state')).toBe('muted');
    expect(faults).toEqual([]);
  });

  it('shows what is muted after its group has gone, and lets it speak again', async () => {
    const redis = pipeline.redis.client();
    const by = { kind: 'command', name: 'ops' } as const;
    await mute(redis, { rule: 'costly_line', key: 'LONG GONE', by, at: '2026-01-01T00:00:00Z' });
    const { page, faults } = await open({}, '?state=muted');
    const card = page.getByRole('article', { name: /^Costly line LONG GONE/ });
    await card.getByRole('button', { name: 'Unmute' }).click();
    await page.getByText('Nothing is muted.').waitFor();
    expect((await readSteering(redis)).muted).toEqual(new Set());
    expect(faults).toEqual([]);
  });

  it('leaves the focus with whoever labels by keyboard, and near by when the card is gone', async () => {
    const { page, faults } = await open();
    const card = page.getByRole('article', { name: /^Payment method unseen/ });
    for (const label of ['Unsure', 'Right']) {
      await card.getByRole('button', { name: label }).focus();
      await page.keyboard.press('Enter');
      await card.getByRole('button', { name: `${label} (1)` }).waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe(`${label} (1)`);
    }
    await card.getByRole('button', { name: 'Mute', exact: true }).focus();
    await page.keyboard.press('Enter');
    await card.waitFor({ state: 'detached' });
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.closest('article') !== null")).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('says so where it shows some of the groups alone', async () => {
    const keys = Array.from({ length: 101 }, (_, nth) => `R${nth}`);
    const rare = keys.map((key) => flagged(`rare-${key}`, { key }));
    await groupFindings(pipeline.redis.client(), 'many', rare);
    const { page, faults } = await open({}, '?state=rare');
    await page.getByText(/^The 100 seen last, of 10[1-9]\.$/).waitFor();
    expect(await page.getByRole('article').count()).toBe(100);
    expect(faults).toEqual([]);
  });

  it('repairs an order that is held with one click, by the edit of the desk', async () => {
    const all = await startPipeline({ QUALITY: 'rules', QUALITY_HOLD: 'all' });
    try {
      await all.send(anOrder({ user_id: 'HELD', order_timestamp: '1970-01-20T05:45:54Z' }));
      await until(async () => (await all.failed()).length === 1, 'the order is held');
      const { page, faults } = await watchedPage(await browser.newContext(), all.url);
      await until(async () => {
        await page.goto(`${all.url}/quality`);
        return (await page.getByRole('button', { name: 'Repair the newest' }).count()) === 1;
      }, 'its group is shown');
      await page.getByRole('button', { name: 'Repair the newest' }).click();
      await page.getByText('Repaired and given to the workers').waitFor();
      await until(async () => (await all.json('/stats/global')).total_orders === 1, 'it has counted, once');
      expect(JSON.stringify(await auditTrail(all.redis.client()))).toContain('edit and retry');
      expect(faults).toEqual([]);
    } finally {
      await all.stop();
    }
  });

  it('tells how calls of the model ended, and how near the day is to its end', async () => {
    await keepSpend(pipeline.redis.client(), 'a-model', {
      day: '2026-06-20',
      dollars: 0,
      dollarsCap: 1,
      tokens: 1_500_000,
      tokensCap: 2_000_000,
      calls: 7,
      outcomes: { ok: 2, canary_failed: 1, timeout: 4, cut_short: 1 },
      price: { input: 0, output: 0, from: 'configured' },
      openUntil: undefined,
    });
    const { page, faults } = await open();
    const model = page.locator('.panel', { hasText: 'Language model' }).last();
    await model.getByText('in 7 calls: 4 timeout, 2 ok, 1 cut short.').waitFor();
    await model.getByText('1 answer could not be read, 1 canary missed.').waitFor();
    expect(await model.getByRole('meter').evaluate((meter) => meter.getAttribute('value'))).toBe('0.75');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it('breaks paths and ids between their parts, on a telephone too', async () => {
    const { page, faults } = await open({ viewport: { width: 360, height: 740 } });
    const card = page.getByRole('article', { name: /^Product id unlike/ });
    await card.waitFor();
    const shown = (await page.evaluate(LINES_OF_CODE)) as { text: string; lines: string[] }[];
    const broken = shown.filter(({ lines }) => lines.length > 1);
    expect(broken.map(({ text }) => text)).toEqual(expect.arrayContaining([LONG]));
    for (const { text, lines } of broken) {
      // A reader who copies it has what was sent.
      expect(lines.join('')).toBe(text);
      for (const [at, line] of lines.slice(1).entries())
        expect([
          text,
          lines[at],
          line,
          /^(\.\p{L}|\[)/u.test(line) || /[/ -]$/.test(lines[at] ?? ''),
        ]).toEqual([text, lines[at], line, true]);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(faults).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('fits a telephone, %s', async (colorScheme) => {
    const { page, faults } = await open({ viewport: { width: 360, height: 740 }, colorScheme });
    await page.getByRole('article').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});
