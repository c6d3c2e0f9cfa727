import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { KeyStore } from '../../src/access/keyStore.ts';
import { openBaselines, type SharedBaselines } from '../../src/quality/baselines/openBaselines.ts';
import type { FlaggedOrder } from '../../src/quality/flagged.ts';
import { keepLabel, lower, mute, readSteering } from '../../src/quality/outcomes/answers.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { groupId } from '../../src/quality/outcomes/groups.ts';
import { readGroup } from '../../src/quality/outcomes/readGroups.ts';
import { sightingsExchange } from '../../src/quality/outcomes/sightings.ts';
import {
  API_KEYS_KEY,
  baselineKeys,
  MODEL_SPEND_KEY,
  modelAnswerKey,
  PULSE_KEY,
  qualityKeys,
} from '../../src/store/keys.ts';
import { DAMAGED, type Place } from '../../src/store/stored.ts';
import { type ApiDocument, readApiDocument } from '../support/apiDocument.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { honest, startModelServer } from '../support/modelServer.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { reviewing as modelReviewing } from '../support/reviewing.ts';
import { until } from '../support/until.ts';
import { orderOf, reviewing } from './baselines/orders.ts';
import { aFinding } from './reviewRig.ts';

const SECRET = 'WHAT-NOBODY-MAY-READ';
/** Ways in which what was JSON may be something else. */
const DAMAGES: Readonly<Record<string, string>> = {
  'cut off': `{"rule":"${SECRET}`,
  'a number': '5',
  null: 'null',
  'a list': `["${SECRET}"]`,
  'an object of another shape': `{"finding":{"rule":"${SECRET}"},"at":"yesterday"}`,
  huge: JSON.stringify(SECRET.repeat(200_000)),
  nothing: '',
};

const flagged = (message: string, key: string): FlaggedOrder => ({
  message,
  partition: 0,
  minorUnits: 25_000,
  at: Date.now(),
  held: false,
  findings: [aFinding({ key, confidence: 0.99 })],
  order: { order_id: message },
});
const idOf = (key: string) => groupId({ rule: 'costly_line', key });
const label = (rule: string) => ({
  verdict: 'right' as const,
  rule,
  key: 'P1',
  by: { kind: 'person', name: 'anna' },
  at: new Date().toISOString(),
});
const lowered = { steps: 1, at: new Date().toISOString(), why: '0 of 9 labels call it right' };
const SPENT = {
  name: 'a-model',
  day: '2026-01-01',
  dollars: 1,
  dollars_cap: 2,
  tokens: 3,
  tokens_cap: 4,
  calls: 5,
  parse_failures: 0,
  canary_misses: 0,
  outcomes: {},
  open_until: null,
};

async function seed(redis: Redis): Promise<void> {
  await groupFindings(redis, 'b', [flagged('m1', 'BAD'), flagged('m2', 'GOOD')]);
  for (const [target, rule] of [
    [`group:${idOf('BAD')}`, 'bad_rule'],
    [`group:${idOf('GOOD')}`, 'costly_line'],
  ] as const) {
    await keepLabel(redis, target, label(rule));
    await lower(redis, rule, lowered);
  }
  const by = { kind: 'person', name: 'anna' };
  await mute(redis, { rule: 'costly_line', key: 'MUTED', by, at: new Date().toISOString() });
  await redis.set(qualityKeys.model, JSON.stringify(SPENT));
}

/** Every key of the stage as it lies there, less what lives for itself. */
async function kept(redis: Redis): Promise<Record<string, string>> {
  const keys = await redis.keys('{order-pipeline:quality}:*');
  const own = keys.filter((key) => !/:(quality|asking|sightings)/.test(key.slice(23))).sort();
  return Object.fromEntries(
    await Promise.all(own.map(async (key) => [key, (await redis.dumpBuffer(key))?.toString('hex')])),
  );
}

