import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { driveRun, roomInQueues } from '../../../src/desk/runs/driveRun.ts';
import { readReceipt } from '../../../src/desk/runs/receipt.ts';
import { startRunDrivers } from '../../../src/desk/runs/runDrivers.ts';
import {
  beginRun,
  controlRun,
  listRuns,
  type Run,
  type RunParts,
  type RunWanted,
  readRun,
} from '../../../src/desk/runs/runs.ts';
import { sendBatch } from '../../../src/desk/runs/sendBatch.ts';
import { tryRecipe } from '../../../src/desk/runs/tryRecipe.ts';
import { readFailures } from '../../../src/queue/failures/readFailures.ts';
import type { Repair } from '../../../src/queue/repairs.ts';
import { makeRecordOrder } from '../../../src/stats/record/recordOrder.ts';
import { queueKey, repairKeys, runDriverKey, runKey, runKeys } from '../../../src/store/keys.ts';
import { DAMAGED, type Place } from '../../../src/store/stored.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { COMMA, fail, indexed, partsOf, priced } from './failing.ts';

const WHO = { kind: 'user', name: 'anna' } as const;
const WANTED: RunWanted = { where: {}, recipe: COMMA, reason: 'ticket 7', rate: undefined, stopPercent: 20 };

describe('a run of repairs', () => {
  let workers: TestWorkers;
  let parts: RunParts;
  const stopping = new AbortController();

  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
    parts = {
      ...partsOf(workers),
      audit: makeAuditLog(workers.redis.client(), { retentionDays: 400 }),
      auditRetentionDays: 400,
    };
  });
  afterEach(() => workers.stop());

  const begin = (wanted: Partial<RunWanted> = {}) => beginRun(parts, WHO, { ...WANTED, ...wanted });
  const drive = (run: Run, me = 'me') => driveRun(parts, run.id, me, stopping.signal);
  const now = async (run: Run) => (await readRun(parts, run.id)) as Run;
  const orders = (count: number, make = (n: number) => priced(n)) =>
    Array.from({ length: count }, (_, n) => make(n));
  const pauseQueues = () => Promise.all(workers.queues.all.map((queue) => queue.pause()));
  const resumeQueues = () => Promise.all(workers.queues.all.map((queue) => queue.resume()));
  /** How often each job was handed to a worker, by what BullMQ counts on it. */
  const starts = async () => {
    const redis = workers.redis.client();
    const keys = (await redis.keys('*:orders:j*')).filter((key) => /:j\d+$/.test(key));
    return Promise.all(keys.map(async (key) => Number(await redis.hget(key, 'ats'))));
  };

  it('makes every order count, each with its original and its edit, and leaves a trail', async () => {
    await fail(workers, orders(60));
    const run = await begin();
    expect(run).toMatchObject({
      state: 'running',
      orders: 60,
      who: WHO,
      reason: 'ticket 7',
      counts: { todo: 60, sent: 0 },
    });
    await drive(run);
    expect(await now(run)).toMatchObject({
      state: 'done',
      counts: { todo: 0, sent: 60, ended: 60, failed: 0, underWay: 0 },
    });
    expect(await workers.read.global()).toMatchObject({
      orders: 60,
      minorUnits: 60 * 50 + (59 * 60 * 100) / 2,
    });
    const redis = workers.redis.client();
    expect(await readFailures(redis, parts.partitions.all)).toMatchObject({ orders: 0 });
    const repairs = (
      await Promise.all(parts.partitions.all.map((each) => redis.hgetall(repairKeys(each).repairs)))
    ).flatMap((all) => Object.values(all).map((text) => JSON.parse(text) as Repair));
    expect(repairs).toHaveLength(60);
    for (const { original, edits, outcome } of repairs) {
      expect(JSON.stringify(original)).toMatch(/"price_per_unit":"\d+,50"/);
      expect(edits).toMatchObject([{ by: WHO, data: { message: { edits: 1 } } }]);
      expect(outcome).toMatchObject({ outcome: 'counted' });
    }
    const trail = (await auditTrail(redis)) as {
      phase: string;
      action: string;
      run?: string;
      jobs?: readonly unknown[];
      of?: string;
    }[];
    expect(new Set(trail.map(({ run: of }) => of))).toEqual(new Set([run.id]));
    const intents = trail.filter(({ phase, action }) => phase === 'intent' && action === 'repair batch');
    expect(intents.flatMap(({ jobs }) => jobs)).toHaveLength(60);
    expect(trail.filter(({ phase }) => phase === 'outcome')).toHaveLength(trail.length / 2);
    expect(await listRuns(parts, 10)).toMatchObject([{ id: run.id }]);
  });

  it('gives a receipt: of each order what it was and is, and money that adds up', async () => {
    const twin = priced(5);
    const counted = priced(6, 6.5);
    await fail(workers, [...orders(5), twin, twin, counted, priced(6), priced(7, 'x'), priced(8)], 10);
    const run = await begin();
    const redis = workers.redis.client();
    // The message of j10 comes once more while the run is under way, repaired by its sender.
    await workers.add('again', priced(8, 8.5));
    await until(async () => (await workers.read.global()).orders === 2, 'it counts');
    await drive(run);
    const { money, states, rows } = await readReceipt(parts, run.id, 100);
    const total = (...numbers: number[]) => numbers.reduce((sum, n) => sum + n * 100 + 50, 0);
    expect(money).toEqual({
      before: total(6, 8),
      repaired: total(0, 1, 2, 3, 4, 5),
      elsewhere: 0,
      after: total(6, 8, 0, 1, 2, 3, 4, 5),
    });
    expect(states).toEqual({ counted: 6, duplicate: 3, left: 1, gone: 0, 'failed again': 0, 'under way': 0 });
    expect(rows.find(({ job }) => job === 'j3')).toMatchObject({
      orderId: 'O3',
      userId: 'U3',
      result: 'sent',
      state: 'counted',
      stated: 350,
      minorUnits: 350,
      was: 'absent',
      now: 'same',
      before: expect.stringMatching(/^[0-9a-f]{64}$/),
      after: expect.stringMatching(/^[0-9a-f]{64}$/),
      changes: [{ path: 'items[0].price_per_unit', before: '"3,50"', after: '"3.50"' }],
      changed: 1,
    });
    expect(rows.find(({ job }) => job === 'j9')).toMatchObject({
      state: 'left',
      fault: { reason: 'unreadable' },
    });
    expect((await workers.read.global()).minorUnits).toBe(money.after);
    expect((await readReceipt(parts, run.id, 2)).rows).toHaveLength(2);
    // What is no longer known is not made up.
    for (const partition of parts.partitions.all) await redis.del(repairKeys(partition).repairs);
    expect((await readReceipt(parts, run.id, 0)).money).toEqual(money);
  });

  it('a receipt, and the run, tell of the other orders where nobody can read a row', async () => {
    await fail(workers, orders(6));
    const run = await begin();
    await drive(run);
    const redis = workers.redis.client();
    const places: Place[] = [];
    parts.redis.on(DAMAGED, (place: Place) => places.push(place));
    const written = await Promise.all(
      parts.partitions.all.map(async (each) => {
        const { rows } = runKeys(each, run.id);
        return Object.keys(await redis.hgetall(rows)).map((job) => ({ rows, job }));
      }),
    );
    const [bad] = written.flat();
    if (!bad) throw new Error('a run writes rows');
    const row = JSON.parse((await redis.hget(bad.rows, bad.job)) ?? '');
    const damages = [
      '{"result":',
      '5',
      'null',
      '[]',
      '{}',
      '',
      { ...row, changes: 5 },
      { ...row, identity: 'x' },
    ];
    for (const damage of damages) {
      const text = typeof damage === 'string' ? damage : JSON.stringify(damage);
      await redis.hset(bad.rows, bad.job, text);
      await redis.hset(runKey(run.id), { counts: text, excused: text });
      const { states, rows } = await readReceipt(parts, run.id, 100);
      expect([text, rows.length, states.counted]).toEqual([text, 5, 5]);
      expect((await now(run)).counts).toMatchObject({ sent: 6, ended: 6 });
      expect(await redis.hget(bad.rows, bad.job)).toBe(text);
    }
    expect(places).toContainEqual({ key: bad.rows, field: bad.job });
    // A repair that ends in the middle tells nothing, and takes nobody along.
    await redis.hset(bad.rows, bad.job, JSON.stringify(row));
    for (const each of parts.partitions.all) {
      const { repairs } = repairKeys(each);
      for (const [job, text] of Object.entries(await redis.hgetall(repairs)))
        await redis.hset(repairs, job, text.slice(0, -3));
    }
    expect((await readReceipt(parts, run.id, 100)).states.counted).toBe(6);
    await redis.del(bad.rows);
    await redis.set(bad.rows, 'x');
    expect((await readReceipt(parts, run.id, 100)).rows.length).toBeLessThan(6);
  });

  it('says of what counted unheard that the run brought it there, and not somebody else', async () => {
    await fail(workers, orders(3));
    await pauseQueues();
    const run = await begin();
    const driving = drive(run);
    await until(async () => (await now(run)).counts.sent === 3, 'all are sent');
    const { redis, rules } = parts;
    for (const n of [0, 1]) {
      const order = rules.parse(priced(n, n + 0.5), '2025-01-01T00:00:00Z');
      const home = parts.partitions.of(order.userId);
      const record = makeRecordOrder(redis, home, { retentionDays: 35 });
      // As when its worker died before it heard so; and as when another message of it came.
      await record(order, n === 0 ? queueKey(home, 'j0') : undefined);
    }
    await resumeQueues();
    await driving;
    const { money, states } = await readReceipt(parts, run.id, 0);
    expect(states).toMatchObject({ counted: 2, duplicate: 1 });
    expect(money).toEqual({ before: 0, repaired: 50 + 250, elsewhere: 150, after: 450 });
  });

  it('leaves alone what would fail again, and what is not meant', async () => {
    await fail(workers, [
      priced(1),
      priced(2, 'two'),
      priced(3, '3,5', { currency: 'EUR' }),
      priced(4, null),
    ]);
    const run = await begin({ where: { reason: 'wrong_type' } });
    await drive(run);
    expect(await now(run)).toMatchObject({
      state: 'done',
      orders: 3,
      counts: { sent: 1, left: 2, ended: 1 },
    });
    await indexed(workers, 3);
    expect((await starts()).sort()).toEqual([1, 1, 1, 2]);
    const edits = await Promise.all(
      parts.partitions.all.map((each) => workers.redis.client().hlen(repairKeys(each).edits)),
    );
    expect(edits).toEqual([0, 0]);
  });

  it('keeps every digit of what it does not name', async () => {
    await pauseQueues();
    await fail(workers, [], 0);
    const data =
      '{"order":{"order_id":820982911946154500,"user_id":"U1","order_value":1.5,"items":[{"product_id":"P","quantity":1,"price_per_unit":"1,50"}]},"exact":{"/order_id":"820982911946154508"},"message":{"id":"j0","sentAt":"2025-01-01T00:00:00Z"}}';
    const partition = parts.partitions.of('U1');
    await workers.queues.add(partition, [{ id: 'j0', data: JSON.parse(data) }]);
    await resumeQueues();
    await indexed(workers, 1);
    const run = await begin();
    await drive(run);
    const kept = await workers.redis.client().hget(repairKeys(partition).repairs, 'j0');
    expect(JSON.parse(kept as string)).toMatchObject({
      edits: [{ data: { exact: { '/order_id': '820982911946154508' } } }],
      outcome: { outcome: 'counted' },
    });
  });

  it('leaves alone what nobody can write, as a try has said, and sends the rest', async () => {
    await fail(workers, orders(20));
    const raw = JSON.stringify(priced(20)).replace('{', `{"deep":${'['.repeat(9_000)}${']'.repeat(9_000)},`);
    await workers.queues.add(workers.partitions.of('U6'), [
      {
        id: 'deep',
        data: { raw, message: { id: 'deep', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 } },
      },
    ]);
    await indexed(workers, 21);
    const why = 'it is nested too deep to be written again';
    expect((await tryRecipe(parts, {}, COMMA)).stillFail.reasons).toEqual([
      { reason: 'unreadable', path: '', orders: 1, example: why },
    ]);
    const run = await begin();
    await drive(run);
    expect(await now(run)).toMatchObject({ state: 'done', counts: { todo: 0, ended: 20, left: 1 } });
    const { rows } = await readReceipt(parts, run.id, 100);
    expect(rows.filter(({ state }) => state === 'left')).toMatchObject([{ job: 'deep', fault: { why } }]);
  });

  it('leaves alone what is no job, as a try has said, and sends the rest', async () => {
    await fail(workers, orders(12));
    const redis = workers.redis.client();
    const key = queueKey(parts.partitions.of('U3'), 'j3');
    await redis.del(key);
    await redis.set(key, 'of somebody else');
    const why = 'what stands in Redis under its key is no job: somebody else wrote it there';
    expect((await tryRecipe(parts, {}, COMMA)).stillFail.reasons).toEqual([
      { reason: 'unreadable', path: '', orders: 1, example: why },
    ]);
    const run = await begin();
    await drive(run);
    expect(await now(run)).toMatchObject({ state: 'done', counts: { todo: 0, ended: 11, left: 1 } });
    const { rows } = await readReceipt(parts, run.id, 100);
    expect(rows.filter(({ state }) => state === 'left')).toMatchObject([{ job: 'j3', fault: { why } }]);
  });

  it('writes nothing of a batch of which nothing is left to be sent', async () => {
    await fail(workers, orders(30));
    const [first, second] = [await begin(), await begin()];
    await drive(first);
    const redis = workers.redis.client();
    const before = (await auditTrail(redis)).length;
    await drive(second);
    expect(await now(second)).toMatchObject({ state: 'done', counts: { todo: 0, sent: 0, gone: 30 } });
    expect((await auditTrail(redis)).slice(before)).toMatchObject([
      { action: 'end run' },
      { action: 'end run' },
    ]);
  });

  it('asks what is to be sent before it sends any, so that no fault of a batch is heard by nobody', async () => {
    await fail(workers, orders(8));
    const run = await begin();
    const redis = workers.redis.client();
    let begun = false;
    const change = () => {
      begun = true;
      throw new Error('the audit log cannot be written');
    };
    let asked = 0;
    const slow = new Proxy(redis, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name !== 'zrange') return typeof value === 'function' ? value.bind(target) : value;
        return async (...args: Parameters<typeof redis.zrange>) => {
          asked += 1;
          for (let trip = 0; asked > 1 && trip < 50 && !begun; trip += 1) await redis.ping();
          expect(begun).toBe(false);
          return redis.zrange(...args);
        };
      },
    });
    const unheard = { ...parts, redis: slow, audit: { ...parts.audit, change } };
    await expect(driveRun(unheard, run.id, 'me', stopping.signal)).rejects.toThrow('the audit log');
    expect(asked).toBe(2);
  });

  it('repairs orders of some hundred kilobytes', async () => {
    const long = (n: number) => priced(n, `${n},50`, { note: 'x'.repeat(200_000) });
    await fail(workers, orders(30, long));
    const run = await begin();
    await drive(run);
    expect(await now(run)).toMatchObject({ state: 'done', counts: { sent: 30, ended: 30 } });
  });

  it('sends ten and looks before it sends the rest, and stops when too many of them fail again', async () => {
    await fail(workers, orders(50));
    // Rules that think better of the orders than those of the workers.
    const { parse } = parts.rules;
    const value = { product_id: 'P', quantity: 1, price_per_unit: 1 };
    const lenient = (order: unknown, at: string) =>
      parse({ ...(order as object), order_value: 1, items: [value] }, at);
    parts = { ...parts, rules: { ...parts.rules, parse: lenient } };
    const run = await begin({
      recipe: { version: 1, steps: [{ do: 'set', at: 'payment_method', value: 'x' }] },
    });
    await drive(run);
    expect(await now(run)).toMatchObject({
      state: 'stopped',
      why: '10 of 10 have failed again, more than 20 %',
      counts: { sent: 10, failed: 10, todo: 40 },
    });
    expect((await starts()).filter((count) => count === 2)).toHaveLength(10);
    await controlRun(parts, WHO, run.id, 'resume');
    await drive(run);
    expect(await now(run)).toMatchObject({ state: 'stopped' });
    expect((await now(run)).counts.sent).toBeLessThan(50);
    expect(Math.max(...(await starts()))).toBe(2);
  });

  it('is held, goes on and is given up as somebody says', async () => {
    await fail(workers, orders(40));
    await pauseQueues();
    const run = await begin();
    const driving = drive(run);
    await until(async () => (await now(run)).counts.sent === 10, 'ten are sent');
    expect(await controlRun(parts, WHO, run.id, 'pause')).toMatchObject({ state: 'paused' });
    await driving;
    await resumeQueues();
    await indexed(workers, 30);
    await drive(run);
    expect((await now(run)).counts.sent).toBe(10);
    await expect(controlRun(parts, WHO, run.id, 'pause')).rejects.toThrow('The run is paused.');
    await controlRun(parts, WHO, run.id, 'resume');
    await controlRun(parts, WHO, run.id, 'cancel');
    await drive(run);
    expect(await now(run)).toMatchObject({ state: 'cancelled', counts: { sent: 10, todo: 30 } });
    await expect(controlRun(parts, WHO, run.id, 'resume')).rejects.toThrow('The run is cancelled.');
    await expect(controlRun(parts, WHO, 'none', 'pause')).rejects.toThrow('There is no such run.');
  });

  it('says what became of all that it sent, of a batch too that was under way when it was given up', async () => {
    await fail(workers, orders(40));
    await pauseQueues();
    const run = await begin();
    let letGo = () => {};
    const heldUp = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isUnderWay = false;
    const slow: RunParts = {
      ...parts,
      audit: {
        ...parts.audit,
        async change(who, change, act) {
          isUnderWay = true;
          await heldUp;
          return parts.audit.change(who, change, act);
        },
      },
    };
    const driving = driveRun(slow, run.id, 'me', stopping.signal);
    await until(() => isUnderWay, 'a batch is under way');
    const cancelled = controlRun(parts, WHO, run.id, 'cancel');
    await until(async () => (await now(run)).state === 'cancelled', 'it is cancelled');
    letGo();
    expect((await cancelled).counts).toMatchObject({ sent: 10, underWay: 10, todo: 30 });
    await driving;
    await resumeQueues();
    await until(async () => (await now(run)).counts.underWay === 0, 'the ten have ended');
    expect((await now(run)).counts).toMatchObject({ sent: 10, ended: 10, todo: 30 });
    expect(await workers.read.global()).toMatchObject({ orders: 10 });
  });

  it('goes on in another process where one has left it, and sends none twice however many drive', async () => {
    await fail(workers, orders(120));
    const run = await begin();
    const first = new AbortController();
    const driving = driveRun(parts, run.id, 'first', first.signal);
    await until(async () => (await now(run)).counts.sent > 10, 'it is past the first ten');
    first.abort();
    await driving;
    const errors: Error[] = [];
    const drivers = [1, 2, 3].map(() =>
      startRunDrivers(
        parts,
        () => true,
        (error) => errors.push(error),
      ),
    );
    // And one that never heard that it lost its hold.
    const { todo } = runKeys(parts.partitions.all[0] as never, run.id);
    const late = await workers.redis.client().zrange(todo, 0, '49');
    await Promise.all([1, 2].map(() => sendBatch(parts, run, parts.partitions.all[0] as never, late)));
    await until(async () => (await now(run)).state === 'done', 'the run is done');
    await Promise.all(drivers.map((each) => each.stop()));
    expect(errors).toEqual([]);
    expect((await now(run)).counts).toMatchObject({ sent: 120, ended: 120, gone: 0 });
    expect(await starts()).toEqual(Array(120).fill(2));
    expect(await workers.read.global()).toMatchObject({ orders: 120 });
  });

  it('and another run of the same orders send each once between them', async () => {
    await fail(workers, orders(80));
    const [one, other] = [await begin(), await begin()];
    await Promise.all([drive(one, 'a'), drive(other, 'b')]);
    const [a, b] = [await now(one), await now(other)];
    expect(a.counts.sent + b.counts.sent).toBe(80);
    expect(a.counts.gone + b.counts.gone + a.counts.left + b.counts.left).toBe(80);
    expect(await starts()).toEqual(Array(80).fill(2));
    expect(await workers.read.global()).toMatchObject({ orders: 80 });
  });

  it('passes over what somebody else retried, edited or removed since it began', async () => {
    await fail(workers, orders(4));
    const run = await begin();
    const redis = workers.redis.client();
    const job = async (id: string) => {
      for (const queue of workers.queues.all) {
        const found = await queue.getJob(id);
        if (found) return found;
      }
      throw new Error(`no ${id}`);
    };
    await (await job('j0')).retry('failed');
    await until(async () => (await (await job('j0')).getState()) === 'failed', 'it has failed again');
    await (await job('j1')).remove();
    for (const partition of parts.partitions.all) await redis.hdel(queueKey(partition, 'j2'), 'data');
    await drive(run);
    expect((await now(run)).counts).toMatchObject({ sent: 1, gone: 3 });
  });

  it('sends nothing that cannot be written down', async () => {
    await fail(workers, orders(3));
    const run = await begin();
    await workers.redis.client().del('order-pipeline:audit');
    await workers.redis.client().set('order-pipeline:audit', 'something else');
    await expect(drive(run)).rejects.toThrow('the audit log cannot be written');
    expect((await now(run)).counts).toMatchObject({ todo: 3, sent: 0 });
    await expect(begin()).rejects.toThrow('the audit log cannot be written');
  });

  it('retries orders as they are without a recipe, and refuses to begin with none', async () => {
    await fail(workers, orders(3));
    await expect(begin({ where: { text: 'nowhere' } })).rejects.toThrow('No failed order is meant.');
    const run = await begin({ recipe: undefined, where: { jobs: ['j1', 'j9'] } });
    await drive(run);
    expect(await now(run)).toMatchObject({ orders: 1, counts: { left: 1, sent: 0 } });
  });

  it('whose beginner was killed before all was listed is ended by those who drive, and says so', async () => {
    await fail(workers, orders(20));
    const [first] = parts.partitions.all;
    const killed = Object.defineProperty({ ...first }, 'tag', {
      get() {
        throw new Error('killed');
      },
    });
    const dying = { ...parts, partitions: { ...parts.partitions, all: [first, killed] } } as RunParts;
    await expect(beginRun(dying, WHO, WANTED, 'r1')).rejects.toThrow('killed');
    const redis = workers.redis.client();
    await redis.set(runDriverKey('r1'), 'whoever was killed', 'PX', 300);
    expect(await listRuns(parts, 10)).toMatchObject([{ id: 'r1', state: 'preparing' }]);
    await expect(beginRun(parts, WHO, WANTED, 'r1')).rejects.toThrow('There is a run of that id already.');
    const drivers = startRunDrivers(
      parts,
      () => true,
      (error) => {
        throw error;
      },
    );
    const ended = () => readRun(parts, 'r1') as Promise<Run>;
    await until(async () => (await ended()).state === 'cancelled', 'it is ended');
    await drivers.stop();
    expect(await ended()).toMatchObject({
      why: expect.stringContaining('begin it again'),
      counts: { todo: 0, sent: 0 },
    });
    expect((await auditTrail(redis)).at(-1)).toMatchObject({ action: 'end run', run: 'r1', result: 'done' });
    expect(await redis.keys('*:run:r1:*')).toEqual([]);
    expect(await begin()).toMatchObject({ state: 'running', orders: 20 });
  });

  it('without a rate sends while few others wait, and else a few a second', async () => {
    await pauseQueues();
    const room = (lastSent = Date.now()) => roomInQueues(parts, lastSent);
    expect(await room()).toBe(50);
    for (let n = 0; n < 20; n += 1) await workers.add(`f${n}`, priced(n, n + 0.5));
    expect(await room()).toBe(30);
    for (let n = 20; n < 60; n += 1) await workers.add(`f${n}`, priced(n, n + 0.5));
    expect(await room()).toBeLessThanOrEqual(0);
    expect(await room(0)).toBe(10);
  });

  it('is dated by the clock of Redis, and nothing of others is forgotten by a process of another year', async () => {
    await fail(workers, orders(2));
    const began = Date.now();
    const first = await begin();
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...args: []) {
        super(...((args.length === 0 ? [RealDate.now() + 800 * 86_400_000] : args) as []));
      }
      static override now = () => RealDate.now() + 800 * 86_400_000;
    } as DateConstructor;
    const second = await begin()
      .then(async (run) => {
        for (const each of [first, run]) await drive(each);
        return run;
      })
      .finally(() => {
        globalThis.Date = RealDate;
      });
    expect((await listRuns(parts, 10)).map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    const times = [
      ...(await listRuns(parts, 10)).flatMap(({ at, endedAt = '' }) => [at, endedAt]),
      ...(await auditTrail(workers.redis.client())).map(({ at }) => at),
    ].map((time) => Date.parse(time) - began);
    expect([Math.min(...times) > -1_000, Math.max(...times) < 60_000]).toEqual([true, true]);
  });

  it('keeps to a rate', async () => {
    await fail(workers, orders(20));
    const run = await begin({ rate: 50 });
    const began = performance.now();
    await drive(run);
    expect((await now(run)).counts.sent).toBe(20);
    expect(performance.now() - began).toBeGreaterThanOrEqual(300);
  });
});
