import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as failed } from '../../src/cli/failed/run.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { anOrder } from '../support/orders.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';
import { runCommand } from './verifyCommand.ts';

describe('order-pipeline failed', () => {
  let workers: TestWorkers;
  beforeAll(async () => {
    workers = await testWorkers(2);
    await claimPartitions(workers.redis.client(), 2);
    await workers.start();
  });
  afterAll(() => workers.stop());

  const run = (args: string) => runCommand(failed, args, { REDIS_URL: workers.redis.url });
  const failedJobs = async () =>
    (await Promise.all(workers.queues.all.map((each) => each.getFailed()))).flat();
  const runs = async () => (await failedJobs()).map((job) => job.attemptsStarted).sort();

  beforeEach(async () => {
    for (const job of await failedJobs()) await job.remove();
    for (let index = 0; index < 6; index += 1) {
      const wrong = index < 4 ? { order_value: 201 } : { currency: 'EUR' };
      await workers.add(`m${index}`, anOrder({ user_id: `U${index}`, ...wrong }));
    }
    await until(async () => (await failedJobs()).length === 6, 'six have failed');
  });

  it('retry gives all of them to the workers once more', async () => {
    expect(await run('retry')).toEqual({
      code: 0,
      stdout: '6 of 6 failed orders run once more\n',
      stderr: '',
    });
    await until(async () => (await runs()).join() === '2,2,2,2,2,2', 'each has run twice');
    const who = { kind: 'command', name: userInfo().username };
    expect((await auditTrail(workers.redis.client())).slice(-2)).toMatchObject([
      { phase: 'intent', who, action: 'retry all', filter: 'failed' },
      { phase: 'outcome', who, result: 'done', count: 6 },
    ]);
  });

  it('retry retries nothing that cannot be written down', async () => {
    const redis = workers.redis.client();
    await redis.rename('order-pipeline:audit', 'aside');
    await redis.set('order-pipeline:audit', 'something else');
    const { code, stderr } = await run('retry');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'the audit log cannot be written\n' });
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
    await redis.rename('aside', 'order-pipeline:audit');
  });

  it('retry --reason takes those alone, --dry-run none', async () => {
    const { stdout } = await run('retry --reason currency_mismatch --dry-run');
    expect(stdout).toBe('2 of 6 failed orders would run once more; 4 did not fail for currency_mismatch\n');
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
    await run('retry --reason currency_mismatch');
    await until(async () => (await runs()).join() === '1,1,1,1,2,2', 'those two have run twice');
  });

  it.each([
    ['', 'the command must be one of groups, hold,'],
    ['retry now', 'export, got "retry now"'],
    ['delete', 'delete needs --because\ndelete needs --count'],
    ['repair', 'repair needs --because'],
    ['groups --cause x', 'groups takes no --cause'],
    ['try --recipe {}', '--recipe: version'],
    ['try --recipe []', '--recipe: Invalid input: expected object'],
    ['try --recipe @/no/such', '--recipe cannot be read: ENOENT'],
    ['aside --because x --job a --reason wrong_type', '--job stands alone'],
    ['repair --because x --rate 0', '--rate must be a whole number from 1 to 100000, got "0"'],
    ['groups --held some', '--held must be one of without, only, all, got "some"'],
    [
      'try --recipe {"version":1,"steps":[{"do":"recompute_total"}]} --recipe-name a',
      'in the place of --recipe',
    ],
    ['save-recipe --recipe-name a@1 --because x --recipe {}', '--recipe-name must be 1 to 60'],
    ['repair --because x --recipe-name a@0', 'with @ and a version perhaps, got "a@0"'],
    ['hold --because x', 'hold needs --cause'],
    ['edit --job a --file /no/such', '--file cannot be read: ENOENT'],
    ['edit --job a,b --file /dev/null', 'edit takes one --job\nedit needs --because'],
    ['retry --reason odd', '--reason must be one of invalid_json'],
    ['retry --all', 'unknown option --all'],
  ])('%j is refused, saying why, and retries nothing', async (args, problem) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(problem);
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('--help says all of it', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/--reason[\s\S]*order_value_mismatch[\s\S]*--dry-run[\s\S]*Exit code/);
  });

  it('says where it looked for Redis when there is none', async () => {
    const port = await freePort();
    const { code, stderr } = await runCommand(failed, 'retry', { REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(code).toBe(2);
    expect(stderr).toContain(`no Redis answers at 127.0.0.1:${port}`);
  });

  // The last one: its orders have ended, and would not fail once more.
  it('groups, tries, repairs and proves; sets aside, restores and deletes', async () => {
    const json = async (args: string) => {
      const { code, stdout, stderr } = await run(`${args} --json`);
      expect([args, code, stderr.replace(/^orders: .*\n/gm, '')]).toEqual([args, 0, '']);
      return JSON.parse(stdout);
    };
    const before = (await workers.read.global()) ?? { orders: 0, minorUnits: 0 };
    const [largest, other] = await json('groups');
    expect(largest).toMatchObject({
      reason: 'currency_mismatch',
      path: 'currency',
      shape: 'a',
      orders: 2,
      users: 2,
      money: 4000,
    });
    expect(other).toMatchObject({
      reason: 'order_value_mismatch',
      path: 'order_value',
      shape: '',
      orders: 4,
      users: 4,
      money: 804,
    });
    expect(new Date(other.first_seen).toISOString()).toBe(other.first_seen);
    expect((await run('groups')).stdout).toMatch(/6 orders have failed, worth 4,804\.00\n$/);

    await json(`hold --cause ${other.cause} --because known`);
    expect(await json('groups')).toMatchObject([{ cause: largest.cause }]);
    expect(await json('groups --held only')).toMatchObject([{ hold: { because: 'known', over: false } }]);
    expect((await run('groups --held all')).stdout).toMatch(/on hold: known[\s\S]*1 causes are on hold/);
    expect((await run(`release --cause ${other.cause} --because mended`)).stdout).toMatch(
      /not on hold any more/,
    );
    expect((await run('hold --cause none --because x')).stderr).toBe(
      'No order fails for such a cause now.\n',
    );

    const found = await json(`search --cause ${other.cause}`);
    expect(found.map(({ job }: { job: string }) => job).sort()).toEqual(['m0', 'm1', 'm2', 'm3']);
    expect(await json('search --text u5')).toMatchObject([{ job: 'm5', user_id: 'U5', money: 2000 }]);
    expect(await json('show --job m0')).toMatchObject({
      state: 'failed',
      data: { order: { order_value: 201 } },
      now: { fault: { reason: 'order_value_mismatch' } },
    });

    const file = path.join(mkdtempSync(path.join(tmpdir(), 'order-pipeline-edit-')), 'order.json');
    const edit = (order: object, args: string) => {
      writeFileSync(file, JSON.stringify(order));
      return run(`edit --job m4 --file ${file} ${args}`);
    };
    const { text, revision } = await json('show --job m4');
    expect(JSON.parse(text)).toEqual(anOrder({ user_id: 'U4', currency: 'EUR' }));
    expect(await edit(anOrder({ user_id: 'U4', currency: 'GBP' }), '--dry-run')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^It would fail again:\n {2}currency_mismatch at currency: /),
    });
    expect(await edit(anOrder({ user_id: 'U4', currency: 'GBP' }), '--because x --queue')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Nothing was saved, because it would fail again: currency_mismatch at/),
    });
    expect(await edit(anOrder({ user_id: 'U4', currency: 'EUR' }), '--because x')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Saved; it stays failed until it is retried\. It would fail again:/),
    });
    expect((await edit({}, `--because x --revision ${revision}`)).stderr).toMatch(
      /^Somebody else has edited/,
    );
    rmSync(path.dirname(file), { recursive: true });

    const looked = await json(`propose --cause ${other.cause}`);
    expect(looked).toMatchObject({ proposal: { passes: 4, of: 4 } });
    expect(looked.features).toContainEqual({ name: 'product_id', value: 'P006', orders: 4, of: 4 });
    expect((await run(`propose --cause ${other.cause}`)).stdout).toMatch(
      /4 orders looked at 4 pass with it\nMost of them share:[\s\S]*payment_method +CreditCard +4 of 4/,
    );

    const tried = await json(`try --cause ${other.cause}`);
    expect(tried).toMatchObject({
      recipe: { version: 1, steps: [{ do: 'recompute_total' }] },
      orders: 4,
      would_count: { orders: 4, money: 8000 },
      still_fail: { orders: 0 },
      diffs: [{ changes: [{ path: 'order_value', before: '201', after: '2000' }] }, {}, {}],
    });
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);

    const recipe = JSON.stringify(tried.recipe);
    expect((await run('recipes')).stdout).toBe('No recipe is saved\n');
    await json(
      'save-recipe --recipe-name total --because x --recipe {"version":1,"steps":[{"do":"decimal_comma","at":"a"}]}',
    );
    expect((await run(`save-recipe --recipe-name total --because monthly --recipe ${recipe}`)).stdout).toBe(
      'Saved as total@2\n',
    );
    expect((await run('recipes')).stdout).toMatch(/total@2 .* monthly +\{"version":1/);
    expect(await json(`try --cause ${other.cause} --recipe-name total`)).toEqual({
      ...tried,
      recipe_name: 'total@2',
    });
    expect((await run('try --recipe-name total@3')).stderr).toBe('No recipe is saved as total@3.\n');

    const receipt = await json(`repair --cause ${other.cause} --recipe-name total --because ticket`);
    expect(await json('remove-recipe --recipe-name total --because x')).toEqual({ name: 'total' });
    expect(receipt).toMatchObject({
      run: {
        recipe_name: 'total@2',
        recipe: tried.recipe,
        state: 'done',
        orders: 4,
        because: 'ticket',
        counts: { sent: 4, ended: 4 },
      },
      money: { before: 0, repaired: 8000, elsewhere: 0, after: 8000 },
      states: { counted: 4 },
    });
    expect(receipt.orders).toHaveLength(4);
    expect(await workers.read.global()).toMatchObject({
      orders: before.orders + 4,
      minorUnits: before.minorUnits + 800_000,
    });
    const again = await run(`receipt --run ${receipt.run.run}`);
    expect(again.stdout).toMatch(/0\.00 before \+ 8,000\.00 repaired \+ 0\.00 by others = 8,000\.00 now\n$/);
    expect(await json('runs')).toMatchObject([{ run: receipt.run.run, state: 'done' }]);
    expect((await run(`pause --run ${receipt.run.run}`)).stderr).toBe('The run is done.\n');
    expect((await run('repair --reason currency_mismatch --because x')).stderr).toMatch(
      /^No recipe is known/,
    );
    for (const args of ['repair --cause nope --because x', 'try --cause nope', 'propose --cause nope'])
      expect(await run(args)).toEqual({ code: 1, stdout: '', stderr: 'No failed order is meant.\n' });

    expect((await run('export')).stdout).toMatch(
      /^job,order_id,user_id,money,reasons,.*\r\nm[45],ORD1237,U[45],2000,currency_mismatch at currency,/,
    );
    expect(await json('aside --reason currency_mismatch --because later')).toEqual({ orders: 2, gone: 0 });
    expect(await json('groups')).toEqual([]);
    expect(await json('restore --job m4 --because now')).toEqual({ orders: 1, gone: 0 });
    expect(await run('delete --aside --count 7 --because test')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^It would be 1 orders, not 7/),
    });
    expect(await json('delete --aside --count 1 --because test')).toEqual({ orders: 1, gone: 0 });
    expect(await json('retry --job m4')).toMatchObject({
      run: { state: 'done', counts: { sent: 0, left: 1 } },
    });
    for (const which of ['', ' --id m4', ' --id u4', ' --id ord1237 --reason currency_mismatch'])
      expect((await json(`search${which}`)).map(({ job }: { job: string }) => job)).toEqual(['m4']);
    expect(await json('search --id ord123')).toEqual([]);
  });
});
