import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as history } from '../../src/cli/history/run.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { runCommand, screen } from '../scripts/verifyCommand.ts';
import { order } from '../stats/recording.ts';
import { until } from '../support/until.ts';
import { historyRig, partition } from './rig.ts';

describe('history import', () => {
  const rig = historyRig({ isClaimed: true });
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-import-'));

  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  beforeEach(async () => {
    const running = await rig.archive();
    await until(() => running.health().state === 'archiving', 'it archives');
  });

  const file = (name: string, lines: readonly string[]) => {
    writeFileSync(join(dir, name), `${lines.join('\n')}\n`);
    return join(dir, name);
  };
  const line = (at: number) =>
    JSON.stringify({
      order_id: `old-${at}`,
      user_id: `u${at % 7}`,
      order_value: 10 + at,
      order_timestamp: '2021-03-04T05:06:07Z',
      items: [{ product_id: 'P', quantity: 1, price_per_unit: 10 + at }],
    });
  const both = async () => (await rig.sums()).orders;

  it('counts each order once in both stores, however often it is run, stopped in between, and long after', async () => {
    const path = file(
      'old.jsonl',
      Array.from({ length: 1_800 }, (_, at) => line(at)),
    );
    const stopping = new AbortController();
    const watched = Object.assign(screen().stream, { isTTY: false });
    const untilSome = setInterval(async () => {
      if (Number(await rig.redis.hget(statsKeys(partition).global, 'total_orders')) > 0) stopping.abort();
    }, 1);
    const stopped = await history(['import', '--file', path], {
      env: rig.env(),
      stdout: screen().stream,
      stderr: watched,
      signal: stopping.signal,
    });
    clearInterval(untilSome);
    expect(stopped).toBe(130);
    expect(await both()).toBeLessThan(1_800);
    expect(await runCommand(history, `import --file ${path}`, rig.env())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ were known, 0 are refused\n$/),
    });
    expect(await both()).toBe(1_800);
    // The ledger forgets; the history does not.
    await rig.redis.del(
      statsKeys(partition).ledger,
      ...(await rig.redis.keys(`${statsKeys(partition).ledger}:*`)),
    );
    expect((await runCommand(history, `import --file ${path}`, rig.env())).stdout).toMatch(
      /^0 orders counted, 0.00 in all; 1,800 were known/,
    );
  });

  it('refuses what the rules refuse, and says where it is', async () => {
    const path = file('old.csv', [
      'order_id,user_id,order_value,order_timestamp,items',
      'A1,U1,5.00,2021-01-01,"[{""product_id"":""P"",""quantity"":1,""price_per_unit"":5}]"',
      'A2,U1,6.00,2021-01-01,"[{""product_id"":""P"",""quantity"":1,""price_per_unit"":5}]"',
    ]);
    expect(await runCommand(history, `import --file ${path}`, rig.env())).toMatchObject({
      code: 1,
      stdout: '1 orders counted, 5.00 in all; 0 were known, 1 are refused\n',
      stderr: expect.stringContaining('row 3: '),
    });
    expect(await both()).toBe(1);
  });

  it('asks whether orders of the file counted before there was a history', async () => {
    await rig.stopArchivers();
    await makeRecordOrder(rig.redis, partition, { retentionDays: 35 })(order());
    await rig.archive();
    const path = file('more.jsonl', [line(1)]);
    expect((await runCommand(history, `import --file ${path} --never-counted`, rig.env())).code).toBe(0);
    expect(await both()).toBe(2);
    expect(await runCommand(history, `import --file ${path}`, rig.env())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--never-counted says that there are none'),
    });
  });
});
