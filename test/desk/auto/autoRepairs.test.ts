import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { startAutoDriver } from '../../../src/desk/auto/autoDriver.ts';
import {
  type AutoRepair,
  type AutoWanted,
  declareAutoRepair,
  listAutoRepairs,
  removeAutoRepair,
} from '../../../src/desk/auto/autoRepairs.ts';
import { sentWithin } from '../../../src/desk/auto/budget.ts';
import { readReceipt } from '../../../src/desk/runs/receipt.ts';
import { startRunDrivers } from '../../../src/desk/runs/runDrivers.ts';
import { listRuns, type RunParts } from '../../../src/desk/runs/runs.ts';
import { removeRecipe, saveRecipe } from '../../../src/desk/saved/savedRecipes.ts';
import { readCauses } from '../../../src/queue/failures/readCauses.ts';
import { Troubles } from '../../../src/runtime/troubles.ts';
import { AUTO_REPAIRS_KEY } from '../../../src/store/keys.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { until } from '../../support/until.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { COMMA, fail, indexed, partsOf, priced } from '../runs/failing.ts';

const WHO = { kind: 'user', name: 'anna', address: '192.0.2.7' } as const;
const NO_HELP = { version: 1 as const, steps: [{ do: 'set' as const, at: 'payment_method', value: 'x' }] };

