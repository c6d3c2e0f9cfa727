import { beforeEach, describe, expect, it } from '@jest/globals';
import { run as verify } from '../../src/cli/verify/run.ts';
import { identityOf } from '../../src/orders/identity.ts';
import type { Order } from '../../src/orders/order.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { archivingRecorder, historyRig, partition } from './rig.ts';

describe('verify --history', () => {
  const rig = historyRig({ isClaimed: true });
  beforeEach(async () => {
    await rig.archive();
  });

  const many = (count: number, from = 0): Order[] =>
    Array.from({ length: count }, (_, index) => {
      const at = from + index;
      const day = `2025-0${1 + (at % 7)}-15`;
      return order({ orderId: `O${at}`, userId: `U${at % 41}`, minorUnits: 100 + at, day });
    });
  const keys = statsKeys(partition);
  /** What verify says without the history: nobody but the history knows of an order that counted again. */
  const AGAIN = ['orders in the ledger = global', 'differs', undefined];
  const forget = async (one: Order) => {
    for (const bucket of await rig.redis.keys(`${keys.ledger}:1:*`))
      await rig.redis.hdel(bucket, identityOf(one));
    await rig.redis.hincrby(keys.ledger, 'size', -1);
  };
  const run = async () => {
    const { code, stdout, stderr } = await runCommand(verify, '--history --json', {
      REDIS_URL: rig.server.url,
      DATABASE_URL: rig.postgres.url(rig.target),
    });
    if (stdout === '') throw new Error(`verify says nothing but: ${stderr}`);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; verdict: string; note?: string }[] };
    const wrong = checks.filter(
      ({ verdict, name }) => verdict !== 'ok' && /history|in the ledger/.test(name),
    );
    return { code, wrong: wrong.map(({ name, verdict, note }) => [name, verdict, note]) };
  };

  it('finds the two alike, also with orders that counted again, and while others count', async () => {
    const record = archivingRecorder(rig.redis);
    await endings(record, many(500));
    // Until then there may be no schema that verify knows: the archiver is at it.
    await rig.archived();
    // The ledger has forgotten an order, as it does beyond its window.
    await forget(many(1)[0] as Order);
    expect(await endings(record, many(1))).toEqual(['counted']);
    let counting = true;
    const meanwhile = (async () => {
      for (let at = 500; counting && at < 2_000; at += 20) await endings(record, many(20, at));
    })();
    const { wrong } = await run();
    counting = false;
    await meanwhile;
    expect(wrong.filter(([, verdict]) => verdict === 'differs')).toEqual([AGAIN]);
    await rig.archived();
    expect((await run()).wrong).toEqual([AGAIN]);
  });

  it('names the user, the day and the order that differ', async () => {
    await endings(archivingRecorder(rig.redis), many(300));
    await rig.archived();
    expect(await run()).toEqual({ code: 0, wrong: [] });
    await rig.redis.hincrby(keys.user('U7'), 'total_spend', 5);
    await rig.redis.hincrby(keys.days, '2025-03-15:revenue', 7);
    const [bucket = ''] = (await rig.redis.keys(`${keys.ledger}:1:*`)).sort();
    const [entry] = (await rig.redis.callBuffer('HKEYS', bucket)) as Buffer[];
    await rig.redis.hdel(bucket, entry as Buffer);
    const lost = many(300).find((one) => identityOf(one).equals(entry as Buffer)) as Order;
    const { code, wrong } = await run();
    expect(code).toBe(1);
    expect(wrong).toEqual(
      expect.arrayContaining([
        ['days right in the history', 'differs', '2025-03-15'],
        ['users right in the history', 'differs', 'U7'],
        ['orders of the history in the ledger', 'differs', `${lost.orderId} of ${lost.userId}`],
      ]),
    );
  });

  it('says what waits when nobody archives, and what one of the two alone has', async () => {
    const record = archivingRecorder(rig.redis);
    await endings(record, many(50));
    await rig.archived();
    const client = await rig.postgres.client(rig.target);
    await client.query(`DELETE FROM history.orders WHERE user_id = 'U3'`);
    await client.end();
    const { wrong } = await run();
    expect(wrong).toEqual(
      expect.arrayContaining([
        ['orders in the history = global', 'differs', undefined],
        ['users in the history', 'differs', 'U3'],
        ['entries of the ledger in the history', 'differs', undefined],
      ]),
    );
  });
});
