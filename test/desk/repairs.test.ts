import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import type { Repair } from '../../src/queue/repairs.ts';
import { repairKeys } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { boardOf } from '../support/board.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const PASSWORD = `Basic ${Buffer.from('anna:secret').toString('base64')}`;
/** What an edit of it stores: the data with the number of the edit. */
const stored = (data: Record<string, unknown>, edits: number) => ({
  ...data,
  message: { ...(data.message as object), edits },
});
const sha256 = (data: unknown) => createHash('sha256').update(JSON.stringify(data)).digest('hex');

describe('an order that is edited and retried', () => {
  const partitions = makePartitions(2);
  const names = ['partition 0: orders', 'partition 1: orders'];
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2', ADMIN_USER: 'anna', ADMIN_PASSWORD: 'secret' });
  });
  afterAll(() => pipeline.stop());

  /** The board as somebody signed in sees it. */
  const boardAs = (authorization: string) => {
    const get: TestPipeline['get'] = (path, init) =>
      pipeline.get(path, { ...init, headers: { ...(init?.headers as object), authorization } });
    return boardOf({ ...pipeline, get, json: async (path) => (await get(path)).json() as never });
  };
  const userOf = (partition: number) => {
    for (let n = 0; ; n += 1) if (partitions.of(`USER${n}`).index === partition) return `USER${n}`;
  };
  const keptOf = async (index: number, key: 'edits' | 'repairs', id: string) => {
    const text = await pipeline.redis.client().hget(repairKeys(partitions.all[index] as Partition)[key], id);
    return text === null ? undefined : (JSON.parse(text) as Repair);
  };
  const trailOf = async (id: string) =>
    (await auditTrail(pipeline.redis.client())).filter(({ job }) => job === id);
  const refused = async (order: Record<string, unknown>) => {
    const find = async () =>
      (await pipeline.failed()).find(
        ({ data }) => (data.order as { order_id: string }).order_id === order.order_id,
      );
    await pipeline.send(order);
    await until(async () => (await find()) !== undefined, 'it is refused');
    const job = await find();
    return { id: job?.id as string, data: job?.data as unknown as Record<string, unknown> };
  };

  it('keeps what was sent beside it, and as a repair once it counted, with who edited it to what', async () => {
    const user = userOf(0);
    const { id, data } = await refused(anOrder({ order_id: 'R1', user_id: user, order_value: 1 }));
    const board = boardAs(PASSWORD);
    const first = { ...data, order: { ...(data.order as object), order_value: 2 } };
    const second = { ...data, order: { ...(data.order as object), order_value: 2000 } };
    expect(await board.edit(names[0] as string, id, first)).toBe(200);
    expect(await keptOf(0, 'edits', id)).toMatchObject({
      original: data,
      edits: [{ data: stored(first, 1) }],
    });
    expect(await board.edit(names[0] as string, id, stored(second, 1))).toBe(200);
    expect(await board.retry(names[0] as string, id)).toBe(204);
    await until(async () => (await keptOf(0, 'repairs', id)) !== undefined, 'the repair is kept');
    const [before, after] = [sha256(stored(first, 1)), sha256(stored(second, 2))];
    const by = { kind: 'user', name: 'anna', address: '127.0.0.1' };
    expect(await keptOf(0, 'repairs', id)).toEqual({
      original: data,
      failedReason: expect.stringMatching(/^order_value_mismatch/),
      edits: [
        { at: expect.any(String), by, before: sha256(data), after: before, data: stored(first, 1) },
        { at: expect.any(String), by, before, after, data: stored(second, 2) },
      ],
      outcome: { at: expect.any(String), outcome: 'counted' },
    });
    expect(await keptOf(0, 'edits', id)).toBeUndefined();
    expect(await pipeline.json(`/users/${user}/stats`)).toMatchObject({ order_count: 1, total_spend: 2000 });

    const common = { at: expect.any(String), who: by, partition: 0, job: id };
    const of = expect.any(String);
    expect((await trailOf(id)).slice(2)).toEqual([
      { ...common, phase: 'intent', action: 'edit', before, after },
      { ...common, phase: 'outcome', action: 'edit', before, after, of, result: 'done' },
      { ...common, phase: 'intent', action: 'retry', before: after },
      { ...common, phase: 'outcome', action: 'retry', before: after, of, result: 'done' },
    ]);
  });

  it('names the key of a program', async () => {
    const store = new KeyStore(pipeline.redis.client());
    const { id: keyId, key } = await store.create({ name: 'repairs', role: 'admin' }, Date.now());
    const { id, data } = await refused(anOrder({ order_id: 'R2', user_id: userOf(0), order_value: 1 }));
    expect(await boardAs(`Bearer ${key}`).edit(names[0] as string, id, data)).toBe(200);
    expect((await trailOf(id))[0]?.who).toEqual({ kind: 'key', name: keyId, address: '127.0.0.1' });
  });

  it('keeps it where it was edited when it counts in another partition', async () => {
    const [wrong, right] = [userOf(0), userOf(1)];
    const { id, data } = await refused(anOrder({ order_id: 'R3', user_id: wrong, order_value: 1 }));
    const order = { ...(data.order as object), user_id: right, order_value: 2000 };
    const board = boardAs(PASSWORD);
    await board.edit(names[0] as string, id, { ...data, order });
    await board.retry(names[0] as string, id);
    await until(async () => (await keptOf(0, 'repairs', id)) !== undefined, 'the repair is kept');
    expect(await keptOf(0, 'repairs', id)).toMatchObject({
      original: data,
      outcome: { outcome: 'moved', to: 1, job: `${id}~1` },
    });
    await until(async () => (await pipeline.get(`/users/${right}/stats`)).status === 200, 'it counts');
  });

  it('keeps its edits beside it while it goes on failing', async () => {
    const { id, data } = await refused(anOrder({ order_id: 'R4', user_id: userOf(0), order_value: 1 }));
    const board = boardAs(PASSWORD);
    await board.edit(names[0] as string, id, {
      ...data,
      order: { ...(data.order as object), order_value: 3 },
    });
    await board.retry(names[0] as string, id);
    await until(async () => (await board.state(names[0] as string, id)) === 'failed', 'it fails again');
    expect(await keptOf(0, 'edits', id)).toMatchObject({ original: data, edits: [{}] });
    expect(await keptOf(0, 'repairs', id)).toBeUndefined();
  });

  it('takes an order of 200 kB, and none that a message could not have', async () => {
    const { id, data } = await refused(anOrder({ order_id: 'R5', user_id: userOf(0), order_value: 1 }));
    const board = boardAs(PASSWORD);
    const noted = (length: number) => ({
      ...data,
      order: { ...(data.order as object), order_value: 2000, note: 'ü'.repeat(length) },
    });
    expect(await board.edit(names[0] as string, id, noted(140_000))).toBe(413);
    expect(await board.edit(names[0] as string, id, noted(100_000))).toBe(200);
    await board.retry(names[0] as string, id);
    await until(async () => (await keptOf(0, 'repairs', id)) !== undefined, 'the repair is kept');
    expect(await keptOf(0, 'repairs', id)).toMatchObject({ outcome: { outcome: 'counted' } });
  });

  it('lets one of two win who edit the same order at once, and tells the other', async () => {
    const { id, data } = await refused(anOrder({ order_id: 'R6', user_id: userOf(0), order_value: 1 }));
    const board = boardAs(PASSWORD);
    const edits = [1, 2, 3, 4, 5].map((value) => ({
      ...data,
      order: { ...(data.order as object), order_value: value },
    }));
    const answers = await Promise.all(edits.map((edit) => board.edit(names[0] as string, id, edit)));
    const kept = await keptOf(0, 'edits', id);
    expect(kept?.original).toEqual(data);
    expect(kept?.edits).toHaveLength(answers.filter((status) => status === 200).length);
    expect(answers.every((status) => status === 200 || status === 409)).toBe(true);
    const job = (await pipeline.failed()).find((each) => each.id === id);
    expect(job?.data).toEqual(kept?.edits.at(-1)?.data);
  });
});
