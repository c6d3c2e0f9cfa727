import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeAuditLog } from '../../src/audit/auditLog.ts';
import { run as audit } from '../../src/cli/audit/run.ts';
import { AUDIT_KEY } from '../../src/store/keys.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

const ANNA = { kind: 'user', name: 'anna', address: '10.1.2.3' } as const;

describe('order-pipeline audit', () => {
  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    const log = makeAuditLog(redis, { retentionDays: 400 });
    await log.change(ANNA, { action: 'edit', partition: 1, job: 'J1' }, async () => ({ result: 'done' }));
    await log.change({ kind: 'open' }, { action: 'retry all', partition: 0 }, async () => ({
      result: 'done',
      count: 3,
    }));
  });

  const run = (args = '') => runCommand(audit, args, { REDIS_URL: server.url });

  it('says who changed what, and what came of it', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^when +by +who +from +what +partition +job or person +orders +outcome$/m);
    expect(stdout).toMatch(/Z +user +anna +10\.1\.2\.3 +edit +1 +J1 +done$/m);
    expect(stdout).toMatch(/Z +open +retry all +0 +3 +done$/m);
  });

  it('takes what came since, of one job, and as it is kept', async () => {
    expect((await run('--since 2020-01-01 --job J1')).stdout.trim().split('\n')).toHaveLength(2);
    expect((await run('--since 1d --job J2')).stdout).toBe('Nobody changed anything by hand\n');
    const lines = (await run('--since 1d --json')).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).phase)).toEqual(['intent', 'outcome', 'intent', 'outcome']);
  });

  it('says that nobody knows what came of a change that was only begun', async () => {
    const newest = (await redis.xrevrange(AUDIT_KEY, '+', '-', 'COUNT', 1))[0]?.[0] as string;
    await redis.xdel(AUDIT_KEY, newest);
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(/retry all +0 +no outcome$/m);
    expect(stderr).toBe('gap: at the end: the newest entries are missing\n');
  });

  it.each([
    ['--since yesterday', '--since must be days such as 90d or a day, YYYY-MM-DD, got "yesterday"'],
    ['--nonsense', 'unknown option --nonsense'],
  ])('refuses %s', async (args, problem) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });

  it('says so when no Redis answers', async () => {
    const { code, stderr } = await runCommand(audit, '', {
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^no Redis answers at/);
  });
});
