import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PeopleStore } from '../../src/access/peopleStore.ts';
import { makeProducts, type Products } from '../process/product.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';
import { invited, PASSWORD, peopleOf, Visitor } from './visitor.ts';

const BOARD = '/admin/queues/api/queues';
const PAUSE = '/admin/queues/api/queues/pause';
const RESUME = '/admin/queues/api/queues/resume';
const PAGE = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
const PUT = { method: 'PUT' };

describe('people', () => {
  let pipeline: TestPipeline;
  let people: ReturnType<typeof peopleOf>;
  const { logger, lines } = collectingLogger();
  beforeAll(async () => {
    pipeline = await startPipeline(
      { STATS_API: 'keys', AUTH_FAILURES_PER_MINUTE: '1000' },
      { role: 'api', logger },
    );
    people = peopleOf(pipeline);
  });
  afterAll(() => pipeline.stop());
  beforeEach(() => pipeline.redis.client().flushall());

  it.each([
    ['read', 200, 200, 403, [403, 403, 403]],
    ['repair', 200, 200, 200, [403, 403, 404]],
    ['admin', 200, 200, 200, [409, 404, 404]],
  ])(
    'of role %s may what that says: stats %i, looking %i, changing %i, deleting and leaving recipes standing %j',
    async (role, stats, look, change, more) => {
      const visitor = await invited(pipeline, 'anna', role);
      expect(await visitor.session()).toMatchObject({ person: { name: 'anna', role } });
      expect(await visitor.status('/stats/global')).toBe(stats);
      expect(await visitor.status(BOARD)).toBe(look);
      expect(await visitor.status(PAUSE, PUT)).toBe(change);
      if (change === 200) expect(await visitor.status(RESUME, PUT)).toBe(200);
      const because = 'ticket 7';
      const standing = { cause: '3f2a9c01de', because };
      expect([
        await visitor.post('/desk/api/delete', { count: 5, because }),
        await visitor.post('/desk/api/auto-repairs/add', { ...standing, recipe_name: 'none' }),
        await visitor.post('/desk/api/auto-repairs/remove', standing),
      ]).toEqual(more);
    },
  );

  it('sign in by name and password, however they write the name', async () => {
    await invited(pipeline, 'Ånna Müller', 'read');
    for (const name of ['Ånna Müller', 'Ånna Müller'.normalize('NFD'), '  ånna müller ']) {
      const visitor = new Visitor(pipeline);
      expect(await visitor.signIn(name)).toBe(204);
      expect(await visitor.session()).toMatchObject({ person: { name: 'Ånna Müller' } });
    }
  });

  it.each(['محمد رضا', '王小明', 'Łucja <script>alert(1)</script>', '😀'])(
    'may be called %s',
    async (name) => {
      expect(await (await invited(pipeline, name, 'read')).session()).toMatchObject({ person: { name } });
    },
  );

  it('are told the same of a wrong password and of nobody', async () => {
    await invited(pipeline, 'anna', 'read');
    const detail = async (name: string) => {
      const response = await new Visitor(pipeline).ask('/sign-in', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, password: 'another password' }),
      });
      return [response.status, await response.json()];
    };
    expect(await detail('anna')).toEqual(await detail('nobody'));
    expect((await detail('anna'))[0]).toBe(401);
  });

  it('keep a cookie that no script reads and no other site sends, and Redis no id that opens anything', async () => {
    const visitor = await invited(pipeline, 'anna', 'admin');
    expect(visitor.setCookie).toMatch(/; HttpOnly/);
    expect(visitor.setCookie).toMatch(/; SameSite=Lax/);
    expect(visitor.setCookie).not.toMatch(/Secure|Expires/);
    const id = decodeURIComponent(visitor.cookie as string).replace(/^[^=]*=s:|\..*$/g, '');
    const keys = await pipeline.redis.client().keys('*');
    expect(keys.filter((key) => key.startsWith('order-pipeline:session:'))).toHaveLength(1);
    expect(keys.join()).not.toContain(id.slice(0, 20));
    const kept = await pipeline.redis.client().hgetall('{order-pipeline:people}');
    expect(JSON.stringify(kept)).not.toContain(PASSWORD);
  });

  it('get a Secure cookie from a page that came by TLS', async () => {
    await invited(pipeline, 'anna', 'read');
    const visitor = new Visitor(pipeline);
    const { host } = new URL(pipeline.url);
    const given = { name: 'anna', password: PASSWORD };
    expect(await visitor.post('/sign-in', given, { origin: `https://${host}` })).toBe(204);
    expect(visitor.setCookie).toMatch(/; Secure/);
  });

  it('get another id each time they sign in, whatever cookie they came with', async () => {
    const visitor = await invited(pipeline, 'anna', 'read');
    const before = visitor.cookie;
    expect(await visitor.signIn('anna')).toBe(204);
    expect(visitor.cookie).not.toBe(before);
    expect(await new Visitor(pipeline, before).session()).toMatchObject({ person: null });
    const planted = new Visitor(pipeline, 'order-pipeline.session=s%3Aplanted.planted');
    expect(await planted.signIn('anna')).toBe(204);
    expect(planted.cookie).not.toContain('planted');
  });

  it('lose at once what is taken from them', async () => {
    const visitor = await invited(pipeline, 'anna', 'admin');
    await people('role', 'anna', 'read');
    expect([await visitor.status(BOARD), await visitor.status(PAUSE, PUT)]).toEqual([200, 403]);
    await people('remove', 'ANNA');
    expect([await visitor.status(BOARD), await visitor.status('/stats/global')]).toEqual([401, 401]);
  });

  it('who were removed are not whoever is called so later', async () => {
    const visitor = await invited(pipeline, 'anna', 'admin');
    await people('remove', 'anna');
    await invited(pipeline, 'anna', 'read');
    expect(await visitor.session()).toMatchObject({ person: null });
  });

  it('sign out: here, or everywhere, or are signed out', async () => {
    const here = await invited(pipeline, 'anna', 'read');
    const there = new Visitor(pipeline);
    await there.signIn('anna');
    const stolen = new Visitor(pipeline, here.cookie);
    expect(await here.post('/sign-out', {})).toBe(204);
    expect([await stolen.status(BOARD), await there.status(BOARD)]).toEqual([401, 200]);

    await here.signIn('anna');
    expect(await there.post('/sign-out', { everywhere: true })).toBe(204);
    expect([await here.status(BOARD), await there.status(BOARD)]).toEqual([401, 401]);

    await here.signIn('anna');
    expect((await people('sign-out', 'anna')).code).toBe(0);
    expect(await here.status(BOARD)).toBe(401);
    expect(await here.signIn('anna')).toBe(204);
  });

  it('are signed out when nothing was asked for long, and when it was long since', async () => {
    const redis = pipeline.redis.client();
    const visitor = await invited(pipeline, 'anna', 'read');
    const [key] = await redis.keys('order-pipeline:session:*');
    await redis.expire(key as string, 100);
    expect(await visitor.status(BOARD)).toBe(200);
    expect(await redis.ttl(key as string)).toBeGreaterThan(7_000);

    const kept = JSON.parse((await redis.get(key as string)) as string);
    kept.as.since -= 12 * 3_600_000 + 1;
    await redis.set(key as string, JSON.stringify(kept), 'EX', 1_000);
    expect(await visitor.status(BOARD)).toBe(401);
    await redis.del(key as string);
    expect(await visitor.status(BOARD)).toBe(401);
  });

  it('are invited once, for three days, and by the newest link only', async () => {
    const tokenOf = ({ stdout }: { stdout: string }) => new URL(stdout.trim()).hash.slice(1);
    const first = tokenOf(await people('invite', 'anna', '--role', 'read'));
    const second = tokenOf(await people('invite', 'anna'));
    const take = (token: string) => new Visitor(pipeline).post('/invitation', { token, password: PASSWORD });
    expect(await take(first)).toBe(401);
    expect(await take('')).toBe(401);
    const both = await Promise.all([take(second), take(second)]);
    expect(both.sort()).toEqual([204, 401]);

    const third = tokenOf(await people('invite', 'anna'));
    const redis = pipeline.redis.client();
    const kept = JSON.parse((await redis.hget('{order-pipeline:people}', 'anna')) as string);
    kept.invitation.until = Date.now() - 1;
    await redis.hset('{order-pipeline:people}', 'anna', JSON.stringify(kept));
    expect(await take(third)).toBe(401);
    expect((await people('list')).stdout).toMatch(/^anna +read +good/m);
    expect(await new Visitor(pipeline).signIn('anna')).toBe(204);
  });

  it('choose a password of twelve characters or more, in any script', async () => {
    const token = async () =>
      new URL((await people('invite', 'anna', '--role', 'read')).stdout.trim()).hash.slice(1);
    const take = async (password: string) =>
      new Visitor(pipeline).post('/invitation', { token: await token(), password });
    expect([await take('elevenchars'), await take('x'.repeat(257))]).toEqual([400, 400]);
    const written = 'пароль é 密码密码';
    expect(await take(written)).toBe(204);
    expect(await new Visitor(pipeline).signIn('anna', written.normalize('NFD'))).toBe(204);
  });

  it('follow the pulse by their session, which the stream does not end', async () => {
    const visitor = await invited(pipeline, 'anna', 'read');
    const response = await visitor.ask('/pulse/stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('data: ')) text += (await reader?.read())?.value;
    await reader?.cancel();
    expect(await visitor.status('/pulse')).toBe(200);
  });

  it.each([
    ['sign out', (visitor: Visitor) => visitor.post('/sign-out', {})],
    ['are signed out everywhere', () => people('sign-out', 'anna')],
    ['are removed', () => people('remove', 'anna')],
  ])('who %s follow the pulse no longer', async (_, end) => {
    const visitor = await invited(pipeline, 'anna', 'read');
    const response = await visitor.ask('/pulse/stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    await reader?.read();
    await end(visitor);
    let events = 0;
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) events += 1;
    // One a second, and not only when each stream ends, after sixty.
    expect(events).toBeLessThan(20);
  });

  it('who come all at once are looked at one by one, and some are told to come again', async () => {
    const burst = Array.from({ length: 20 }, (_, i) => new Visitor(pipeline).signIn(`n${i}`));
    const statuses = await Promise.all(burst);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
  });

  it('are led to where they sign in, and back; programs are told', async () => {
    const visitor = new Visitor(pipeline);
    for (const path of ['/admin/queues/queue/orders?status=failed', '/stats/global']) {
      const response = await visitor.ask(path, PAGE);
      expect([response.status, response.headers.get('location')]).toEqual([
        303,
        `/sign-in?next=${encodeURIComponent(path)}`,
      ]);
      const told = await visitor.ask(path);
      expect([told.status, await told.json()]).toEqual([401, expect.objectContaining({ status: 401 })]);
    }
  });

  it.each(['/sign-in', '/invitation', '/sign-out'])(
    '%s hears no other site and reads no form',
    async (path) => {
      const visitor = await invited(pipeline, 'anna', 'read');
      expect(await visitor.post(path, {}, { origin: 'http://evil.example' })).toBe(403);
      expect(await visitor.post(path, {}, { 'content-type': 'text/plain' })).toBe(415);
      expect(await visitor.session()).toMatchObject({ person: { name: 'anna' } });
    },
  );

  it.each([null, 7, '"x"', {}, { name: ['a'], password: {} }, { name: 'x'.repeat(300), password: 'x' }])(
    'who send %j instead of a name and a password are refused',
    async (body) => {
      expect(await new Visitor(pipeline).post('/sign-in', body)).toBe(400);
    },
  );

  it('are named in the audit log and in the log, their passwords nowhere', async () => {
    const visitor = await invited(pipeline, 'anna', 'repair');
    expect(await visitor.status(PAUSE, PUT)).toBe(200);
    expect(await visitor.status(RESUME, PUT)).toBe(200);
    const entries = await pipeline.redis.client().xrange('order-pipeline:audit', '-', '+');
    const texts = entries.map(([, fields]) => fields.join(' '));
    expect(texts.filter((text) => text.includes('"pause all"') && text.includes('"anna"'))).toHaveLength(2);
    expect(texts.filter((text) => text.includes('"invite"') && text.includes('"command"'))).toHaveLength(2);
    expect(texts.filter((text) => text.includes('"choose password"'))).toHaveLength(2);
    expect([...texts, ...lines].join()).not.toContain(PASSWORD);
    expect(lines.join('\n')).toContain('"user":"anna"');
  });
});

