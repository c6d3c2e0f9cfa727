import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FRESH_MS, GRACE_MS, KeyRing } from '../../src/access/keyRing.ts';
import { KeyStore } from '../../src/access/keyStore.ts';
import type { AccessRole } from '../../src/access/roles.ts';
import { connectRedis } from '../../src/store/connections.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

describe('the keys of a process', () => {
  let server: TestRedis;
  let store: KeyStore;
  let now: number;
  /** What the clock of the machine was set back by. */
  let setBackMs: number;
  const clock = { now: () => now - setBackMs, elapsed: () => now };

  beforeAll(async () => {
    server = await startTestRedis();
    store = new KeyStore(server.client());
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
    setBackMs = 0;
  });

  const newKey = (role: AccessRole = 'read', expiresAt?: number) =>
    store.create({ name: 'test', role, ...(expiresAt === undefined ? {} : { expiresAt }) }, now);

  it('are good in every process at once', async () => {
    const { key, id } = await newKey('admin');
    for (const ring of [new KeyRing(store, clock), new KeyRing(store, clock)]) {
      expect(await ring.check(key, 'read')).toEqual({ outcome: 'good', id, role: 'admin' });
    }
  });

  it('need one trip to Redis in five seconds, however often they are used', async () => {
    const { key } = await newKey();
    let lookups = 0;
    const counting: KeyStore = Object.create(store);
    counting.find = (id) => {
      lookups += 1;
      return store.find(id);
    };
    const ring = new KeyRing(counting, clock);
    for (let i = 0; i < 100; i += 1) await ring.check(key, 'read');
    expect(lookups).toBe(1);
  });

  it('open nothing five seconds after they were revoked', async () => {
    const { key, id } = await newKey();
    const ring = new KeyRing(store, clock);
    await ring.check(key, 'read');
    await store.revoke(id, now);
    now += FRESH_MS;
    expect(await ring.check(key, 'read')).toEqual({ outcome: 'refused', why: 'revoked' });
  });

  it('open nothing five seconds after they were revoked, also when the clock was set back by an hour', async () => {
    const { key, id } = await newKey('admin');
    const ring = new KeyRing(store, clock);
    await ring.check(key, 'admin');
    await store.revoke(id, now);
    setBackMs = 3_600_000;
    now += FRESH_MS;
    expect(await ring.check(key, 'admin')).toEqual({ outcome: 'refused', why: 'revoked' });
  });

  it('open nothing from the millisecond they expire in, also when they are remembered', async () => {
    const { key } = await newKey('read', now + 1_000);
    const ring = new KeyRing(store, clock);
    now += 999;
    expect(await ring.check(key, 'read')).toMatchObject({ outcome: 'good' });
    now += 1;
    expect(await ring.check(key, 'read')).toEqual({ outcome: 'refused', why: 'expired' });
  });

  it('are not guessed by one wrong character, remembered or not', async () => {
    const { key } = await newKey();
    const last = key.endsWith('A') ? 'B' : 'A';
    const wrong = `${key.slice(0, -1)}${last}`;
    const ring = new KeyRing(store, clock);
    expect(await ring.check(wrong, 'read')).toEqual({ outcome: 'refused', why: 'unknown' });
    expect(await ring.check(key, 'read')).toMatchObject({ outcome: 'good' });
    expect(await ring.check(wrong, 'read')).toEqual({ outcome: 'refused', why: 'unknown' });
  });

  it.each([
    ['nothing', ''],
    ['a beginning', 'op_'],
    ['something long', 'x'.repeat(10_000)],
    ['a key cut short', 'op_0123456789abcdef_short'],
    ['a name every object has', '__proto__'],
  ])('%s is not even looked up', async (_, text) => {
    const checked = await new KeyRing(store, clock).check(text, 'read');
    expect(checked).toEqual({ outcome: 'refused', why: 'malformed' });
  });

  it('are kept as a digest only', async () => {
    const { key } = await newKey();
    const redis = server.client();
    const kept = JSON.stringify([await redis.hgetall('{order-pipeline:api-keys}'), await redis.keys('*')]);
    expect(kept).not.toContain(key.slice(-43));
    expect(kept).toContain('digest');
  });

  it('say when they were last used, written once a minute', async () => {
    const { key, id } = await newKey();
    const ring = new KeyRing(store, clock);
    const lastUsed = async () => (await store.list()).find((each) => each.id === id)?.lastUsedAt;
    expect(await lastUsed()).toBeUndefined();
    const first = now;
    await ring.check(key, 'read');
    await until(async () => (await lastUsed()) === first, 'the use is written');
    now += 59_000;
    await ring.check(key, 'read');
    now += 1_000;
    await ring.check(key, 'read');
    await until(async () => (await lastUsed()) === first + 60_000, 'a use a minute later is written');
  });

  it('go on reading for a minute while Redis is away, and do nothing else', async () => {
    const other = await startTestRedis();
    const redis = connectRedis(
      { kind: 'server', host: other.host, port: other.port, tls: false },
      'fail_fast',
      {
        onError: () => {},
      },
    );
    await until(async () => (await redis.ping().catch(() => '')) === 'PONG', 'Redis answers');
    const away = new KeyStore(redis);
    const [reader, admin] = [
      await away.create({ name: 'reader', role: 'read' }, now),
      await away.create({ name: 'admin', role: 'admin' }, now),
    ];
    const ring = new KeyRing(away, clock);
    await Promise.all([ring.check(reader.key, 'read'), ring.check(admin.key, 'admin')]);
    await other.stop();
    await until(() => redis.status !== 'ready', 'the connection noticed');

    now += GRACE_MS;
    expect(await ring.check(reader.key, 'read')).toMatchObject({ outcome: 'good' });
    expect(await ring.check(admin.key, 'admin')).toEqual({ outcome: 'unavailable' });
    expect(await ring.check((await newKey()).key, 'read')).toEqual({ outcome: 'unavailable' });
    now += 1;
    expect(await ring.check(reader.key, 'read')).toEqual({ outcome: 'unavailable' });
    redis.disconnect();
  });
});
