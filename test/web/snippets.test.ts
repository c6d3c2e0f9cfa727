import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { operationsOf, readApi } from '../../src/web/docs/apiDocument.ts';
import { type ApiRequest, type Format, requestOf } from '../../src/web/docs/request.ts';
import { curl, javascript, python } from '../../src/web/docs/snippets.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

// What a JSON snippet prints is an object as Node shows it: here it is wanted as JSON.
const AS_JSON =
  'console.log = (value) => process.stdout.write(typeof value === "string" ? value : JSON.stringify(value));';

const RUN: Record<string, (request: ApiRequest) => [command: string, ...args: string[]]> = {
  curl: (request) => ['sh', '-c', curl(request)],
  JavaScript: (request) => [
    process.execPath,
    '--input-type=module',
    '-e',
    `${AS_JSON}\n${javascript(request)}`,
  ],
  Python: (request) => ['python3', '-c', python(request)],
};

const isThere = (command: string) => spawnSync(command, ['--version']).status === 0;
const LANGUAGES = [
  ...(isThere('curl') ? ['curl'] : []),
  'JavaScript',
  // Whoever tests this needs no Python: where there is none, its snippets go untested.
  ...(isThere('python3') ? ['Python'] : []),
];

describe('the request as a program', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  let key: string;

  beforeAll(async () => {
    redis = await startTestRedis();
    ({ key } = await new KeyStore(redis.client()).create({ name: 'test', role: 'read' }, Date.now()));
    pipeline = await startPipeline({ STATS_API: 'keys' }, { redis });
    await pipeline.send(anOrder(), anOrder({ order_id: 'B', user_id: `o'brien "é" $HOME \\ %41 {x}` }));
    await pipeline.settled();
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  async function printed(
    language: string,
    id: string,
    values: Record<string, string>,
    format: Format = 'json',
  ) {
    const operations = operationsOf(readApi(await pipeline.json('/openapi.json')));
    const operation = operations.find((each) => each.id === id);
    if (!operation) throw new Error(`no operation ${id}`);
    const request = requestOf(operation, values, { base: `${pipeline.url}/v1`, format, hasKey: true });
    const [command, ...args] = (RUN[language] as (typeof RUN)[string])(request);
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, API_KEY: key, PYTHONIOENCODING: 'utf-8' };
    return (await promisify(execFile)(command, args, { env })).stdout;
  }

  describe.each(LANGUAGES)('%s', (language) => {
    it('prints the answer, with the key of the environment', async () => {
      expect(JSON.parse(await printed(language, 'global', {}))).toEqual({
        total_orders: 2,
        total_revenue: 4000,
        average_order_value: 2000,
      });
    });

    it('names a user whose id is full of what shells and languages take for their own', async () => {
      const user_id = `O'BRIEN "É" $HOME \\ %41 {X}`;
      expect(JSON.parse(await printed(language, 'userStats', { user_id }))).toMatchObject({
        user_id,
        order_count: 1,
      });
    });

    it('asks for CSV where that was chosen', async () => {
      const rows = await printed(
        language,
        'usersByDate',
        { start_date: '2024-01-01', end_date: '2024-12-31' },
        'csv',
      );
      expect(rows.split(/\r?\n/)).toEqual(
        expect.arrayContaining(['user_id,order_count,total_spend', 'U0001,1,2000']),
      );
    });

    it('asks without a key what needs none', async () => {
      expect(JSON.parse(await printed(language, 'live', {}))).toMatchObject({ status: 'alive' });
    });
  });
});
