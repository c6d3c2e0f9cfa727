import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { hashOf, type KeptEntry } from '../../../src/audit/auditEntry.ts';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { run as audit } from '../../../src/cli/audit/run.ts';
import type { auditChain, auditPage } from '../../../src/http/description/storyAnswers.ts';
import { AUDIT_KEY } from '../../../src/store/keys.ts';
import { runCommand } from '../../scripts/verifyCommand.ts';
import { startPipeline, type TestPipeline } from '../../support/pipeline.ts';

type Page = z.infer<typeof auditPage>;
type Chain = z.infer<typeof auditChain>;

const ANNA = { kind: 'user', name: 'Anna', address: '10.1.2.3' } as const;
const KEY = { kind: 'key', name: 'k_robot' } as const;
const DONE = { result: 'done' } as const;

describe('the audit log at /desk/api/audit', () => {
  let pipeline: TestPipeline;
  let redis: Redis;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
    redis = pipeline.redis.client();
  });
  afterAll(() => pipeline.stop());

  const page = (query = '') => pipeline.json<Page>(`/desk/api/audit${query}`);
  const chain = () => pipeline.json<Chain>('/desk/api/audit/chain');
  const file = async (query: string) => (await pipeline.get(`/desk/api/audit/export${query}`)).text();
  const stream = () => redis.xrange(AUDIT_KEY, '-', '+');

  beforeEach(async () => {
    await redis.del(AUDIT_KEY, `{${AUDIT_KEY}}:head`);
    const log = makeAuditLog(redis, { retentionDays: 400 });
    await log.change(
      ANNA,
      { action: 'edit', partition: 0, job: 'J1', before: 'aa', after: 'bb' },
      async () => DONE,
    );
    await log.change(ANNA, { action: 'retry', partition: 0, job: 'J1' }, async () => ({
      result: 'refused',
      why: 'gone',
    }));
    await log.change(
      KEY,
      {
        action: 'repair batch',
        run: 'R1',
        jobs: [
          ['J2', 'a', 'b'],
          ['J3', 'c', 'd'],
        ],
      },
      async () => DONE,
    );
    await log
      .change(KEY, { action: 'pause', reason: '=ticket, 7' }, async () =>
        Promise.reject(new Error('no Redis')),
      )
      .catch(() => {});
  });

  it('tells every change with what came of it, the newest first', async () => {
    const { changes, next_cursor } = await page('?batches=with');
    expect(next_cursor).toBeNull();
    expect(changes.map(({ action, who, result, why }) => [action, who.name, result, why])).toEqual([
      ['pause', 'k_robot', 'failed', 'no Redis'],
      ['repair batch', 'k_robot', 'done', null],
      ['retry', 'Anna', 'refused', 'gone'],
      ['edit', 'Anna', 'done', null],
    ]);
  });

  it('says of a change that was begun by a process that died that nobody knows', async () => {
    const newest = (await stream()).at(-1) as [string, string[]];
    await redis.xdel(AUDIT_KEY, newest[0]);
    expect((await page()).changes[0]).toMatchObject({ action: 'pause', result: null, ended_at: null });
  });

  it('filters by who, what, when and which order', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const actions = async (query: string) => (await page(query)).changes.map(({ action }) => action);
    expect(await actions('?who=anna')).toEqual(['retry', 'edit']);
    expect(await actions('?who=10.1.')).toEqual(['retry', 'edit']);
    expect(await actions('?who=key&what=PAUSE')).toEqual(['pause']);
    expect(await actions('?order=J1')).toEqual(['retry', 'edit']);
    expect(await actions('?order=J3')).toEqual(['repair batch']);
    expect(await actions('?order=ticket')).toEqual(['pause']);
    expect(await actions(`?since=${today}&until=${today}`)).toEqual(['pause', 'retry', 'edit']);
    expect(await actions(`?since=${today}&batches=with`)).toHaveLength(4);
    expect(await actions('?order=J3&batches=without')).toEqual([]);
    expect(await actions('?what=Batch')).toEqual(['repair batch']);
    expect(await actions('?until=2020-01-01')).toEqual([]);
    expect(await actions('?since=2999-01-01')).toEqual([]);
  });

  it('gives pages that come to the whole, each change with its outcome', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const found: Page = await page(`?limit=1&batches=with${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...found.changes.map(({ action, result }) => `${action} ${result}`));
      cursor = found.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(['pause failed', 'repair batch done', 'retry refused', 'edit done']);
    expect((await pipeline.get('/desk/api/audit?cursor=made-up')).status).toBe(404);
  });

  it('exports entries as they are kept, so that anybody can check them', async () => {
    const entries = (await file('?format=jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as KeptEntry);
    expect(entries).toHaveLength(8);
    let before = '';
    for (const { prev, hash, text } of entries) {
      expect([prev, hash]).toEqual([before, hashOf(prev, text)]);
      before = hash;
    }
    const ofAnna = (await file('?format=jsonl&who=anna')).trimEnd().split('\n');
    expect(ofAnna).toHaveLength(4);
  });

  it('exports a change on each line of CSV, which no spreadsheet runs', async () => {
    const response = await pipeline.get('/desk/api/audit/export');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="audit.csv"');
    const lines = (await response.text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^id,at,kind,name,address,action,/);
    expect(lines[1]).toContain(',user,Anna,10.1.2.3,edit,0,J1,');
    expect(lines[4]).toContain(`,"'=ticket, 7",`);
  });

  it('says in words whether it is whole, and where not', async () => {
    expect(await chain()).toMatchObject({ state: 'whole', entries: 8, kept_days: 400, gaps: [] });
    const [, [second]] = (await stream()) as [unknown, [string, string[]]];
    await redis.xdel(AUDIT_KEY, second);
    expect(await chain()).toMatchObject({
      state: 'broken',
      entries: 7,
      gaps: [{ problem: 'it does not continue the entry before it' }],
      sentence: expect.stringContaining('in one place'),
    });
  });

  it('shows what nobody can read as a gap, and all the others', async () => {
    for (const entry of ['{not JSON', 'null', '{"at":5,"phase":"intent","action":"edit","who":null}'])
      await redis.xadd(AUDIT_KEY, '*', 'prev', 'x', 'hash', 'y', 'entry', entry);
    await redis.xadd(AUDIT_KEY, '*', 'something', 'else');
    expect((await page('?batches=with')).changes).toHaveLength(4);
    expect((await file('?format=csv')).trimEnd().split('\r\n')).toHaveLength(5);
    expect((await file('?format=jsonl')).trimEnd().split('\n')).toHaveLength(12);
    expect((await chain()).state).toBe('broken');
    const shown = await runCommand(audit, '', { REDIS_URL: pipeline.redis.url });
    expect([shown.code, shown.stdout.trim().split('\n').length]).toEqual([1, 5]);
  });

  it('can be changed through no way that the product has', async () => {
    const before = await stream();
    const { paths } = await pipeline.json<{ paths: Record<string, object> }>('/openapi.json');
    const ofAudit = Object.keys(paths).filter((each) => each.includes('/audit'));
    expect(ofAudit).toHaveLength(3);
    for (const each of ofAudit) {
      expect(Object.keys(paths[each] as object)).toEqual(['get']);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const headers = { 'content-type': 'application/json' };
        for (const prefix of ['', '/v1']) {
          const { status } = await pipeline.get(prefix + each, { method, headers, body: '{}' });
          expect([method, each, status]).toEqual([method, each, 405]);
        }
      }
    }
    const env = { REDIS_URL: pipeline.redis.url };
    for (const args of ['delete', '--delete', 'clear --since 1d', '--job J1 trim']) {
      expect([args, (await runCommand(audit, args, env)).code]).toEqual([args, 2]);
    }
    for (const queue of ['order-pipeline', 'audit', AUDIT_KEY]) {
      const at = `/admin/queues/api/queues/${encodeURIComponent(queue)}`;
      for (const action of ['clean/failed', 'empty', 'obliterate', 'retry/failed']) {
        expect((await pipeline.get(`${at}/${action}`, { method: 'PUT' })).ok).toBe(false);
      }
    }
    expect(await stream()).toEqual(before);
    // And whatever is added: nothing but the log itself knows where it lies.
    const knows = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && readFileSync(path.join('src', name), 'utf8').includes('AUDIT_KEY'),
    );
    expect(knows.sort()).toEqual([
      'audit/auditLog.ts',
      'audit/readAudit.ts',
      'audit/searchAudit.ts',
      'store/keys.ts',
    ]);
    const scripts = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (name) =>
        /\.(lua|ts)$/.test(name) && /X(TRIM|DEL|SETID)\b/i.test(readFileSync(path.join('src', name), 'utf8')),
    );
    // The last only asks whether it may be done; those between trim streams of their own.
    expect(scripts.sort()).toEqual([
      'audit/appendEntry.lua',
      'history/stream.ts',
      'quality/baselines/replace.lua',
      'store/checkRedis.ts',
    ]);
  });
});
