import type { Page } from 'playwright-core';

/** What somebody did up to a point, since the one before. */
export interface PlayedStep {
  name: string;
  seconds: number;
  /** Clicks, and fields that were filled in. */
  clicks: number;
}

export interface Task {
  /** Where the product is. */
  url: string;
  name: string;
  password: string;
  /** How many orders fail for the cause that holds up the most money. */
  orders: number;
  because: string;
  /** Whoever wants to look at the page after a step; this time is not counted. */
  seen?: (step: string) => Promise<void>;
}

const MOST_MS = 120_000;

/**
 * The operator's task, played in a browser: sign in, see the cause, try its proposed recipe on every order, repair them,
 * hold the receipt. Waits for what an operator would wait for, and for nothing else.
 */
export async function playOperator(page: Page, task: Task): Promise<PlayedStep[]> {
  const { url, name, password, orders, because, seen = async () => {} } = task;
  const count = orders.toLocaleString('en-US');
  const played: PlayedStep[] = [];
  let clicks = 0;
  let began = performance.now();
  const click = async (role: 'link' | 'button', called: string | RegExp) => {
    clicks += 1;
    await page.getByRole(role, { name: called }).first().click({ timeout: MOST_MS });
  };
  const fill = async (label: string | RegExp, text: string) => {
    clicks += 1;
    await page.getByLabel(label).fill(text);
  };
  const shows = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: MOST_MS });
  const done = async (step: string) => {
    played.push({ name: step, seconds: (performance.now() - began) / 1_000, clicks });
    await seen(step);
    clicks = 0;
    began = performance.now();
  };

  await page.goto(`${url}/sign-in?next=${encodeURIComponent('desk')}`);
  await fill('Name', name);
  await fill('Password', password);
  await click('button', 'Sign in');
  await page.waitForURL(/\/desk$/, { timeout: MOST_MS });
  await done('signed in');

  await page.locator('.cause', { hasText: `${count} orders` }).waitFor({ timeout: MOST_MS });
  await done('cause seen');

  await page.locator('.cause', { hasText: `${count} orders` }).click();
  clicks += 1;
  await shows(/^Proposed: /);
  await click('button', `Try on ${count} orders`);
  await page
    .locator('.counts', { hasText: new RegExp(`Would count\\s*${count}`) })
    .waitFor({ timeout: MOST_MS });
  await done('tried');

  await fill(/^Why, or a ticket/, because);
  await click('button', `Repair ${count} orders`);
  await shows(`The repair of ${count} orders is done.`);
  await shows(`${count} counted.`);
  await done('receipt');
  return played;
}

/** An order whose shop writes prices as in Europe: refused, and worth 25.00 once its comma is a point. */
export const withComma = (n: number) => ({
  order_id: `C${n}`,
  user_id: `U${n % 240}`,
  order_timestamp: '2025-06-01T12:00:00Z',
  order_value: 25,
  items: [{ product_id: 'P006', quantity: 2, price_per_unit: '12,50' }],
  payment_method: 'CreditCard',
});
