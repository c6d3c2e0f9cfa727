import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { showProgress } from '../../src/cli/kit/progress.ts';
import { sendGenerated } from '../../src/cli/send/deliver.ts';
import { expectMessage, expectNothing } from '../../src/cli/send/expected.ts';
import { generate } from '../../src/cli/send/generate.ts';
import { parseOptions } from '../../src/cli/send/options.ts';
import { run as populate } from '../../src/cli/send/run.ts';
import { type LocalSqs, startLocalSqs } from '../support/localSqs.ts';

function screen() {
  let shown = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk;
      done();
    },
  });
  return { stream, text: () => shown };
}

async function run(args: string, env: Record<string, string> = {}, signal?: AbortSignal) {
  const [out, err] = [screen(), screen()];
  const streams = { stdout: out.stream, stderr: err.stream };
  const code = await populate(args.split(' '), { env, ...streams, ...(signal && { signal }) });
  return { code, stdout: out.text(), stderr: err.text() };
}

const rowOf = (table: string, label: string) =>
  table
    .split('\n')
    .find((line) => line.startsWith(`${label} `))
    ?.slice(label.length)
    .trim();

describe('order-pipeline send', () => {
  let folder: string;
  let sqs: LocalSqs;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'populate-'));
    sqs = await startLocalSqs();
  });
  afterAll(async () => {
    sqs.stop();
    await rm(folder, { recursive: true });
  });
  const inboxUrl = (name: string) => `http://127.0.0.1:${sqs.port}/123456789012/${name}`;
  const at = (queue: string) => ({ SQS_ENDPOINT: `http://127.0.0.1:${sqs.port}`, QUEUE_NAME: queue });

  it('creates the inbox, sends what the dry run shows and prints the same table', async () => {
    const options = '--count 300 --invalid 0.2 --duplicates 0.1 --users 20 --seed 7 --until 2026-01-31';
    const dry = await run(`${options} --dry-run --print 1000`, at('same'));
    const sent = await run(options, at('same'));
    expect(sent.code).toBe(0);
    expect(sent.stdout).toBe(dry.stderr);
    expect(rowOf(sent.stdout, 'messages sent')).toBe('330');
    const bodies = await sqs.receiveAll(inboxUrl('same'));
    expect(bodies.sort()).toEqual(dry.stdout.trimEnd().split('\n').sort());
  });

  it('prints every total that can be checked against the API', async () => {
    const { code, stdout } = await run('--dry-run --count 1000 --seed 7 --until 2026-01-31');
    const expected = expectNothing();
    const orders = { count: 1000, invalid: 0.1, duplicates: 0.05, users: 100, seed: 7, until: '2026-01-31' };
    for (const message of generate(orders)) expectMessage(expected, message);
    expect(code).toBe(0);
    expect(rowOf(stdout, 'distinct orders')).toBe('1,000');
    expect(rowOf(stdout, 'expected counted')).toBe('900');
    expect(rowOf(stdout, 'expected duplicates')).toBe('50');
    expect(rowOf(stdout, 'expected refused')).toBe('100');
    expect(rowOf(stdout, '  bad_timestamp')).toBe(String(expected.refused.bad_timestamp));
    const revenue = Number(rowOf(stdout, 'expected revenue')?.replaceAll(',', ''));
    expect(Math.round(revenue * 100)).toBe(expected.counted.cents);
    expect(rowOf(stdout, 'seed')).toBe('7');
    expect(stdout).toMatch(/top 5 spenders\n( {2}U\d{4} +[\d,]+\.\d\d {2}\d+ orders?\n){5}/);
  });

  it('sends a file and says how many records went', async () => {
    const file = path.join(folder, 'orders.jsonl');
    await writeFile(file, '{"order_id":"A"}\n\u0001\nbroken\n');
    const { code, stdout, stderr } = await run(`--file ${file}`, at('file'));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'not sent: line 2: SQS takes no character U+0001, found at position 1\n',
    });
    expect(stdout).toBe(
      'file           orders.jsonl\nrecords                   3\nmessages sent             2\nnot sent                  1\n',
    );
    expect((await sqs.receiveAll(inboxUrl('file'))).sort()).toEqual(['broken', '{"order_id":"A"}']);
  });

  it('names a file that cannot be sent and exits with 2, without asking SQS', async () => {
    const { code, stderr } = await run(`--file ${folder}/none.csv`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'none.csv: there is no such file\n' });
  });

  it('reports what was sent before a file turned out broken, and exits with 2', async () => {
    const file = path.join(folder, 'cut.json');
    await writeFile(file, `[${'{"a":1},'.repeat(30)}{`);
    const { code, stdout, stderr } = await run(`--file ${file}`, at('cut'));
    expect(code).toBe(2);
    expect(rowOf(stdout, 'messages sent')).toBe('30');
    expect(stderr).toBe("cut.json: ends inside element 31, without the array's closing bracket\n");
  });

  it('says in one line that no SQS answers', async () => {
    const gone = await startLocalSqs();
    gone.stop();
    // As a process of its own: inside jest the SDK does not know system errors for errors and hides their codes.
    const command = ['--import', 'tsx', 'src/main.ts', 'send', '--count', '10'];
    const env = { PATH: process.env.PATH, EMBEDDED_SQS_PORT: String(gone.port) };
    const child = spawn(process.execPath, ['--no-warnings', ...command], { env });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `no SQS answers at http://127.0.0.1:${gone.port}: is \`npm start\` running?\n`,
    });
  });

  it('says in one line what SQS refused', async () => {
    const env = { SQS_QUEUE_URL: inboxUrl('no-such-inbox') };
    const { code, stderr } = await run('--count 10', env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^SQS refused: QueueDoesNotExist: .*\n$/);
  });

  it('lists what is wrong with the environment and exits with 2', async () => {
    const { code, stderr } = await run('--dry-run', { QUEUE_NAME: 'a b', CURRENCY: 'dollars' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/QUEUE_NAME.*CURRENCY/s);
  });

  it('stopped midway, prints what was sent until then', async () => {
    const { code, stdout } = await run('--count 50', at('stopped'), AbortSignal.abort());
    expect(code).toBe(130);
    expect(rowOf(stdout, 'messages sent')).toBe('0');
  });

  it('shows how to use it', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/--duplicates SHARE/);
  });

  it('gives a program the totals of what it sent', async () => {
    const url = await sqs.queue('program');
    const orders = { count: 40, invalid: 0.5, duplicates: 0.5, users: 5, seed: 1, until: '2026-01-31' };
    const seen: number[] = [];
    const onProgress = ({ sent }: { sent: number }) => seen.push(sent);
    const { expected, report } = await sendGenerated(sqs.client, url, orders, { onProgress });
    expect(report).toEqual({ sent: 60, unsent: 0, problems: [] });
    expect(expected).toMatchObject({ messages: 60, duplicates: 20, counted: { orders: 20 } });
    expect(seen.at(-1)).toBe(60);
  });
});

