import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { KeyStore } from '../../src/access/keyStore.ts';
import { makeAuditLog } from '../../src/audit/auditLog.ts';
import { AUDIT_KEY } from '../../src/store/keys.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { seriousFindings } from './axe.ts';
import { startBrowser, watchedPage } from './browser.ts';

const ANNA = { kind: 'user', name: 'Anna', address: '10.1.2.3' } as const;
const MARKUP = '<img src=x onerror="document.title=1">';
const JOB = '0f4c1f6e-8d0a-4c39-9d9f-0e7a1a2b3c4d';
const DIGEST = 'a'.repeat(64);

describe('the audit log in a browser', () => {
  let browser: Browser;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    [browser, pipeline] = await Promise.all([startBrowser(), startPipeline({}, { role: 'api' })]);
    const log = makeAuditLog(pipeline.redis.client(), { retentionDays: 400 });
    const key = { kind: 'key', name: 'k_9f2a7c', address: '192.0.2.7' } as const;
    await log.change(key, { action: 'retry', filter: 'failed', run: 'R1', count: 6_000 }, async () => ({
      result: 'done',
    }));
    for (let n = 0; n < 120; n += 1) {
      await log.change(key, { action: 'retry batch', partition: 0, run: 'R1', count: 50 }, async () => ({
        result: 'done',
      }));
    }
    const edit = { action: 'edit', partition: 3, job: JOB, before: DIGEST, after: DIGEST };
    await log.change(ANNA, edit, async () => ({ result: 'done' }));
    await log.change(
      ANNA,
      { action: 'delete', filter: 'failed of cause 3f2a9c01de', count: 12, reason: MARKUP },
      async () => ({
        result: 'refused',
        why: 'There are 13 by now.',
      }),
    );
  });
  afterAll(async () => {
    await browser?.close();
    await pipeline?.stop();
  });

  const open = async (hash = '', options: BrowserContextOptions = {}, at = pipeline) => {
    const watched = await watchedPage(await browser.newContext(options), at.url);
    await watched.page.goto(`${at.url}/desk/audit${hash}`);
    return watched;
  };

  it('shows who changed what, and whether the log is whole', async () => {
    const { page, faults } = await open();
    await page.getByText('The log is whole: each of its 246 entries continues the one before it.').waitFor();
    const [, first = '', second = ''] = await page.locator('tr').allInnerTexts();
    expect(first).toMatch(/Anna\s+user, 10\.1\.2\.3\s+delete\s+failed of cause 3f2a9c01de\s+12 orders/);
    expect(first).toContain(MARKUP);
    expect(first).toContain('refused: There are 13 by now.');
    expect(second).toContain(JOB);
    expect(await page.locator('tbody tr').count()).toBe(3);
    await page.getByRole('link', { name: 'R1' }).click();
    await page.locator('tbody tr').nth(99).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(100);
    await page.getByRole('button', { name: 'Older changes' }).click();
    await page.locator('tbody tr').nth(120).waitFor();
    expect(await page.getByRole('button', { name: 'Older changes' }).count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('has its filters in the address, to be sent to somebody', async () => {
    const { page, faults } = await open();
    await page.getByLabel('Who').fill('anna');
    await page.getByLabel('What').fill('edit');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText(JOB).waitFor();
    await page.waitForFunction("document.querySelectorAll('tbody tr').length === 1");
    expect(page.url()).toMatch(/#changes\?who=anna&what=edit$/);
    await page.reload();
    await page.getByText(JOB).waitFor();
    expect(await page.getByLabel('Who').inputValue()).toBe('anna');
    const exported = page.getByRole('link', { name: 'Export as CSV' });
    const response = await page.request.get((await exported.getAttribute('href')) as string);
    expect((await response.text()).trimEnd().split('\r\n')).toHaveLength(2);
    await page.getByLabel('What').fill('nothing like that');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('No change matches these filters.').waitFor();
    expect(faults).toEqual([]);
  });

  it.each([
    ['light', 360],
    ['dark', 360],
    ['light', 1_600],
    ['dark', 1_600],
  ] as const)('is read in %s at %i px without scrolling sideways', async (colorScheme, width) => {
    const { page } = await open('', { colorScheme, viewport: { width, height: 900 } });
    await page.getByText(JOB).waitFor();
    await page.getByText('The log is whole').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await seriousFindings(page)).toEqual([]);
    const { PICTURES } = process.env;
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/audit-${colorScheme}-${width}.png` });
  });

  it('asks those for a key who may not look, and exports with it', async () => {
    const closed = await startPipeline({ STATS_API: 'keys' }, { role: 'api', redis: pipeline.redis });
    try {
      const { key } = await new KeyStore(pipeline.redis.client()).create(
        { name: 'desk', role: 'admin' },
        Date.now(),
      );
      const { page } = await open('', {}, closed);
      await page.getByRole('heading', { name: 'Who is looking?' }).waitFor();
      await page.locator('#key').fill(key);
      await page.getByRole('button', { name: 'Show' }).click();
      await page.getByText(JOB).waitFor();
      const saved = page.waitForEvent('download');
      await page.getByRole('link', { name: 'JSON lines' }).click();
      expect((await saved).suggestedFilename()).toBe('audit.jsonl');
    } finally {
      await closed.stop();
    }
  });

  it('says so where entries were taken out', async () => {
    const redis = pipeline.redis.client();
    const [, second] = await redis.xrange(AUDIT_KEY, '-', '+', 'COUNT', 2);
    await redis.xdel(AUDIT_KEY, (second as [string, string[]])[0]);
    const { page } = await open();
    await page.getByText('The log is not whole: in one place').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});