describe('what lies damaged under the keys of the quality stage', () => {
  let pipeline: TestPipeline;
  let api: ApiDocument;
  let redis: Redis;
  const { logger, lines } = collectingLogger();

  beforeAll(async () => {
    pipeline = await startPipeline(
      { ADMIN_USER: 'anna', ADMIN_PASSWORD: 'secret', STATS_API: 'keys', QUALITY: 'rules,learned' },
      { role: 'api', logger },
    );
    api = readApiDocument(await pipeline.json('/openapi.json'));
    redis = pipeline.redis.client();
  });
  afterAll(async () => {
    await pipeline.stop();
    logger.close();
  });
  beforeEach(async () => {
    const keys = await redis.keys('{order-pipeline:quality}:*');
    if (keys.length > 0) await redis.del(...keys);
    await seed(redis);
  });

  const headers = { authorization: `Basic ${Buffer.from('anna:secret').toString('base64')}` };
  // biome-ignore lint/suspicious/noExplicitAny: what the document says is held against it below.
  async function ask(path: string, at = path): Promise<any> {
    const operation = api.operation(path);
    const response = await pipeline.get(at, { headers });
    const text = await response.text();
    const faults = api.faults(operation, { status: response.status, headers: response.headers, body: text });
    expect([at, response.status, faults]).toEqual([at, 200, []]);
    return JSON.parse(text);
  }
  const everything = async () => ({
    summary: await ask('/quality/summary'),
    groups: (await ask('/quality/groups', '/quality/groups?state=all')).groups,
    orders: (await ask('/quality/findings')).orders,
    bad: await ask('/orders/{message_id}/findings', '/orders/m1/findings'),
    good: await ask('/orders/{message_id}/findings', '/orders/m2/findings'),
    metrics: (await pipeline.get('/metrics', { headers })).status,
  });
  const namesOf = (groups: { key: string }[]) => groups.map(({ key }) => key).sort();
  const told = () =>
    lines
      .map((line) => JSON.parse(line))
      .filter(({ message }) => message === 'a value in Redis cannot be read and is left out')
      .map(({ key, field }) => [key, field]);

  const BAD = qualityKeys.group(idOf('BAD'));
  const { labels, lowered: loweredKey, findings, model } = qualityKeys;
  const place = (key: string) => `group:${idOf(key)}|person|anna`;
  /** Where, and which of two groups and of two flagged orders are left. */
  const FIELDS: [string, string, number, number][] = [
    [labels, place('BAD'), 2, 2],
    [loweredKey, 'bad_rule', 2, 2],
    [findings, 'm1', 2, 1],
    ...['finding', 'severity', 'orders', 'findings', 'minor', 'first', 'last', 'version'].map(
      (field): [string, string, number, number] => [BAD, field, 1, 2],
    ),
    ...['examples', 'seen', 'samples', 'told'].map((field): [string, string, number, number] => [
      BAD,
      field,
      2,
      2,
    ]),
  ];

  it.each(Object.keys(DAMAGES))(
    'a value that is %s is left out and told, and the rest answers',
    async (how) => {
      const text = DAMAGES[how] as string;
      for (const [key, field, groups, orders] of FIELDS) {
        const before = await redis.hget(key, field);
        await redis.hset(key, field, text);
        // Of figures a plain 5 is one, and no JSON has to be there.
        const isFigure =
          /^(orders|findings|minor|first|last|version)$/.test(field) && ['5', ''].includes(text);
        const lies = await kept(redis);
        const said = await everything();
        expect([field, said.groups.length, said.orders.length]).toEqual([
          field,
          isFigure ? 2 : groups,
          orders,
        ]);
        expect(namesOf(said.groups)).toContain('GOOD');
        expect(said.good.findings).toHaveLength(1);
        expect(said.metrics).toBe(200);
        expect(said.summary.rules.find(({ rule }: { rule: string }) => rule === 'costly_line')).toMatchObject(
          {
            right: 1,
            muted: 1,
            lowered: { steps: 1 },
          },
        );
        expect((await readSteering(redis)).lowered.get('costly_line')).toBe(1);
        expect((await readSteering(redis)).muted.has('costly_line MUTED')).toBe(true);
        expect([field, await kept(redis)]).toEqual([field, lies]);
        if (before === null) await redis.hdel(key, field);
        else await redis.hset(key, field, before);
      }
      await redis.set(model, text);
      expect((await everything()).summary.model).toBeNull();
      expect(told()).toEqual(
        expect.arrayContaining([[model, undefined], ...FIELDS.map(([key, field]) => [key, field])]),
      );
      expect(new Set(told().map(String)).size).toBe(told().length);
      expect(lines.join('')).not.toContain(SECRET);
    },
  );

  it('something of another type is left out and told, and the rest answers', async () => {
    const { groups, rare, flagged: zset, muted } = qualityKeys;
    for (const key of [labels, loweredKey, findings, model, groups, rare, zset, muted, BAD]) {
      await redis.rename(key, 'aside').catch(() => redis.del('aside'));
      await redis.rpush(key, SECRET);
      const said = await everything();
      expect([key, said.metrics]).toEqual([key, 200]);
      if (key !== groups && key !== rare) expect(namesOf(said.groups)).toContain('GOOD');
      expect(await readSteering(redis)).toBeDefined();
      expect(await redis.type(key)).toBe('list');
      await redis.del(key);
      await redis.rename('aside', key).catch(() => {});
    }
    for (const key of [labels, loweredKey, findings, model, groups, rare, zset, muted, BAD])
      expect(told()).toContainEqual([key, undefined]);
    expect(lines.join('')).not.toContain(SECRET);
  });

  it('the pulse tells of the other processes and orders', async () => {
    const read = () => pipeline.get('/pulse', { headers });
    for (const text of Object.values(DAMAGES)) {
      await redis.hset(`${PULSE_KEY}:processes`, 'bad', `1 ${Math.round(Date.now() / 1_000)} ${text}`);
      await redis.lpush(`${PULSE_KEY}:newest:counted`, text);
      await redis.lpush(`${PULSE_KEY}:newest:refused`, text);
      await redis.hset(`${PULSE_KEY}:last`, 'inbox', text);
      const response = await read();
      expect(response.status).toBe(200);
      expect(JSON.stringify(await response.json())).not.toContain(SECRET);
    }
    for (const list of ['newest:counted', 'newest:refused']) {
      await redis.del(`${PULSE_KEY}:${list}`);
      await redis.set(`${PULSE_KEY}:${list}`, SECRET);
      expect((await read()).status).toBe(200);
      await redis.del(`${PULSE_KEY}:${list}`);
    }
  });

  it('a damaged API key opens nothing, and the others go on', async () => {
    const store = new KeyStore(redis);
    const [bad, good] = await Promise.all(
      ['bad', 'good'].map((name) => store.create({ name, role: 'admin' }, Date.now())),
    );
    const statusOf = async ({ key = '' } = {}) =>
      (await pipeline.get('/stats/global', { headers: { authorization: `Bearer ${key}` } })).status;
    const rest = JSON.parse((await redis.hget(API_KEYS_KEY, bad?.id ?? '')) ?? '');
    const damages = [...Object.values(DAMAGES), JSON.stringify({ ...rest, digest: 'short' })];
    for (const text of damages) {
      await redis.hset(API_KEYS_KEY, bad?.id ?? '', text);
      expect([text.slice(0, 40), await statusOf(bad)]).toEqual([text.slice(0, 40), 401]);
      expect(await statusOf(good)).toBe(200);
      expect((await store.list()).map(({ name }) => name)).toEqual(['good']);
    }
  });
});

