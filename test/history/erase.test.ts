import { beforeEach, describe, expect, it } from '@jest/globals';
import { run as erase } from '../../src/cli/erase/run.ts';
import { run as rebuild } from '../../src/cli/rebuild/run.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { digestOf, identityOf } from '../../src/orders/identity.ts';
import type { Order } from '../../src/orders/order.ts';
import { lookInLedger } from '../../src/stats/read/lookInLedger.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { renameUser } from '../../src/stats/renameUser.ts';
import { AUDIT_KEY } from '../../src/store/keys.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { startTestRedis } from '../support/redis.ts';
import { archivingRecorder, historyRig, partition, partitions } from './rig.ts';

describe('erase', () => {
  const rig = historyRig({ isClaimed: true });
  beforeEach(async () => {
    await rig.archive();
    await endings(archivingRecorder(rig.redis, { addresses: true }), many(200));
    await rig.archived();
  });

  const many = (count: number, from = 0): Order[] =>
    Array.from({ length: count }, (_, index) => {
      const at = from + index;
      return order({
        orderId: `O${at}`,
        userId: `ANNA${at % 9}`,
        minorUnits: 100 + at,
        day: `2025-0${1 + (at % 7)}-15`,
        shippingAddress: `${at} High Street`,
      });
    });
  const at = (url = rig.server.url) => ({
    ...rig.env(),
    REDIS_URL: url,
    USER_DETAIL_DAYS: '4000',
  });
  const all = async (of = rig.redis) => {
    const stats = makeReadStats(of, partitions);
    const range = { startDay: '2025-02-10', endDay: '2025-06-20' };
    return {
      global: await stats.global(),
      spent: (await stats.topSpenders(20)).map(({ minorUnits }) => minorUnits),
      inRange: (await stats.usersInRange(range, 20)).users.map(({ orders, minorUnits }) => [
        orders,
        minorUnits,
      ]),
    };
  };

  it('takes the person out of both stores and leaves every sum; what is sent again is known', async () => {
    const before = await all();
    expect(await runCommand(erase, ['--user', ' anna3 '], at())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The user is ERASED-[0-9A-F]{16} now, with 22 orders in the history\n$/),
    });
    expect(await all()).toEqual(before);
    // The stream keeps its last archived entry until the next one is archived.
    const record = archivingRecorder(rig.redis, { addresses: true });
    expect(await endings(record, [...many(4), ...many(1, 200)])).toEqual([
      ...Array(4).fill('duplicate'),
      'counted',
    ]);
    await rig.archived();
    const client = await rig.postgres.client(rig.target);
    const { rows } =
      await client.query(`SELECT row_to_json(o)::text AS text FROM history.orders o WHERE user_id LIKE 'ERASED%'
      UNION ALL SELECT row_to_json(o)::text FROM history.orders o WHERE user_id = 'ANNA3'`);
    await client.end();
    expect(rows).toHaveLength(22);
    expect(JSON.stringify(rows)).not.toMatch(/ANNA|Street/);
    expect((await rig.redis.keys('*')).filter((key) => key.includes('ANNA3'))).toEqual([]);
    expect(JSON.stringify(await rig.redis.xrange(AUDIT_KEY, '-', '+'))).not.toContain('ANNA3');
    expect(await rig.redis.xlen(AUDIT_KEY)).toBe(2);
    expect(await runCommand(verify, '--history', at())).toMatchObject({ code: 0 });

    const second = await startTestRedis();
    expect(await runCommand(rebuild, '--from-history', at(second.url))).toMatchObject({ code: 0 });
    expect(await all(second.client())).toEqual(await all());
    const entries = many(200).map((one) => ({ identity: identityOf(one), digest: digestOf(one) }));
    const known = await lookInLedger(second.client(), partition, entries, { retentionDays: 35 });
    await second.stop();
    expect(new Set(known)).toEqual(new Set(['same']));
  });

  it('goes on where it was stopped, and says when there is nobody of that name', async () => {
    expect(await renameUser(rig.redis, partition, 'ANNA3', 'ERASED-0')).toMatchObject({ name: 'ERASED-0' });
    expect(await runCommand(erase, '--user anna3', at())).toMatchObject({
      code: 0,
      stdout: 'The user is ERASED-0 now, with 22 orders in the history\n',
    });
    // Who was begun before, by somebody else, is ended first.
    await renameUser(rig.redis, partition, 'ANNA4', 'ERASED-1');
    expect((await runCommand(erase, '--user anna5', at())).code).toBe(0);
    expect(await makeReadStats(rig.redis, partitions).user('ERASED-1')).toMatchObject({ orders: 22 });
    expect(await runCommand(verify, '--history', at())).toMatchObject({ code: 0 });
    expect(await runCommand(erase, '--user nobody', at())).toMatchObject({
      code: 2,
      stderr: 'no order of "nobody" has counted\n',
    });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['is on and nowhere', { HISTORY: 'on' }, /HISTORY=on needs DATABASE_URL/],
    ['has an address that is none', { DATABASE_URL: 'localhost:5432' }, /DATABASE_URL must be a URL/],
    [
      'may be meant by a name that nothing reads',
      { NODE_ENV: 'production', DATABSE_URL: 'postgres://a:b@127.0.0.1/c' },
      /nothing reads DATABSE_URL: is DATABASE_URL meant\?/,
    ],
    ['was kept, and is named by nothing', {}, /orders of this Redis were archived: set DATABASE_URL/],
  ])('touches nobody while the history %s', async (_, history, why) => {
    const env = { REDIS_URL: rig.server.url, ...history };
    expect(await runCommand(erase, '--user anna3', env)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(why),
    });
    expect(await makeReadStats(rig.redis, partitions).user('ANNA3')).toMatchObject({ orders: 22 });
  });

  it('does without a history that is said to be off', async () => {
    expect(
      await runCommand(erase, '--user anna3', { REDIS_URL: rig.server.url, HISTORY: 'off' }),
    ).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The user is ERASED-[0-9A-F]{16} now\n$/),
    });
  });
});
