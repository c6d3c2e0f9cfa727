import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HistoryUnavailable, historyReads } from '../../src/history/read/historyPool.ts';
import { historyRig } from './rig.ts';

describe('a question about the history', () => {
  const rig = historyRig();

  it('is told that PostgreSQL is away where its connection is gone before all of it is sent', async () => {
    const reads = historyReads(rig.target, () => {});
    const [found] = await reads.ask<{ pid: number }>({ sql: 'SELECT pg_backend_pid() AS pid', values: [] });
    const pid = found?.pid as number;
    process.kill(pid, 'SIGKILL');
    // Without a turn of the event loop, which would hear of it.
    while (isRunning(pid));
    const asking = reads.ask({ sql: 'SELECT length($1::text)', values: ['x'.repeat(20_000_000)] });
    const error = await asking.catch((fault) => fault);
    await reads.stop();
    expect(error).toBeInstanceOf(HistoryUnavailable);
    expect(error).toMatchObject({ kind: 'away' });
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