describe('roles that meet damaged values', () => {
  let server: TestRedis;
  let redis: Redis;
  let places: Place[] = [];
  let opened: SharedBaselines[] = [];
  const errors: Error[] = [];

  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    redis = server.client();
    await redis.flushall();
    places = [];
    redis.on(DAMAGED, (place: Place) => places.push(place));
  });
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
    opened = [];
    expect(errors.splice(0)).toEqual([]);
  });

  it.each([
    ...['examples', 'seen', 'orders', 'findings', 'minor', 'first', 'last'].map((field) => [field]),
    ['another type'],
  ])('a batch is grouped whole where %s of one group is damaged', async (field) => {
    for (const text of Object.values(DAMAGES).filter((each) => each !== '5')) {
      await redis.flushall();
      await groupFindings(redis, 'before', [flagged('m1', 'BAD')]);
      const bad = qualityKeys.group(idOf('BAD'));
      if (field === 'another type') {
        await redis.del(bad);
        await redis.set(bad, text);
      } else await redis.hset(bad, field, text);
      expect(await groupFindings(redis, 'b', [flagged('m2', 'BAD'), flagged('m3', 'GOOD')])).toContain(
        idOf('GOOD'),
      );
      expect(await readGroup(redis, idOf('GOOD'))).toMatchObject({ orders: 1, examples: ['m3'] });
      const after = await readGroup(redis, idOf('BAD'));
      if (field === 'another type') expect([after, await redis.type(bad)]).toEqual([undefined, 'string']);
      else expect(after?.examples).toContain('m2');
    }
  });

  it('a batch that cannot be kept is tried again, not taken for one that was', async () => {
    for (const key of [qualityKeys.groups, qualityKeys.rare, qualityKeys.flagged, qualityKeys.findings]) {
      await redis.set(key, 'x');
      await expect(groupFindings(redis, 'b', [flagged('m1', 'P1')])).rejects.toThrow('WRONGTYPE');
      await redis.del(key);
      expect(await redis.exists(qualityKeys.group(idOf('P1')))).toBe(0);
    }
    expect(await groupFindings(redis, 'b', [flagged('m1', 'P1')])).toHaveLength(1);
  });

  it('what other workers saw is heard past what nobody can read', async () => {
    const heard: string[] = [];
    const exchange = sightingsExchange(redis, {
      drain: () => ({ sightings: [], settle: () => {} }),
      absorb: (some) => {
        heard.push(...some.map(([, , , orderId]) => orderId));
        return [];
      },
    });
    for (const text of [...Object.values(DAMAGES), '[5]', '[[1,2,3]]', '[[1,2,3,{"a":1},5]]'])
      await redis.xadd(qualityKeys.sightings, '*', 'other', text);
    await redis.xadd(qualityKeys.sightings, '*', 'other', '[[1,2,3,"A1",5]]');
    await exchange();
    expect(heard).toEqual(['A1']);
    await redis.del(qualityKeys.sightings);
    await redis.set(qualityKeys.sightings, 'x');
    expect(await exchange()).toEqual([]);
    expect(places).toContainEqual({ key: qualityKeys.sightings });
  });

  const OFTEN = { turnMs: 5, sendWithinMs: 20, readWithinMs: 20, longestLog: 500 };
  const odd = () => orderOf({ lines: [{ product: 'P100', price: 250 }] });
  async function worker(pace = {}) {
    const shared = await openBaselines(
      { redis, onError: (error) => errors.push(error) },
      { ...OFTEN, ...pace },
    );
    opened.push(shared);
    return { ...shared, ...reviewing(shared.checks) };
  }
  /** Some learned, in a snapshot. */
  async function snapshot(): Promise<string> {
    for (let at = 0; at < 3; at += 1) {
      const one = await worker({ longestLog: 2, turnMs: 60_000 });
      for (let order = 0; order < 40; order += 1)
        one.count(orderOf({ lines: [{ product: 'P100', price: 2.5 }] }));
      await one.close();
    }
    return baselineKeys.snapshot((await redis.hget(baselineKeys.head, 'position')) ?? '');
  }
  const packed = (value: unknown) => deflateRawSync(JSON.stringify(value));

  it('what was observed is learned past entries that nobody can read', async () => {
    const one = await worker({ turnMs: 60_000 });
    const row = [1, '', 'AAA', 'U9', 0, 0, []];
    const bad = [
      Buffer.from('no deflated JSON'),
      ...Object.values(DAMAGES).map((text) => deflateRawSync(text)),
      packed({ v: 1, observations: 5 }),
      packed({ v: 1, change: ['forget'] }),
      packed({
        v: 1,
        observations: [
          5,
          null,
          [...row, 'P100', null, 1, 0],
          [...row, 'P100', 2.5, 0, 0],
          [...row, 'P100', 'many', 1, 0],
          [...row, 'P100'],
          [...row.slice(0, 6), 5],
        ],
      }),
      deflateRawSync(Buffer.alloc(100_000_000, ' ')),
    ];
    for (const entry of bad) await redis.xadd(baselineKeys.log, '*', 'entry', entry);
    await redis.xadd(baselineKeys.log, '*', 'a', 'b');
    for (let at = 0; at < 30; at += 1) one.count(orderOf({ lines: [{ product: 'P100', price: 2.5 }] }));
    await one.close();
    expect(one.rules(odd())).toEqual(['price_unlike_product']);
    expect(one.judge(odd())[0]?.from).toBe(30);
    expect(places.every(({ key, field }) => key === baselineKeys.log && field)).toBe(true);
    expect(new Set(places.map(({ field }) => field)).size).toBe(bad.length + 1);
  });

  it.each([
    ['its rest cannot be read', (key: string) => redis.hset(key, 'rest', 'x')],
    ['its rest is of another shape', (key: string) => redis.hset(key, 'rest', packed({ masks: {} }))],
    [
      'a part of its rest is of another shape',
      async (key: string) => {
        const rest = JSON.parse(inflateRawSync((await redis.hgetBuffer(key, 'rest')) as Buffer).toString());
        rest.quantities.reach = 5;
        await redis.hset(key, 'rest', packed(rest));
      },
    ],
    ['its products cannot be read', (key: string) => redis.hset(key, '1', packed([['P100', null]]))],
    ['it is gone', (key: string) => redis.del(key)],
    [
      'something of another type lies there',
      async (key: string) => {
        await redis.del(key);
        await redis.set(key, 'x');
      },
    ],
    ['its position is none', () => redis.hset(baselineKeys.head, 'position', 'x')],
    [
      'its head is of another type',
      async () => {
        await redis.del(baselineKeys.head);
        await redis.set(baselineKeys.head, 'x');
      },
    ],
  ])('workers learn and agree where of the snapshot %s', async (_, damage) => {
    await damage(await snapshot());
    places = [];
    const [one, two] = [await worker(), await worker()];
    expect(places.length).toBeGreaterThan(0);
    for (let at = 0; at < 40; at += 1) one.count(orderOf({ lines: [{ product: 'P7', price: 8 }] }));
    const far = () => orderOf({ lines: [{ product: 'P7', price: 800 }] });
    await until(
      () => [one, two].every(({ rules }) => rules(far()).includes('price_unlike_product')),
      'both have learned what came since',
    );
    expect(one.judge(far())).toEqual(two.judge(far()));
    expect(one.judge(odd())).toEqual(two.judge(odd()));
    // The next snapshot mends it, once its turn comes.
    await redis.del(baselineKeys.lease);
    for (let at = 0; at < 3; at += 1) {
      const next = await worker({ longestLog: 1, turnMs: 60_000 });
      next.count(orderOf({ lines: [{ product: 'P7', price: 8 }] }));
      await next.close();
    }
    places = [];
    const three = await worker();
    expect([places, three.rules(far())]).toEqual([[], ['price_unlike_product']]);
  });

  it('a log of another type is told, workers go on judging, and learn when it is gone', async () => {
    const one = await worker();
    for (let at = 0; at < 30; at += 1) one.count(orderOf({ lines: [{ product: 'P100', price: 2.5 }] }));
    await until(() => one.rules(odd()).length === 1, 'it has learned');
    await redis.del(baselineKeys.log);
    await redis.set(baselineKeys.log, 'x');
    for (let at = 0; at < 30; at += 1) one.count(orderOf({ lines: [{ product: 'P7', price: 8 }] }));
    await until(() => places.length > 0, 'it is told');
    expect(places[0]).toEqual({ key: baselineKeys.log });
    expect(one.rules(odd())).toHaveLength(1);
    await redis.del(baselineKeys.log);
    const far = () => orderOf({ lines: [{ product: 'P7', price: 800 }] });
    await until(() => one.rules(far()).length === 1, 'it learns what it kept');
  });

  describe('and a language model', () => {
    const ask = async (model: ReturnType<typeof modelReviewing>['reviewer'], value: string) =>
      (await model.judgeValues('payment_method', [value]))[0]?.outcome;

    it.each(['nano', 'tokens', 'calls', 'outcome:ok', 'outcome:over_budget', 'another type'])(
      'no more is spent than may be where %s of its budget is damaged',
      async (field) => {
        const model = await startModelServer(honest);
        const { reviewer } = modelReviewing(redis, model.baseUrl);
        try {
          expect(await ask(reviewer, 'FIRST')).toBe('ok');
          if (field === 'another type') {
            await redis.del(MODEL_SPEND_KEY);
            await redis.set(MODEL_SPEND_KEY, 'x');
          } else await redis.hset(MODEL_SPEND_KEY, field, 'x');
          const isAmount = ['nano', 'tokens', 'another type'].includes(field);
          expect(await ask(reviewer, 'SECOND')).toBe(isAmount ? 'over_budget' : 'ok');
          const { dollars, tokens, calls, dollarsCap, tokensCap } = await reviewer.spend();
          for (const amount of [dollars, tokens, calls]) expect(Number.isFinite(amount)).toBe(true);
          if (field === 'nano') expect(dollars).toBe(dollarsCap);
          if (field === 'tokens') expect(tokens).toBe(tokensCap);
          expect(places[0]?.key).toBe(MODEL_SPEND_KEY);
        } finally {
          reviewer.close();
          await model.stop();
        }
      },
    );

    it('an answer that nobody can read is asked for again', async () => {
      const model = await startModelServer(honest);
      const { reviewer } = modelReviewing(redis, model.baseUrl);
      try {
        expect(await ask(reviewer, 'VISA')).toBe('ok');
        const keys = await redis.keys(modelAnswerKey('*'));
        expect(keys).toHaveLength(1);
        const again = async () => (await reviewer.judgeValues('payment_method', ['VISA']))[0];
        expect(await again()).toMatchObject({ outcome: 'ok', cached: true });
        for (const text of Object.values(DAMAGES)) {
          await redis.set(keys[0] as string, text);
          expect(await again()).toMatchObject({ outcome: 'ok', cached: false });
        }
        await redis.del(keys[0] as string);
        await redis.rpush(keys[0] as string, 'x');
        expect(await again()).toMatchObject({ outcome: 'ok', cached: false });
      } finally {
        reviewer.close();
        await model.stop();
      }
    });
  });
});
