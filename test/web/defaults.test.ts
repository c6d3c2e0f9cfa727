import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Operation, operationsOf, readApi } from '../../src/web/docs/apiDocument.ts';
import { makeSettings } from '../../src/web/docs/settings.ts';
import { makeTrial } from '../../src/web/docs/trial.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

describe('a form that nobody filled in', () => {
  let postgres: TestPostgres;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    pipeline = await startPipeline({ DATABASE_URL: postgres.url(await postgres.database()) });
  });
  afterAll(async () => {
    await pipeline?.stop();
    await postgres?.stop();
  });

  const trials = async () => {
    const { tags } = readApi(await pipeline.json('/openapi.json'));
    const settings = makeSettings(false);
    // What needs a body has no form, of the desk's orders and runs there is none yet, and of one order nobody guesses the id.
    const hasForm = ({ method, path }: Operation) =>
      method === 'GET' && !/^\/desk\/.*[{]|[{]order_id/.test(path);
    return operationsOf({ summary: '', description: '', tags })
      .filter(hasForm)
      .map((operation) => ({
        id: operation.id,
        trial: makeTrial(operation, pipeline.url, settings),
      }));
  };

  it('says that there is no user yet where one is needed and nothing was counted', async () => {
    const found = (await trials()).find(({ id }) => id === 'userStats');
    await found?.trial.send();
    expect(found?.trial.state.now.answer).toMatchObject({
      state: 'failed',
      trouble: { title: 'No user yet' },
    });
  });

  it('is answered with 200 by every operation once orders were counted', async () => {
    const day = new Date().toISOString();
    await pipeline.send(
      anOrder({ order_timestamp: day }),
      anOrder({ order_id: 'B', user_id: "o'brien é/#" }),
    );
    await pipeline.settled();
    await until(
      async () => (await pipeline.json<{ orders: unknown[] }>('/orders')).orders?.length === 2,
      'both are in the history',
    );
    for (const { id, trial } of await trials()) {
      const answer = await trial.send();
      expect([id, answer?.status, trial.state.now.answer.state]).toEqual([id, 200, 'ready']);
    }
  });

  it('covers days that have orders, and takes the user who spent most', async () => {
    const all = Object.fromEntries((await trials()).map(({ id, trial }) => [id, trial]));
    const byDate = await all.byDate?.send();
    expect(JSON.parse(byDate?.text ?? '')).toMatchObject({ total_orders: 1, total_revenue: 2000 });
    await all.rank?.send();
    const { values } = all.rank?.state.now ?? {};
    expect(["O'BRIEN É/#", 'U0001']).toContain(values?.user_id);
  });

  it('leaves an answer readable, as one of before, when it is changed', async () => {
    const global = (await trials()).find(({ id }) => id === 'topSpenders')?.trial;
    await global?.send();
    global?.change({ values: { limit: '1' } });
    expect(global?.state.now.answer).toMatchObject({ state: 'stale', value: { status: 200 } });
    const answer = await global?.send('csv');
    expect(answer?.text).toMatch(/^user_id,total_spend\r\n[^\r\n]+\r\n$/);
  });
});
