import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type AuditEntry, hashOf, type KeptEntry } from '../../src/audit/auditEntry.ts';
import { type AuditLog, makeAuditLog, NoTrace } from '../../src/audit/auditLog.ts';
import { auditEnds, auditEntries, checkChain } from '../../src/audit/readAudit.ts';
import { AUDIT_HEAD_KEY, AUDIT_KEY } from '../../src/store/keys.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const WHO = { kind: 'user', name: 'anna', address: '10.1.2.3' } as const;
const DONE = { result: 'done' } as const;

describe('the audit log', () => {
  let server: TestRedis;
  let redis: Redis;
  const { logger, lines } = collectingLogger();

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(async () => {
    await server.stop();
    logger.close();
  });
  beforeEach(() => redis.flushall());

  const openLog = (retentionDays = 400): AuditLog => makeAuditLog(redis, { retentionDays, logger });
  const kept = async (): Promise<KeptEntry[]> => {
    const all: KeptEntry[] = [];
    for await (const page of auditEntries(redis)) all.push(...page);
    return all;
  };
  const entries = async () => (await kept()).map(({ text }) => JSON.parse(text) as AuditEntry);
  const gaps = async () => checkChain(await kept(), await auditEnds(redis));
  const changes = async (log: AuditLog, count: number) => {
    for (let n = 0; n < count; n += 1)
      await log.change(WHO, { action: 'retry', job: `J${n}` }, async () => DONE);
  };

  it('holds the intent while the change is made, and what came of it after', async () => {
    const change = { action: 'edit', partition: 0, job: 'J1', before: 'aa', after: 'bb' };
    await openLog().change(WHO, change, async () => {
      expect(await entries()).toEqual([{ at: expect.any(String), phase: 'intent', who: WHO, ...change }]);
      return { ...DONE, count: 1 };
    });
    const [intent, outcome] = await kept();
    expect(JSON.parse(outcome?.text ?? '')).toEqual({
      at: expect.any(String),
      phase: 'outcome',
      of: intent?.id,
      who: WHO,
      ...change,
      ...DONE,
      count: 1,
    });
    expect(await gaps()).toEqual([]);
  });

  it('holds what failed, and why', async () => {
    const failing = openLog().change(WHO, { action: 'pause' }, () => Promise.reject(new Error('no way')));
    await expect(failing).rejects.toThrow('no way');
    expect((await entries()).at(-1)).toMatchObject({ phase: 'outcome', result: 'failed', why: 'no way' });
  });

  it('says every change on one line, with who, what and which job', async () => {
    lines.length = 0;
    await changes(openLog(), 1);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        message: 'operator changed: retry',
        action: 'retry',
        job: 'J0',
        result: 'done',
        who: 'anna',
        by: 'user',
        address: '10.1.2.3',
        audit: (await kept())[0]?.id,
      },
    ]);
  });

  it('lets nothing be changed that it cannot hold', async () => {
    await redis.set(AUDIT_KEY, 'something else');
    let changed = false;
    const change = openLog().change(WHO, { action: 'edit' }, async () => {
      changed = true;
      return DONE;
    });
    await expect(change).rejects.toThrow(NoTrace);
    expect(changed).toBe(false);
  });

  it('tells of a change whose outcome could not be written by an error, and by an intent that stays alone', async () => {
    lines.length = 0;
    const change = openLog().change(WHO, { action: 'pause' }, async () => {
      await redis.rename(AUDIT_KEY, 'aside');
      await redis.set(AUDIT_KEY, 'something else');
      return DONE;
    });
    await expect(change).resolves.toEqual(DONE);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', unwritten: expect.stringContaining('WRONGTYPE') },
    ]);
    await redis.rename('aside', AUDIT_KEY);
    expect(await entries()).toMatchObject([{ phase: 'intent', action: 'pause' }]);
  });

  it('keeps one chain when several processes append at once', async () => {
    const logs = Array.from({ length: 4 }, () => openLog());
    await Promise.all(logs.map((log) => changes(log, 25)));
    expect(await kept()).toHaveLength(200);
    expect(await gaps()).toEqual([]);
  });

  it.each<[string, (all: KeptEntry[]) => Promise<unknown>, (all: KeptEntry[]) => unknown]>([
    [
      'an entry in the middle taken out',
      (all) => redis.xdel(AUDIT_KEY, all[2]?.id as string),
      (all) => [{ id: all[3]?.id, problem: 'it does not continue the entry before it' }],
    ],
    [
      'the oldest taken out',
      (all) => redis.xdel(AUDIT_KEY, all[0]?.id as string),
      (all) => [{ id: all[1]?.id, problem: 'entries before it are missing' }],
    ],
    [
      'the newest taken out',
      (all) => redis.xdel(AUDIT_KEY, all.at(-1)?.id as string),
      () => [{ problem: 'the newest entries are missing' }],
    ],
    [
      'all of it taken out',
      () => redis.del(AUDIT_KEY),
      () => [{ problem: 'the newest entries are missing' }],
    ],
    [
      'the newest taken out, and the log gone on',
      async (all) => {
        await redis.xdel(AUDIT_KEY, all.at(-1)?.id as string);
        await changes(openLog(), 1);
      },
      () => [{ id: expect.any(String), problem: 'it does not continue the entry before it' }],
    ],
    [
      'another name put into the newest',
      async (all) => {
        const { id, prev, hash, text } = all.at(-1) as KeptEntry;
        await redis.xdel(AUDIT_KEY, id);
        // An id cannot be used again; whoever forges one takes the next.
        await redis.xadd(AUDIT_KEY, '*', 'prev', prev, 'hash', hash, 'entry', text.replace('anna', 'otto'));
      },
      () => [{ id: expect.any(String), problem: 'it was changed after it was written' }],
    ],
    [
      'an entry put in that continues the newest',
      (all) => {
        const { hash } = all.at(-1) as KeptEntry;
        return redis.xadd(AUDIT_KEY, '*', 'prev', hash, 'hash', hashOf(hash, '{}'), 'entry', '{}');
      },
      () => [{ problem: 'the newest entries are missing' }],
    ],
  ])('shows %s', async (_, tamper, expected) => {
    await changes(openLog(), 3);
    const all = await kept();
    await tamper(all);
    expect(await gaps()).toEqual(expected(all));
  });

  it('drops what is too old, and what is left can still be checked', async () => {
    const old = Date.now() - 12 * 86_400_000;
    let before = '';
    for (let n = 0; n < 5; n += 1) {
      const text = JSON.stringify({ n });
      const hash = hashOf(before, text);
      await redis.xadd(AUDIT_KEY, `${old + n}-0`, 'prev', before, 'hash', hash, 'entry', text);
      before = hash;
    }
    await redis.hset(AUDIT_HEAD_KEY, 'hash', before);
    expect(await gaps()).toEqual([]);
    await changes(openLog(11), 1);
    expect(await kept()).toHaveLength(2);
    expect((await kept())[0]?.prev).toBe(before);
    expect(await gaps()).toEqual([]);
    await redis.xdel(AUDIT_KEY, (await kept())[0]?.id as string);
    expect(await gaps()).toMatchObject([{ problem: 'entries before it are missing' }]);
  });

  it('still holds the intent of a process that was killed before the outcome', async () => {
    const script = `
      import { Redis } from 'ioredis';
      import winston from 'winston';
      import { makeAuditLog } from './src/audit/auditLog.ts';
      const redis = new Redis(${JSON.stringify(server.url)});
      const log = makeAuditLog(redis, { retentionDays: 400, logger: winston.createLogger({ silent: true }) });
      await log.change({ kind: 'command', name: 'anna' }, { action: 'retry all' }, () => {
        process.kill(process.pid, 'SIGKILL');
        return new Promise(() => {});
      });`;
    const child = spawn(
      process.execPath,
      ['--no-warnings', '--import', 'tsx', '--input-type=module', '--eval', script],
      { env: { ...process.env, NODE_OPTIONS: '' }, stdio: 'ignore' },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await entries()).toMatchObject([{ phase: 'intent', who: { name: 'anna' }, action: 'retry all' }]);
    await changes(openLog(), 1);
    expect(await gaps()).toEqual([]);
  });
});
