/**
 * The picture of the page in the README: the whole product on this machine for a minute and a half of sample orders,
 * looked at by Chromium, into docs/page.png.
 *
 *   npm run picture
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { ALL_PARTS } from '../src/app/allParts.ts';
import { startRole } from '../src/app/startRole.ts';
import { createSqsClient } from '../src/bridge/sqs/client.ts';
import { openInbox } from '../src/bridge/sqs/openInbox.ts';
import { sendGenerated } from '../src/cli/send/deliver.ts';
import { readConfig } from '../src/config/config.ts';
import { closeLogger, makeLogger } from '../src/runtime/logger.ts';
import { Services } from '../src/runtime/services.ts';
import { findChromium, howToGetChromium } from './chromium.mjs';

const PICTURE = new URL('../docs/page.png', import.meta.url).pathname;
const SIZE = { width: 1_280, height: 700 };
const RATE = 60;
const SECONDS = 90;

const executablePath = findChromium();
if (executablePath === undefined) throw new Error(`there is no Chromium: ${howToGetChromium()}`);
const dataDir = mkdtempSync(path.join(tmpdir(), 'order-pipeline-picture-'));
const config = readConfig({ DATA_DIR: dataDir, LOG_DIR: '-', PORT: '8124', EMBEDDED_SQS_PORT: '4124' });
const logger = makeLogger({ ...config.log, consoleLevel: 'error' });
const services = new Services(logger);
try {
  const { url } = await startRole(config, 'all', ALL_PARTS, logger, services);
  const client = createSqsClient(config.sqs);
  const queueUrl = await openInbox(client, config.sqs);
  const orders = {
    count: RATE * SECONDS,
    invalid: 0.01,
    duplicates: 0.02,
    users: 200,
    seed: 1,
    until: new Date().toISOString().slice(0, 10),
    currency: config.rules.currency,
    idCase: config.rules.idCase,
  };
  const sending = sendGenerated(client, queueUrl, orders, { rate: RATE });
  await delay((SECONDS - 10) * 1_000);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
  await page.goto(url as string);
  await page.locator('.uplot').first().waitFor();
  await delay(2_000);
  await page.screenshot({ path: PICTURE });
  await browser.close();
  await sending;
  client.destroy();
} finally {
  await services.stop();
  await closeLogger(logger);
  rmSync(dataDir, { recursive: true, force: true });
}
