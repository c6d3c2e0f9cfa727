import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as audit } from '../../src/cli/audit/run.ts';
import { run as people } from '../../src/cli/people/run.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

describe('order-pipeline people', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.client().flushall());

  const run = (args: string | string[], env: Record<string, string> = {}) =>
    runCommand(people, args, { REDIS_URL: redis.url, ...env });

  it('invite prints the link once, alone, and Redis keeps nothing that opens it', async () => {
    const { code, stdout, stderr } = await run('invite anna --role repair');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:8000\/invitation#[\w-]+\.[\w-]{43}\n$/);
    expect(stderr).toMatch(/^anna may come in as repair by this link, once, until \d{4}-/);
    const kept = await redis.client().hget('{order-pipeline:people}', 'anna');
    expect(kept).not.toContain(stdout.trim().slice(-43));
  });

  it.each([
    [{ HOST: '0.0.0.0', PORT: '8001' }, '', 'http://localhost:8001/invitation#'],
    [{ HOST: '::1', BASE_PATH: '/orders' }, '', 'http://[::1]:8000/orders/invitation#'],
    [{}, ' --at https://ops.example/orders/', 'https://ops.example/orders/invitation#'],
  ])('the link begins where people come from: %j%s', async (env, option, beginning) => {
    const { stdout } = await run(`invite anna --role read${option}`, env as Record<string, string>);
    expect(stdout.startsWith(beginning)).toBe(true);
  });

  it('list shows who may what, as JSON too, and steers no terminal', async () => {
    expect((await run('list')).stdout).toBe('Nobody was invited\n');
    await run(['invite', 'محمد رضا', '--role', 'read']);
    await run('invite anna --role admin');
    expect((await run('list')).stdout).toMatch(/^anna +admin +invited +\d{4}-\d\d-\d\d$/m);
    expect(JSON.parse((await run('list --json')).stdout)).toEqual([
      { id: 'anna', name: 'anna', role: 'admin', state: 'invited', created: expect.any(String) },
      expect.objectContaining({ name: 'محمد رضا', role: 'read' }),
    ]);
  });

  it('list names what nobody can read and shows the rest; such a one is removed or invited anew', async () => {
    await run('invite anna --role admin');
    const damaged = { bert: '{"name":', carl: 'null', dora: '{"name":"dora","role":"none","createdAt":1}' };
    await redis.client().hset('{order-pipeline:people}', damaged);
    const { code, stdout, stderr } = await run('list --json');
    expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ id: 'anna' })]]);
    expect(stderr.split('\n')).toEqual([
      ...Object.keys(damaged).map((id) => `what is kept of "${id}" cannot be read: invite or remove them`),
      '',
    ]);
    for (const args of ['remove bert', 'invite Carl --role read', 'remove dora'])
      expect([args, (await run(args)).code]).toEqual([args, 0]);
    expect(await run('list')).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^Carl +read/m) });
  });

  it('role, sign-out and remove find people however their names are written; each is in the audit log', async () => {
    await run('invite Anna --role read');
    for (const args of ['role ANNA repair', 'sign-out anna', 'remove aNNa'])
      expect([args, (await run(args)).code]).toEqual([args, 0]);
    expect((await run('list')).stdout).toBe('Nobody was invited\n');
    const { stdout } = await runCommand(audit, '', { REDIS_URL: redis.url });
    for (const what of ['invite', 'role', 'sign out everywhere', 'remove'])
      expect(stdout).toMatch(new RegExp(`command .* ${what} .*Anna.* done`));
  });

  it.each(['role nobody read', 'sign-out nobody', 'remove nobody'])('%s exits with 1', async (args) => {
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Nobody is called "nobody"')]);
  });

  it.each<[string | string[], string]>([
    ['', 'the command must be one of list, invite, role, remove, sign-out, got nothing'],
    ['invite anna', '--role is needed for somebody new'],
    ['invite anna --role root', 'the role must be one of read, repair, admin, got "root"'],
    ['invite --role read', 'the name must be 1 to 64 characters, got nothing'],
    [['invite', 'a\u202eb', '--role', 'read'], 'must not hold invisible characters'],
    [['invite', 'a\u3164', '--role', 'read'], 'must not hold invisible characters'],
    [['invite', 'oidc:anna', '--role', 'read'], 'must not hold a colon'],
    ['invite anna --role read --at ops.example', '--at must be a URL'],
    ['invite visitor --role read', 'of the visitor'],
    ['role anna', 'the role must be one of read, repair, admin, got nothing'],
    ['remove anna bert --role read', 'unexpected argument "bert"'],
  ])('%j is refused, saying why, and makes nothing', async (args, problem) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(problem)]);
    expect(await redis.client().dbsize()).toBe(0);
  });

  it('nobody is invited under the name of ADMIN_USER, who can be signed out all the same', async () => {
    const env = { ADMIN_USER: 'Ops', ADMIN_PASSWORD: 'x' };
    expect((await run('invite ops --role read', env)).code).toBe(2);
    expect((await run('sign-out OPS', env)).code).toBe(0);
    expect((await run('sign-out visitor')).code).toBe(0);
  });
});
