import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

// Nothing but the pages under test: no updates, no reports, no first run.
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  return COMMANDS.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

export async function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      'Chromium is missing, and the pages cannot be tested without it. Type: sudo apt-get install -y chromium',
    );
  }
  return chromium.launch({ executablePath, args: ARGS });
}

/** What a reader would not see and a developer would: everything that went wrong on a page, in words. */
export interface WatchedPage {
  page: Page;
  faults: string[];
}

/** A page of a service, on which nothing may fail and nothing may come from anywhere else. */
export async function watchedPage(context: BrowserContext, origin: string): Promise<WatchedPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  const at = () => page.url().replace(origin, '');
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      faults.push(`${at()} console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${at()} threw: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) faults.push(`${at()} asked ${url}`);
  });
  // What a page gave up because the reader went on is no fault.
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    if (why !== 'net::ERR_ABORTED') faults.push(`${at()} ${request.url()} failed: ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${at()} ${response.url()} answered ${response.status()}`);
  });
  return { page, faults };
}