describe('the admin of the configuration', () => {
  const ADMIN = { ADMIN_USER: 'Ops', ADMIN_PASSWORD: 'a password' };
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline(ADMIN, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it('signs in like anybody, until the password is another one', async () => {
    const visitor = new Visitor(pipeline);
    expect(await visitor.signIn('ops', 'another password')).toBe(401);
    expect(await visitor.signIn('ops', 'a password')).toBe(204);
    expect(await visitor.session()).toMatchObject({ person: { name: 'Ops', role: 'admin' } });
    expect(await visitor.status(PAUSE, PUT)).toBe(200);
    expect(await visitor.status(RESUME, PUT)).toBe(200);

    const changed = await startPipeline(
      { ...ADMIN, ADMIN_PASSWORD: 'another password' },
      { role: 'api', redis: pipeline.redis },
    );
    try {
      expect(await new Visitor(changed, visitor.cookie).status(BOARD)).toBe(401);
    } finally {
      await changed.stop();
    }
    expect((await peopleOf(pipeline, ADMIN)('sign-out', 'Ops')).code).toBe(0);
    expect(await visitor.status(BOARD)).toBe(401);
  });

  it('goes on as before with the password in each request, but whoever signed in goes first', async () => {
    const anna = await invited(pipeline, 'anna', 'read');
    const headers = { authorization: `Basic ${Buffer.from('Ops:a password').toString('base64')}` };
    expect(await new Visitor(pipeline).status(BOARD, { headers })).toBe(200);
    expect(await anna.status(PAUSE, { ...PUT, headers })).toBe(403);
  });

  it('is asked for by browsers that know of no page, and not once a session has ended', async () => {
    const asked = async (visitor: Visitor) => {
      const response = await visitor.ask(BOARD);
      await response.arrayBuffer();
      return response.headers.get('www-authenticate');
    };
    expect(await asked(new Visitor(pipeline))).toMatch(/^Basic/);
    expect(await asked(new Visitor(pipeline, 'order-pipeline.session=s%3Aover.over'))).toMatch(/^Bearer/);
  });
});

describe('attempts to sign in', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline(
      { AUTH_FAILURES_PER_MINUTE: '3', TRUST_PROXY: 'loopback', STATS_API: 'keys' },
      { role: 'api' },
    );
  });
  afterAll(() => pipeline.stop());

  it('are few, for one address and for one name', async () => {
    const attempt = (address: string, name: string) =>
      new Visitor(pipeline).post(
        '/sign-in',
        { name, password: 'a guess of mine' },
        { 'x-forwarded-for': address },
      );
    const burst = await Promise.all(Array.from({ length: 8 }, (_, i) => attempt('10.0.0.1', `n${i}`)));
    // Whether the others were looked at in time is the machine's affair.
    expect(burst.filter((status) => status === 429)).toHaveLength(5);
    const spread = await Promise.all(Array.from({ length: 5 }, (_, i) => attempt(`10.0.1.${i}`, 'anna')));
    expect(spread.filter((status) => status === 429)).toHaveLength(2);
  });
});

