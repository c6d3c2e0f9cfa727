import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../src/access/keyRing.ts';
import { KeyStore } from '../../src/access/keyStore.ts';
import { run as keys } from '../../src/cli/keys/run.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

describe('order-pipeline keys', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.client().flushall());

  const run = (args: string) => runCommand(keys, args, { REDIS_URL: redis.url });
  const create = async (args: string) => (await run(`create ${args}`)).stdout.trim();

  it('create prints the key once, alone, and it works', async () => {
    const { code, stdout, stderr } = await run('create --name shop --role admin --expires 90d');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^op_[0-9a-f]{16}_[\w-]{43}\n$/);
    expect(stderr).toContain('role admin');
    const checked = await new KeyRing(new KeyStore(redis.client())).check(stdout.trim(), 'admin');
    expect(checked).toMatchObject({ outcome: 'good', role: 'admin' });
    const { stdout: listed } = await run('list');
    expect(listed).not.toContain(stdout.trim().slice(-43));
  });

  it('list shows who has which, since when, until when', async () => {
    expect((await run('list')).stdout).toBe('There are no keys\n');
    await create('--name shop --role read --expires 2099-12-31');
    await create('--name ops --role admin');
    const { code, stdout } = await run('list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{16} +shop +read +good +\d{4}-\d\d-\d\d +2099-12-31 +never$/m);
    expect(stdout).toMatch(/^[0-9a-f]{16} +ops +admin +good +\d{4}-\d\d-\d\d +never +never$/m);
  });

  it('revoke closes a key and keeps it in the list; twice is no fault', async () => {
    const key = await create('--name shop --role read');
    const id = key.split('_')[1];
    for (let i = 0; i < 2; i += 1) expect((await run(`revoke ${id}`)).code).toBe(0);
    expect((await run('list')).stdout).toMatch(/ shop +read +revoked /);
    const checked = await new KeyRing(new KeyStore(redis.client())).check(key, 'read');
    expect(checked).toEqual({ outcome: 'refused', why: 'revoked' });
  });

  it('revoke of a key that is not there exits with 1', async () => {
    const { code, stderr } = await run('revoke 0123456789abcdef');
    expect(code).toBe(1);
    expect(stderr).toContain('There is no key "0123456789abcdef"');
  });

  it.each([
    ['', ['the command must be create, list or revoke, got nothing']],
    ['make', ['the command must be create, list or revoke, got "make"']],
    ['create', ['--name must be', '--role must be one of read, repair, admin, got nothing']],
    [`create --name ${'x'.repeat(65)} --role read`, ['--name must be 1 to 64 characters']],
    ['create --name a --role root', ['--role must be one of read, repair, admin, got "root"']],
    ['create --name a --role read --expires 2020-01-01', ['a day to come, YYYY-MM-DD, got "2020-01-01"']],
    ['create --name a --role read --expires 2099-02-30', ['got "2099-02-30"']],
    ['create --name a --role read --expires 0d', ['got "0d"']],
    ['create --name a --name b --role read', ['--name is given twice']],
    ['create --name a --role read --days 3', ['unknown option --days']],
    ['list --role read', ['--role goes with create only']],
    ['list all', ['unexpected argument "all"']],
    ['revoke', ['revoke needs the ID']],
  ])('%j is refused, saying why, and makes nothing', async (args, problems) => {
    const { code, stdout, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    for (const problem of problems) expect(stderr).toContain(problem);
    expect(await redis.client().dbsize()).toBe(0);
  });

  it('--help says all of it', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/create[\s\S]*list[\s\S]*revoke[\s\S]*Exit code/);
  });

  it('says where it looked for Redis when there is none', async () => {
    const port = await freePort();
    const { code, stderr } = await runCommand(keys, 'list', { REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(code).toBe(2);
    expect(stderr).toContain(`no Redis answers at 127.0.0.1:${port}`);
  });
});