describe('a recipe that stands for a cause', () => {
  let workers: TestWorkers;
  let parts: RunParts;
  let cause: string;
  let running: { stop(): Promise<void> }[];
  let errors: Error[];
  const troubles = new Troubles();

  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
    running = [];
    errors = [];
    const redis = workers.redis.client();
    const audit = makeAuditLog(redis, { retentionDays: 400 });
    parts = { ...partsOf(workers), audit, auditRetentionDays: 400 };
    await saveRecipe(parts, WHO, { name: 'comma', recipe: COMMA, because: 'every month' });
    await fail(workers, orders(3));
    cause = (await readCauses(redis, parts.partitions.all))[0]?.id as string;
  });
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop()));
    await workers.stop();
    expect(errors).toEqual([]);
  });

  const orders = (count: number) => Array.from({ length: count }, (_, n) => priced(n));
  /** More of the cause, named j3, j4, … */
  const failMore = (count: number, refused: number) =>
    fail(
      workers,
      Array.from({ length: count }, (_, n) => priced(3 + n)),
      refused,
      3,
    );
  const declare = (wanted: Partial<AutoWanted> = {}) =>
    declareAutoRepair(parts, WHO, {
      ...{ cause, recipeName: 'comma', orders: 'all', because: 'ticket 7', perHour: 100, perDay: 100 },
      ...wanted,
    });
  const startProcess = () => {
    const tell = (error: Error) => errors.push(error);
    const times = { lookEveryMs: 50, restMs: 0 };
    const all = [
      startAutoDriver({ ...parts, troubles, ...times }, () => true, tell),
      startRunDrivers(parts, () => true, tell),
    ];
    running.push(...all);
    return { stop: () => Promise.all(all.map((each) => each.stop())) };
  };
  const standing = async () => (await listAutoRepairs(parts.redis))[0] as AutoRepair;
  const counted = (count: number) =>
    until(async () => (await workers.read.global()).orders === count, `${count} have counted`);
  const starts = async () => {
    const keys = (await parts.redis.keys('*:orders:j*')).filter((key) => /:j\d+$/.test(key));
    return Promise.all(keys.map(async (key) => Number(await parts.redis.hget(key, 'ats'))));
  };

  it('repairs what fails after it was declared, in the name of who declared it, and leaves the rest', async () => {
    expect(await declare({ orders: 'new' })).toMatchObject({
      ...{ cause, recipeName: 'comma@1', by: WHO, state: 'standing', reason: 'wrong_type' },
    });
    await failMore(4, 7);
    startProcess();
    await counted(4);
    await until(async () => (await standing()).tried === 4, 'it knows');
    expect(await standing()).toMatchObject({ counted: 4, ended: [[4, 0]], state: 'standing' });
    await indexed(workers, 3);
    const [run, ...others] = await listRuns(parts, 10);
    expect(others).toEqual([]);
    const auto = { kind: 'auto', name: 'anna' };
    expect(run).toMatchObject({
      ...{ who: auto, state: 'done', rate: 20, recipeName: 'comma@1' },
      reason: `comma@1 for cause ${cause}: ticket 7`,
    });
    expect((await readReceipt(parts, run?.id as string, 10)).states).toMatchObject({ counted: 4 });
    const trail = (await auditTrail(parts.redis)) as { action: string; phase: string; who: object }[];
    expect(trail.filter(({ action }) => action === 'add auto-repair')).toMatchObject([
      { who: WHO, filter: `comma@1 for cause ${cause}`, reason: 'ticket 7' },
      { who: WHO, result: 'done' },
    ]);
    const ofRun = trail.filter((each) => 'run' in each);
    expect(ofRun.map(({ who }) => who)).toEqual(ofRun.map(() => auto));
    expect(new Set(ofRun.map(({ action, phase }) => `${action} ${phase}`))).toEqual(
      new Set(['repair', 'repair batch', 'end run'].flatMap((each) => [`${each} intent`, `${each} outcome`])),
    );
  });

  it('keeps to its budget, of orders and of money, whoever declares it anew', async () => {
    // Of one price, so that it does not matter which of them failed first.
    const alike = Array.from({ length: 20 }, (_, n) => priced(3 + n, '5,50', { order_value: 5.5 }));
    await fail(workers, alike, 23, 3);
    await declare({ perHour: 12 });
    startProcess();
    await until(async () => (await standing()).tried === 12, 'it has tried as many as it may');
    await indexed(workers, 11);
    await removeAutoRepair(parts, WHO, { cause, because: 'enough' });
    expect(await listAutoRepairs(parts.redis)).toEqual([]);
    expect(await parts.redis.keys(`${AUTO_REPAIRS_KEY}:tried*`)).toEqual([]);
    await expect(removeAutoRepair(parts, WHO, { cause, because: 'x' })).rejects.toThrow('No recipe stands');
    // What was sent before counts: 0.50, 1.50, 2.50, and nine of 5.50.
    await declare({ moneyPerDay: 6_600 });
    await until(async () => (await standing()).tried === 2, 'two more');
    expect(sentWithin((await standing()).spent, 24, Date.now())).toEqual({ orders: 14, minorUnits: 6_500 });
    expect(await starts()).toHaveLength(23);
    expect((await starts()).filter((each) => each === 2)).toHaveLength(14);
  });

  it('stops where it does not help, and says so until somebody removes it', async () => {
    await failMore(12, 15);
    await saveRecipe(parts, WHO, { name: 'useless', recipe: NO_HELP, because: 'x' });
    await declare({ recipeName: 'useless' });
    startProcess();
    await until(async () => (await standing()).state === 'stopped', 'it has stopped');
    const why = 'of the last 15 orders 15 failed again, would have, or were duplicates, more than 20 %';
    expect(await standing()).toMatchObject({ why, tried: 15, counted: 0 });
    expect(await listRuns(parts, 10)).toEqual([]);
    const reason = `the recipe useless@1 for cause ${cause} has stopped by itself: ${why}`;
    await until(async () => troubles.current.length === 1, 'it is told of');
    expect(troubles.current).toMatchObject([{ what: 'auto-repair', reason }]);
    expect((await auditTrail(parts.redis)).slice(-2)).toMatchObject([
      { phase: 'intent', action: 'stop auto-repair', who: { kind: 'auto', name: 'anna' }, reason: why },
      { phase: 'outcome', result: 'done' },
    ]);
    // Declared anew it stands, and what the other one tried has its turn.
    await expect(declare()).resolves.toMatchObject({ recipeName: 'comma@1', tried: 0 });
    await expect(declare()).rejects.toThrow(`comma@1 for cause ${cause} stands already: remove it first.`);
    await counted(15);
    await until(async () => troubles.current.length === 0, 'it is told of no more');
  });

  it('tries no order twice, although it fails again', async () => {
    const { parse } = parts.rules;
    const value = { product_id: 'P', quantity: 1, price_per_unit: 1 };
    // Rules that think better of the orders than those of the workers.
    const lenient = (order: unknown, at: string) =>
      parse({ ...(order as object), order_value: 1, items: [value] }, at);
    parts = { ...parts, rules: { ...parts.rules, parse: lenient } };
    await saveRecipe(parts, WHO, { name: 'useless', recipe: NO_HELP, because: 'x' });
    await declare({ recipeName: 'useless' });
    startProcess();
    await until(async () => (await standing()).tried === 3, 'three are tried');
    await failMore(7, 10);
    await until(async () => (await standing()).state === 'stopped', 'it has stopped');
    expect(await standing()).toMatchObject({ tried: 10, counted: 0 });
    expect(await starts()).toEqual(Array(10).fill(2));
  });

  it('goes on in another process, and sends each order once however many there are', async () => {
    await failMore(37, 40);
    await declare();
    const first = startProcess();
    await until(async () => (await workers.read.global()).orders >= 10, 'some have counted');
    await first.stop();
    startProcess();
    startProcess();
    await counted(40);
    await until(async () => (await standing()).tried === 40, 'all are known of');
    expect(await standing()).toMatchObject({ counted: 40, ended: [[40, 0]] });
    expect(await starts()).toEqual(Array(40).fill(2));
    expect(await listRuns(parts, 10)).toHaveLength(1);
  });

  it('stops with the saved recipe, and its run is cancelled with it', async () => {
    await declare({ orders: 'new' });
    await removeRecipe(parts, WHO, { name: 'comma', because: 'old' });
    startProcess();
    await until(async () => (await standing()).state === 'stopped', 'it has stopped');
    expect((await standing()).why).toBe('No recipe is saved as comma@1.');
    await saveRecipe(parts, WHO, { name: 'comma', recipe: COMMA, because: 'again' });
    await failMore(37, 40);
    await declare();
    await until(async () => (await listRuns(parts, 1)).length === 1, 'it has begun a run');
    await removeAutoRepair(parts, WHO, { cause, because: 'enough' });
    expect(await listRuns(parts, 10)).toMatchObject([{ state: 'cancelled' }]);
  });

  it('is declared for a cause that orders fail for, by a recipe that is saved', async () => {
    await expect(declare({ cause: '0000000000' })).rejects.toThrow('No order fails for such a cause now.');
    await expect(declare({ recipeName: 'comma@2' })).rejects.toThrow('No recipe is saved as comma@2.');
    expect(await listAutoRepairs(parts.redis)).toEqual([]);
  });
});
