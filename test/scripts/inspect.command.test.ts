import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build, isBuilt } from '../../scripts/build.mjs';
import { run as inspect } from '../../src/cli/inspect/run.ts';
import { answersOf, startModelServer } from '../support/modelServer.ts';
import { startTestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

const PAID = ['CreditCard', 'PayPal', 'BankTransfer'];

/** Orders of a small shop: right ones, and after them some with what a person would stumble over. */
const sane = Array.from({ length: 20 }, (_, at) => ({
  order_id: `WEB${2000 + at}`,
  user_id: `C${300 + at}`,
  order_timestamp: `2025-03-${String(at + 1).padStart(2, '0')}T09:00:00Z`,
  order_value: 10 * (at + 1),
  items: [{ product_id: `SKU${10 + at}`, quantity: at + 1, price_per_unit: 10 }],
  shipping_address: `${at + 1} Birch Rd, Fairview`,
  payment_method: PAID[at % 3],
}));
const like = (changes: Record<string, unknown>, at: number) => ({
  ...sane[0],
  order_id: `WEB${3000 + at}`,
  user_id: `C${400 + at}`,
  ...changes,
});
const odd = [
  { order_value: 1111 },
  { shipping_address: 'Great wall' },
  { order_id: '77' },
  {
    order_value: 25,
    items: [
      { product_id: 'SKU55', quantity: 1, price_per_unit: 10 },
      { product_id: 'SKU55', quantity: 1, price_per_unit: 15 },
    ],
  },
  { payment_method: 'Bribery' },
  { payment_method: 'PayPall' },
  { order_timestamp: '2093-01-01T00:00:00Z' },
  { order_value: '10', items: [{ product_id: '5', quantity: 1, price_per_unit: '10' }] },
].map(like);
const FOUND = [
  [21, 'order_value_mismatch', 'order_value', 'error'],
  [22, 'address_without_place', 'shipping_address', 'warn'],
  [23, 'order_id_unlike', 'order_id', 'warn'],
  [24, 'two_prices', 'items[1].price_per_unit', 'warn'],
  [25, 'payment_method_unknown', 'payment_method', 'warn'],
  [26, 'payment_method_typo', 'payment_method', 'warn'],
  [27, 'time_in_future', 'order_timestamp', 'warn'],
  [28, 'wrong_type', 'order_value', 'error'],
];

const lines = (orders: readonly unknown[]) => orders.map((order) => `${JSON.stringify(order)}\n`).join('');
const csv = (orders: readonly Record<string, unknown>[]) => {
  const columns = [
    'order_id',
    'user_id',
    'order_timestamp',
    'order_value',
    'items',
    'shipping_address',
    'payment_method',
  ];
  const cell = (value: unknown) =>
    `"${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;
  return [
    columns.join(','),
    ...orders.map((order) => columns.map((name) => cell(order[name])).join(',')),
  ].join('\n');
};

describe('order-pipeline inspect', () => {
  it('refuses a line that is too long to be read, and judges the others', async () => {
    const path = at('long.jsonl');
    const [first = '', ...rest] = lines([sane[0], odd[0]]).split('\n');
    writeFileSync(path, [first, `{"note":"${'x'.repeat(17 * 1024 * 1024)}"}`, ...rest].join('\n'));
    const { code, stdout } = await runCommand(inspect, `--file ${path} --json`, {});
    expect(code).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text)),
    ).toMatchObject([
      { line: 2, path: '', rule: 'too_large', severity: 'error', observed: 'longer than 16 MiB', fix: null },
      { line: 3, rule: 'order_value_mismatch' },
    ]);
  });

  let folder: string;
  const at = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'inspect-'));
    writeFileSync(at('odd.jsonl'), lines([...sane, ...odd]));
    writeFileSync(at('sane.jsonl'), lines(sane));
    writeFileSync(at('odd.csv'), csv([...sane, ...odd.slice(0, -1)]));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (args: string, env: Record<string, string> = {}) => runCommand(inspect, args, env);
  const found = (stdout: string) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('prints one finding a line and nothing else, a fix where one mends it', async () => {
    const { code, stdout, stderr } = await run(`--file ${at('odd.jsonl')} --json`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const findings = found(stdout);
    expect(findings.map(({ line, rule, path, severity }) => [line, rule, path, severity])).toEqual(FOUND);
    for (const finding of findings)
      expect(Object.keys(finding)).toEqual([
        'line',
        'path',
        'rule',
        'severity',
        'observed',
        'expected',
        'fix',
      ]);
    expect(Object.fromEntries(findings.filter(({ fix }) => fix).map(({ line, fix }) => [line, fix]))).toEqual(
      {
        26: [{ path: 'payment_method', value: 'PAYPAL' }],
        28: [{ path: 'order_value', value: 10 }],
      },
    );
    // What stands in an address stays in the file.
    expect(stdout).not.toContain('Great wall');
  });

  it('reads a table as send does, the header being row 1', async () => {
    const { stdout } = await run(`--file ${at('odd.csv')} --json`);
    expect(found(stdout).map(({ line, rule }) => [line, rule])).toEqual(
      FOUND.slice(0, -1).map(([line, rule]) => [(line as number) + 1, rule]),
    );
  });

  it('says nothing of sane orders, and ends with 0', async () => {
    expect(await run(`--file ${at('sane.jsonl')} --json --fail-on info`)).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const { stdout } = await run(`--file ${at('sane.jsonl')}`);
    expect(stdout).toMatch(/^clean +20$/m);
  });

  it.each([
    ['never', 0],
    ['error', 1],
    ['hold', 1],
    ['warn', 1],
  ])('ends by the grade that --fail-on names: %s', async (grade, code) => {
    expect((await run(`--file ${at('odd.jsonl')} --fail-on ${grade}`)).code).toBe(code);
  });

  it('counts an order that is there twice once, and refuses other content under its id', async () => {
    writeFileSync(
      at('twice.jsonl'),
      lines([...sane, sane[3], { ...sane[4], order_value: 20, items: sane[1]?.items }]),
    );
    const { stdout } = await run(`--file ${at('twice.jsonl')}`);
    expect(stdout).toMatch(/^of the clean: sent before +1$/m);
    expect(stdout).toMatch(/^error +conflicting_duplicate +1 +22 /m);
  });

  it('writes a page that quotes the file as text, and asks for nothing', async () => {
    const hostile = like({ payment_method: '<img src=x onerror=alert(1)>\u202e' }, 9);
    writeFileSync(at('hostile.jsonl'), lines([...sane, hostile]));
    const { code } = await run(`--file ${at('hostile.jsonl')} --report ${at('report.html')}`);
    const page = readFileSync(at('report.html'), 'utf8');
    expect(code).toBe(0);
    expect(page).toContain('1 of 21 orders need a look');
    expect(page).toContain('&lt;IMG SRC=X ONERROR=ALERT(1)&gt;');
    expect(page).not.toMatch(/<(?:img|script)|\u202e|https?:/i);
    expect(page).toContain("default-src 'none'");
  });

  it('tries own rules over past orders, and takes them into account', async () => {
    writeFileSync(
      at('rules.yaml'),
      'version: 1\nrules:\n  - { id: many, field: "items[*].quantity", when: { above: 15 }, severity: hold, message: Ask }\n  - { id: none, field: order_value, when: { above: 1e6 }, severity: warn, message: Ask }\n',
    );
    const tried = await run(`--file ${at('odd.jsonl')} --rules ${at('rules.yaml')} --try`);
    expect(tried.stdout).toMatch(/^own_many +hold +5 +17\.86 % +5 +line 16: items\[0\]\.quantity is 16$/m);
    expect(tried.stdout).toMatch(/^own_none +0 +0\.00 % +0$/m);
    const env = { QUALITY_RULES: at('rules.yaml') };
    const rules = found((await run(`--file ${at('sane.jsonl')} --json`, env)).stdout).map(({ rule }) => rule);
    expect(rules).toEqual(Array(5).fill('own_many'));
  });

  it('asks a model once about each group and value, on the budget that the roles share', async () => {
    const redis = await startTestRedis();
    const server = await startModelServer();
    const env = {
      REDIS_URL: redis.url,
      LLM_BASE_URL: server.baseUrl,
      LLM_MODEL: 'test-model',
      LLM_PRICE: '0.75/4.5',
    };
    try {
      const ask = (more = '') =>
        run(`--file ${at('odd.jsonl')} --llm --report ${at('asked.html')} --fail-on never${more}`, env);
      const { code, stdout, stderr } = await ask();
      expect([code, stderr.includes('Error')]).toEqual([0, false]);
      expect(stdout).toMatch(/^the model was asked about \d+ things in \d calls, \$0\.00\d+$/m);
      expect(stdout).toMatch(/^payment_method_unknown BRIBERY, line 25 +defect, /m);
      expect(stdout).toMatch(/^two_prices SKU55, line 24 +defect, .*: A sentence\.$/m);
      expect(readFileSync(at('asked.html'), 'utf8')).toContain('What the language model thinks');
      // Neither a street nor an id leaves.
      expect(server.asked.map(({ raw }) => raw).join()).not.toMatch(/Birch|C30\d|WEB2/);
      const calls = server.asked.length;
      expect((await ask()).stdout).toContain('in 0 calls');
      expect(server.asked).toHaveLength(calls);
      const rule = { field: 'items', condition: 'above', value: 40, message: 'Many lines' };
      server.plays = (asked) => ({
        content: answersOf(asked, (_, own) => ({ ...own, rules: own.verdict === 'defect' ? [rule] : [] })),
      });
      expect((await ask(` --sample 3 --drafts ${at('drafts.yaml')}`)).stdout).not.toContain('in 0 calls');
      const tried = await run(`--file ${at('sane.jsonl')} --rules ${at('drafts.yaml')} --try`);
      expect(tried.stdout).toMatch(/^own_draft_two_prices_1_\d +0 /m);
      const poor = await run(`--file ${at('sane.jsonl')} --llm`, {
        ...env,
        LLM_MODEL: 'other',
        LLM_DAILY_TOKENS: '5',
      });
      expect(poor.stdout).toMatch(/no answer: over budget$/m);
    } finally {
      await server.stop();
      await redis.stop();
    }
  });

  it('asks no more once it is to stop, and tells what was said by then', async () => {
    const redis = await startTestRedis();
    const stop = new AbortController();
    const server = await startModelServer((asked, nth) => {
      if (nth === 1) return { content: answersOf(asked) };
      stop.abort();
      return { never: true };
    });
    const env = { REDIS_URL: redis.url, LLM_BASE_URL: server.baseUrl, LLM_MODEL: 'test-model' };
    try {
      const { code, stdout } = await runCommand(
        inspect,
        ['--file', at('odd.jsonl'), '--llm'],
        env,
        stop.signal,
      );
      expect([code, server.asked.length]).toEqual([130, 2]);
      expect(stdout).toMatch(/ +defect, /m);
      expect(stdout).toMatch(/no answer: closed$/m);
    } finally {
      await server.stop();
      await redis.stop();
    }
  });

  it.each([
    ['--report', 'nowhere/report.html'],
    ['--llm --drafts', 'nowhere/drafts.yaml'],
    ['--report', '.'],
  ])('says at once that %s %s cannot be written', async (flags, name) => {
    const args = `--file ${at('sane.jsonl')} ${flags} ${at(name)}`;
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^${at(name)} cannot be written: `));
  });

  it.each([
    [
      '--file X --llm --json',
      '--llm goes with neither --json nor --try: what a model says is an opinion, not a finding',
    ],
    ['--file X --sample 3', '--sample and --drafts go with --llm'],
    ['--file X --llm --sample 999', '--sample must be a whole number up to 100, got "999"'],
    ['--file X --llm', '--llm needs LLM_BASE_URL and LLM_MODEL'],
    ['', '--file is missing: which orders?'],
    ['--file X --fail-on bad', '--fail-on must be one of info, warn, hold, error, never, got "bad"'],
    ['--file nothing.jsonl', 'nothing.jsonl: there is no such file'],
    ['--file nothing.jsonl --try', '--try needs --rules: which rules are to be tried?'],
    ['--file nothing.jsonl --rules nothing.yaml', 'nothing.yaml: there is no such file'],
  ])('refuses %s', async (args, problem) => {
    expect(await run(args)).toEqual({ code: 2, stdout: '', stderr: `${problem}\n` });
  });

  it.each([
    ['--report', 'orders.jsonl', '--file'],
    ['--report', 'link.jsonl', '--file'],
    ['--report', 'own.yaml', '--rules'],
    ['--llm --report same --drafts', 'same', '--report'],
  ])('writes %s %s over nothing that it reads or writes', async (flags, name, over) => {
    writeFileSync(at('orders.jsonl'), lines(sane));
    rmSync(at('link.jsonl'), { force: true });
    symlinkSync(at('orders.jsonl'), at('link.jsonl'));
    const ownRules =
      'version: 1\nrules:\n  - { id: a, field: items, when: { above: 9 }, severity: info, message: m }\n';
    writeFileSync(at('own.yaml'), ownRules);
    const args = `--file ${at('orders.jsonl')} --rules ${at('own.yaml')} ${flags} ${at(name)}`;
    const { code, stderr } = await run(args.replace('--report same', `--report ${at('same')}`));
    expect([code, stderr]).toEqual([
      2,
      `${flags.split(' ').at(-1)} would be written over ${over}, ${at(name)}\n`,
    ]);
    expect(readFileSync(at('orders.jsonl'), 'utf8')).toBe(lines(sane));
    expect(readFileSync(at('own.yaml'), 'utf8')).toBe(ownRules);
  });

  it.each([0, 1, 30, 59])('finds a wrong price in any order of a product, also in number %i', async (nth) => {
    const of = (at: number, price: number, quantity: number) => ({
      ...like({}, at),
      order_timestamp: `2025-04-${String(1 + (at % 28)).padStart(2, '0')}T09:00:00Z`,
      order_value: Math.round(price * quantity * 100) / 100,
      items: [{ product_id: 'SKU77', quantity, price_per_unit: price }],
    });
    const judged = async (price: number, quantity: number, usual: number) => {
      const orders = Array.from({ length: 60 }, (_, at) => of(at, usual, 1 + (at % 3)));
      writeFileSync(at('price.jsonl'), lines(orders.with(nth, of(nth, price, quantity))));
      const { stdout } = await run(`--file ${at('price.jsonl')} --json`);
      return found(stdout).map(({ line, rule, observed, expected }) => [line, rule, observed, expected]);
    };
    expect(await judged(999, 2, 9.99)).toEqual([[nth + 1, 'price_unlike_product', '999', '9.99']]);
    // Three at 3 are what they would be the other way round.
    expect(await judged(3, 3, 9)).toEqual([]);
  });

  it('makes nothing of when orders came that have no time', async () => {
    const undated = sane.map(({ order_timestamp: _, ...order }) => order);
    const again = undated.map((order, nth) => ({ ...order, order_id: `WEB${5000 + nth}` }));
    const namesakes = undated.slice(0, 2).map((order, nth) => ({ ...order, user_id: `C${900 + nth}` }));
    const other = { ...undated[5], order_id: 'WEB2009', user_id: 'C950' };
    writeFileSync(at('undated.jsonl'), lines([...undated, ...again, ...namesakes, other]));
    const { stdout } = await run(`--file ${at('undated.jsonl')} --json`);
    expect(found(stdout).map(({ line, rule, expected }) => [line, rule, expected])).toEqual(
      [41, 42].map((line) => [line, 'order_id_of_two_users', 'one user for an order id']),
    );
  });

  it('names the line, the field and the value of an own rule that cannot be read', async () => {
    writeFileSync(
      at('bad.yaml'),
      'version: 1\nrules:\n  - id: a\n    field: items\n    when: { above: x }\n    severity: warn\n    message: m\n',
    );
    const { code, stderr } = await run(`--file ${at('sane.jsonl')} --rules ${at('bad.yaml')}`);
    expect(code).toBe(2);
    expect(stderr).toBe(`${at('bad.yaml')} line 5: rules[0].when.above must be number, got "x"\n`);
  });

  it('takes what is no order at all', async () => {
    const bodies = [
      'null',
      '[]',
      '"text"',
      '{"__proto__":{"order_id":"A"}}',
      '{"a":'.repeat(3_000),
      '\u0000',
      `"${'x'.repeat(1_048_576)}"`,
    ];
    writeFileSync(at('bad.jsonl'), `${bodies.join('\n')}\n`);
    const { code, stdout } = await run(`--file ${at('bad.jsonl')} --json`);
    expect(code).toBe(1);
    expect(new Set(found(stdout).map(({ line }) => line))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
    expect(found(stdout).every(({ severity, fix }) => severity === 'error' && fix === null)).toBe(true);
  });

  it('does the same as the program that is shipped', async () => {
    if (!isBuilt()) await build();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['dist/main.js', 'inspect', '--file', at('odd.jsonl'), '--json'],
      { encoding: 'utf8', env: { PATH: process.env.PATH } },
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(found(stdout).map(({ line, rule, path, severity }) => [line, rule, path, severity])).toEqual(
      FOUND,
    );
  });
});
