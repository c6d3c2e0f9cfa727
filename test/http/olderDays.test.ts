import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { archiving, archivingRecorder, partition, partitions, untilArchived } from '../history/rig.ts';
import { endings, order } from '../stats/recording.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

describe("a user's days that Redis has dropped", () => {
  let postgres: TestPostgres;
  let server: TestRedis;
  let pipeline: TestPipeline;
  const reads = [
    '/users/U1/stats?start_date=2019-03-02&end_date=2019-05-20',
    '/stats/by-date?start_date=2019-03-02&end_date=2019-05-20&user_id=U1',
    ...['day', 'week', 'month', 'quarter'].map(
      (granularity) =>
        `/stats/series?granularity=${granularity}&start_date=2019-03-02&end_date=2019-05-20&user_id=U1`,
    ),
  ];
  const ask = async (path: string) => {
    const response = await pipeline.get(path);
    return { status: response.status, body: await response.json() };
  };

  beforeAll(async () => {
    postgres = await startTestPostgres();
    server = await startTestRedis();
    const [redis, target] = [server.client(), await postgres.database()];
    await claimPartitions(redis, 1);
    pipeline = await startPipeline(
      { DATABASE_URL: postgres.url(target), USER_DETAIL_DAYS: '4000' },
      { role: 'api', redis: server },
    );
    const archiver = await archiving(server.client(), target);
    const orders = Array.from({ length: 120 }, (_, at) =>
      order({
        orderId: `O${at}`,
        userId: `U${at % 3}`,
        minorUnits: 100 + at,
        day: `2019-0${2 + (at % 5)}-${10 + (at % 17)}`,
      }),
    );
    await endings(archivingRecorder(redis), orders);
    await untilArchived(redis, postgres, target, partitions);
    await archiver.stop();
  });
  afterAll(async () => {
    await pipeline.stop();
    await server.stop();
    await postgres.stop();
  });

  it('are answered from the history as Redis answered them; a 503 while PostgreSQL is away', async () => {
    const before = await Promise.all(reads.map(ask));
    expect(before.map(({ status }) => status)).toEqual(reads.map(() => 200));
    await forgetDetail(server.client(), partition, '2020-01-01');
    expect(await Promise.all(reads.map(ask))).toEqual(before);
    expect(await ask('/users/NOBODY/stats?start_date=2019-03-02&end_date=2019-05-20')).toMatchObject({
      status: 404,
    });
    // What is no single user's is not looked for there.
    expect(await ask('/stats/top-spenders?start_date=2019-03-02&end_date=2019-05-20')).toMatchObject({
      status: 400,
    });
    process.kill(postgres.pid(), 'SIGKILL');
    // What it had begun for others outlives it by a moment, and answers.
    await until(async () => (await ask(reads[0] as string)).status !== 200, 'PostgreSQL is gone');
    expect(await ask(reads[0] as string)).toMatchObject({
      status: 503,
      body: { type: '/problems/history-unavailable' },
    });
    expect(await ask('/users/U1/stats')).toMatchObject({ status: 200 });
    await postgres.restart();
    expect(await ask(reads[0] as string)).toEqual(before[0]);
  });
});
