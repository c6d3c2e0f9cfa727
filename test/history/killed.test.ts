import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as verify } from '../../src/cli/verify/run.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { until } from '../support/until.ts';
import { type Archiving, archivingRecorder, historyRig, partition } from './rig.ts';

describe('a command that is killed', () => {
  const rig = historyRig({ isClaimed: true });
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-killed-'));

  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  let running: Archiving;
  beforeEach(async () => {
    running = await rig.archive();
  });

  const start = (...args: string[]) => {
    const child = spawn(process.execPath, ['--no-warnings', '--import', 'tsx', 'src/main.ts', ...args], {
      env: { PATH: process.env.PATH, ...rig.env() },
      stdio: 'ignore',
    });
    return { exited: once(child, 'exit'), kill: () => child.kill('SIGKILL') };
  };
  const counted = async () => Number(await rig.redis.hget(statsKeys(partition).global, 'total_orders'));
  const bothAre = async (orders: number) => {
    expect(await rig.sums()).toMatchObject({ orders });
    expect(await runCommand(verify, '--history', rig.env())).toMatchObject({ code: 0 });
  };

  it('history import: run again, it has counted each order once', async () => {
    const path = join(dir, 'old.jsonl');
    const lines = Array.from({ length: 6_000 }, (_, at) => ({
      order_id: `old-${at}`,
      user_id: `u${at % 7}`,
      order_value: 10,
      order_timestamp: '2021-03-04T05:06:07Z',
      items: [{ product_id: 'P', quantity: 1, price_per_unit: 10 }],
    }));
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    await until(() => running.health().state === 'archiving', 'it archives');
    const first = start('history', 'import', '--file', path);
    await until(async () => (await counted()) > 0, 'it counts');
    first.kill();
    await first.exited;
    expect(await counted()).toBeLessThan(6_000);
    expect(await start('history', 'import', '--file', path).exited).toEqual([0, null]);
    await bothAre(6_000);
  });

  it('erase: run again, it goes on where it was', async () => {
    const record = archivingRecorder(rig.redis, { addresses: true });
    await endings(
      record,
      Array.from({ length: 200 }, (_, at) => order({ orderId: `O${at}`, userId: `ANNA${at % 9}` })),
    );
    await rig.archived();
    // Redis has the new name by then, the history waits for whoever holds its position.
    const holding = await rig.postgres.client(rig.target);
    await holding.query('BEGIN');
    await holding.query('SELECT FROM history.positions FOR UPDATE');
    const looking = await rig.postgres.client(rig.target);
    const first = start('erase', '--user', 'ANNA3');
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE '%command'";
    await until(async () => (await looking.query(waiting)).rowCount === 1, 'it has to do with the history');
    first.kill();
    await first.exited;
    await holding.query('ROLLBACK');
    expect(await rig.redis.exists(statsKeys(partition).user('ANNA3'))).toBe(0);
    expect(await start('erase', '--user', 'ANNA3').exited).toEqual([0, null]);
    const { rows } = await holding.query(
      "SELECT count(*)::int AS orders, count(address)::int AS addresses FROM history.orders WHERE user_id LIKE 'ERASED%'",
    );
    expect(rows).toEqual([{ orders: 22, addresses: 0 }]);
    expect((await holding.query("SELECT FROM history.orders WHERE user_id = 'ANNA3'")).rowCount).toBe(0);
    await Promise.all([holding.end(), looking.end()]);
    await bothAre(200);
  });
});