describe('the command line', () => {
  const NOW = new Date('2026-03-04T05:06:07Z');
  const parse = (args: string) => parseOptions(args === '' ? [] : args.split(' '), NOW, () => 4711);

  it('has defaults for everything', () => {
    expect(parse('')).toEqual({
      kind: 'run',
      options: {
        file: undefined,
        orders: { count: 1000, invalid: 0.1, duplicates: 0.05, users: 100, seed: 4711, until: '2026-03-04' },
        rate: undefined,
        dryRun: false,
        print: 0,
        json: false,
      },
    });
  });

  it('takes values in both spellings', () => {
    expect(parse('--count=5 --invalid .5 --seed 0 --rate 0.5 --dry-run --print 3')).toMatchObject({
      options: { orders: { count: 5, invalid: 0.5, seed: 0 }, rate: 0.5, dryRun: true, print: 3 },
    });
  });

  it.each([
    ['--count 0', '--count must be a whole number from 1 to 100000000, got "0"'],
    ['--count 1e3', '--count must be a whole number from 1 to 100000000, got "1e3"'],
    ['--users 2.5', '--users must be a whole number from 1 to 10000000, got "2.5"'],
    ['--invalid 10', '--invalid must be a share from 0 to 1, got "10"'],
    ['--duplicates -0.1', '--duplicates must be a share from 0 to 1, got "-0.1"'],
    ['--seed 4294967296', '--seed must be a whole number from 0 to 4294967295, got "4294967296"'],
    ['--rate 0', '--rate must be a number above 0, got "0"'],
    ['--until 2026-02-30', '--until must be a day such as 2026-01-31, got "2026-02-30"'],
    ['--count', '--count needs a value, got nothing'],
    ['--count --dry-run', '--count needs a value, got "--dry-run"'],
    ['--count 1 --count 2', '--count is given twice, "1" and "2"'],
    ['--dry-run=yes', '--dry-run takes no value, got "yes"'],
    ['--cuont 5', 'unknown option --cuont 5; see --help'],
    ['-x', 'unknown option -x; see --help'],
    ['orders.csv', 'unexpected argument "orders.csv"'],
    ['--print 3', '--print needs --dry-run'],
    ['--file a.csv --seed 1 --users 2', '--users, --seed cannot go with --file: nothing is generated'],
  ])('%s: %s', (args, problem) => {
    expect(parse(args)).toEqual({ kind: 'bad', problems: [problem] });
  });

  it('tells every problem at once', () => {
    expect(parse('--cuont=5 x --count many --invalid 2')).toMatchObject({ problems: { length: 4 } });
  });
});

describe('progress', () => {
  it('off a terminal is a line a second at most', () => {
    const { stream, text: shown } = screen();
    let now = 0;
    const progress = showProgress(stream, () => now);
    progress.begin('sent', 12_000);
    for (let sent = 10; sent <= 2000; sent += 10) {
      now += 10;
      progress.add(10);
    }
    progress.stop();
    expect(shown()).toBe('sent: 1,000 of 12,000\nsent: 2,000 of 12,000\n');
  });

  it('on a terminal is a bar', () => {
    const { stream, text: shown } = screen();
    const progress = showProgress(Object.assign(stream, { isTTY: true }));
    progress.begin('sent', 10);
    progress.add(10);
    progress.stop();
    expect(shown()).toMatch(/sent \[=+\] 10\/10/);
  });
});
