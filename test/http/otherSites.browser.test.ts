import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const LOGIN = { username: 'ops', password: 'password' };

describe('a page of another site in a browser that knows the password', () => {
  let pipeline: TestPipeline;
  let port: string;
  let elsewhere: Server;
  let browser: Browser;

  beforeAll(async () => {
    pipeline = await startPipeline(
      { HOST: '0.0.0.0', ADMIN_USER: LOGIN.username, ADMIN_PASSWORD: LOGIN.password },
      { role: 'all' },
    );
    ({ port } = new URL(pipeline.url));
    elsewhere = createServer((request, response) => {
      const asked = new URL(request.url ?? '', 'http://evil.example').searchParams;
      response.setHeader('Content-Type', 'text/html');
      response.end(
        `<form method="post" action="${asked.get('action')}" enctype="${asked.get('enctype')}"><button>win`,
      );
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--host-resolver-rules=MAP *.example 127.0.0.1',
      ],
    });
  });
  afterAll(async () => {
    await browser.close();
    elsewhere.closeAllConnections();
    await new Promise((resolve) => elsewhere.close(resolve));
    await pipeline.stop();
  });

  async function visit(use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext({ httpCredentials: LOGIN });
    try {
      const page = await context.newPage();
      await use(page);
    } finally {
      await context.close();
    }
  }

  /** Posts what a page may post without asking first; resolves to the status, which the page itself does not see. */
  async function postFromElsewhere(page: Page, url: string, enctype: string): Promise<number> {
    const form = new URLSearchParams({ action: url, enctype });
    await page.goto(`http://evil.example:${(elsewhere.address() as AddressInfo).port}/?${form}`);
    const answered = page.waitForResponse((response) => response.url() === url);
    await page.click('button');
    await page.waitForURL(url);
    return (await answered).status();
  }

  it.each(['ops.example', '0.0.0.0'])('changes nothing at http://%s', async (host) => {
    const base = `http://${host}:${port}/admin/queues`;
    await visit(async (page) => {
      // From here on the browser sends the password by itself.
      expect((await page.goto(`${base}/`))?.status()).toBe(200);
      for (const enctype of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
        expect(await postFromElsewhere(page, `${base}/api/queues/orders/add`, enctype)).toBe(403);
      }
    });
    const counts = await pipeline.queues[0]?.getJobCounts();
    expect(Object.values(counts ?? { none: 1 }).every((count) => count === 0)).toBe(true);
  });

  it('sends no order to the embedded SQS, and its own page changes what it may', async () => {
    await visit(async (page) => {
      expect(await postFromElsewhere(page, `${pipeline.sqsEndpoint}/?Action=PurgeQueue`, 'text/plain')).toBe(
        403,
      );
      await page.goto(`http://ops.example:${port}/admin/queues/`);
      const status = await page.evaluate(
        async () => (await fetch('/admin/queues/api/queues/pause', { method: 'PUT' })).status,
      );
      expect(status).toBe(200);
      expect(await pipeline.queues[0]?.isPaused()).toBe(true);
    });
  });
});