describe('without anybody configured', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it('the operators pages are open until somebody is invited, who is known before as well', async () => {
    const stranger = new Visitor(pipeline);
    expect(await stranger.status(BOARD)).toBe(200);
    expect(await stranger.session()).toEqual({ person: null, closed: false, provider: null });
    const visitor = new Visitor(pipeline);
    const link = await new PeopleStore(pipeline.redis.client()).makeSignInLink(60_000);
    expect(await visitor.post('/sign-in', { link })).toBe(204);
    expect([await visitor.status(PAUSE, PUT), await visitor.status(RESUME, PUT)]).toEqual([200, 200]);
    const [[, fields = []] = []] = await pipeline.redis.client().xrange('order-pipeline:audit', '-', '+');
    expect(fields.join()).toContain('"visitor"');
    const anna = await invited(pipeline, 'anna', 'read');
    expect(await anna.session()).toMatchObject({ person: { name: 'anna' } });
    await until(async () => (await stranger.status(BOARD)) === 401, 'the pages are closed');
    expect([await anna.status(BOARD), await anna.status(PAUSE, PUT)]).toEqual([200, 403]);
    expect(await stranger.status('/stats/global')).toBe(200);
  });
});

describe('processes whose clocks differ', () => {
  const YEAR_MS = 365 * 86_400_000;
  let products: Products;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    products = makeProducts();
    pipeline = await startPipeline({ STATS_API: 'keys' }, { role: 'api' });
  });
  afterAll(async () => {
    await products.stop();
    await pipeline.stop();
  });

  it.each([YEAR_MS, -YEAR_MS])('by %i ms take the same invitations and the same sessions', async (skew) => {
    const preload = new URL('../process/skewClock.mjs', import.meta.url).href;
    const other = await products.start(['api'], {
      REDIS_URL: pipeline.redis.url,
      STATS_API: 'keys',
      NODE_OPTIONS: `--import ${preload}`,
      CLOCK_SKEW_MS: String(skew),
    });
    await other.ready();
    const { stdout } = await peopleOf(pipeline)('invite', 'anna', '--role', 'read');
    const token = new URL(stdout.trim()).hash.slice(1);
    const there = new Visitor(other);
    expect(await there.post('/invitation', { token, password: PASSWORD })).toBe(204);
    const here = new Visitor(pipeline, there.cookie);
    expect([await here.status(BOARD), await there.status(BOARD)]).toEqual([200, 200]);
    expect(await here.signIn('anna')).toBe(204);
    expect(await new Visitor(other, here.cookie).status(BOARD)).toBe(200);
    expect((await peopleOf(pipeline)('sign-out', 'anna')).code).toBe(0);
    expect(await new Visitor(other, here.cookie).status(BOARD)).toBe(401);
  });
});

describe('while Redis is away', () => {
  it('nobody comes in, and whoever was in is told that nobody can say', async () => {
    const pipeline = await startPipeline({ STATS_API: 'keys' }, { role: 'api' });
    try {
      const anna = await invited(pipeline, 'anna', 'admin');
      // Out of memory nobody new comes in, and nobody is given a session that is kept nowhere.
      const bea = new Visitor(pipeline);
      await pipeline.redis.client().config('SET', 'maxmemory', '1');
      expect([await bea.signIn('anna'), bea.cookie]).toEqual([503, undefined]);
      expect(await anna.status('/stats/global')).toBe(200);
      await pipeline.redis.stop();
      expect(await anna.status('/stats/global')).toBe(503);
      expect(await anna.status(BOARD)).toBe(503);
      expect(await new Visitor(pipeline).signIn('anna')).toBe(503);
      expect(await (await anna.ask('/health')).json()).toMatchObject({ status: 'unhealthy' });
    } finally {
      await pipeline.stop();
    }
  });
});
