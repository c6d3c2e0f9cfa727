import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as quality } from '../../src/cli/quality/run.ts';
import { openBaselines } from '../../src/quality/baselines/openBaselines.ts';
import { declaredChecks } from '../../src/quality/declared/declaredChecks.ts';
import type { FlaggedOrder } from '../../src/quality/flagged.ts';
import type { CallOutcome } from '../../src/quality/model/opinion.ts';
import { readSteering } from '../../src/quality/outcomes/answers.ts';
import { startAskingModel } from '../../src/quality/outcomes/askModel.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { groupId, MOST_FLAGGED, MOST_GROUPS, QUIET_MS } from '../../src/quality/outcomes/groups.ts';
import { readSpend } from '../../src/quality/outcomes/modelSpend.ts';
import {
  countGroups,
  readFlagged,
  readGroup,
  readGroups,
  readRareGroups,
} from '../../src/quality/outcomes/readGroups.ts';
import { sightingsExchange } from '../../src/quality/outcomes/sightings.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { qualityKeys } from '../../src/store/keys.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { startReviewing } from '../../src/worker/reviewing.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { honest, type Plays, startModelServer } from '../support/modelServer.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { reviewing } from '../support/reviewing.ts';
import { until } from '../support/until.ts';
import { anOrderOf } from './judging.ts';
import { aFinding, costlyLines } from './reviewRig.ts';

const NOW = Date.parse('2026-06-20T12:00:00Z');
const flagged = (message: string, changes: Parameters<typeof aFinding>[0] = {}, at = NOW): FlaggedOrder => ({
  message,
  partition: 0,
  minorUnits: 100,
  at,
  held: false,
  findings: [aFinding(changes)],
});
const some = (count: number, key: string, at = NOW) =>
  Array.from({ length: count }, (_, nth) => flagged(`${key}-${at}-${nth}`, { key }, at));

/** Resolves once `now` was called: the first turn of a worker that heard what is muted. */
function once() {
  let now = () => {};
  const told = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { told, now };
}

describe('what becomes of findings', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.client().flushall());
  const group = (batch: string, orders: FlaggedOrder[]) => groupFindings(redis.client(), batch, orders);
  const command = (args: string[]) => runCommand(quality, args, { REDIS_URL: redis.url });
  /** The role's asking of a model that does so. */
  const askedModel = async (plays: Plays, timeoutMs = 30_000, now = Date.now) => {
    const server = await startModelServer(plays);
    const client = redis.client();
    const { reviewer } = reviewing(client, server.baseUrl, { timeoutMs });
    const asking = startAskingModel({ redis: client, model: reviewer, now, onError: () => {} });
    return {
      server,
      async stop() {
        reviewer.close();
        await asking.stop();
        await server.stop();
      },
    };
  };
  const P1 = groupId({ rule: 'costly_line', key: 'P1' });
  const toldOf = async (id: string) => {
    const read = async () => (await readGroup(redis.client(), id))?.told;
    await until(async () => (await read()) !== undefined, 'the model was asked');
    return read();
  };

  it('a group opens with its third order, or at once where a finding is plain; a batch that comes again adds nothing', async () => {
    expect(await group('a', some(2, 'P1'))).toEqual([]);
    expect(await group('a', some(2, 'P1'))).toBeUndefined();
    expect(await group('b', [flagged('m', { key: 'P2', confidence: 0.99 })])).toHaveLength(1);
    expect(await group('c', [flagged('n', { key: 'P3', rule: 'price_level_moved' })])).toHaveLength(1);
    expect(await countGroups(redis.client(), [], NOW)).toEqual({ open: 2, rare: 1, quiet: 0, muted: 0 });
    expect(await readRareGroups(redis.client(), 9)).toMatchObject([{ key: 'P1', orders: 2, isOpen: false }]);
    expect(await group('d', [flagged('o')])).toEqual([P1]);
    expect(await readGroup(redis.client(), P1)).toMatchObject({ orders: 3, findings: 3, isOpen: true });
    expect(await countGroups(redis.client(), [], NOW)).toEqual({ open: 3, rare: 0, quiet: 0, muted: 0 });
  });

  it('a group that was quiet for a week begins anew', async () => {
    await group('a', some(3, 'P1'));
    const later = NOW + QUIET_MS + 1;
    expect(await countGroups(redis.client(), [], later)).toMatchObject({ open: 0, quiet: 1 });
    await group('b', [flagged('later', {}, later)]);
    expect(await readGroup(redis.client(), P1)).toMatchObject({ orders: 1, firstSeen: later, isOpen: false });
    expect(await countGroups(redis.client(), [], later)).toMatchObject({ open: 0, rare: 1 });
  });

  it('what is kept is bounded, and what was not seen for longest goes', async () => {
    const orders = Array.from({ length: MOST_FLAGGED + 7 }, (_, at) =>
      flagged(`m${at}`, { key: `P${at % (2 * MOST_GROUPS)}`, confidence: at % 2 ? 0.99 : 0.5 }, NOW + at),
    );
    for (let from = 0; from < orders.length; from += 1_000)
      await group(`b${from}`, orders.slice(from, from + 1_000));
    // All of an even number of the first batch had three orders by the end.
    await group(
      'rare',
      Array.from({ length: MOST_GROUPS + 9 }, (_, at) => flagged(`r${at}`, { key: `R${at}` })),
    );
    const client = redis.client();
    const { groups, rare, flagged: kept, findings } = qualityKeys;
    expect(await Promise.all([client.zcard(groups), client.zcard(rare), client.zcard(kept)])).toEqual([
      MOST_GROUPS,
      MOST_GROUPS,
      MOST_FLAGGED,
    ]);
    expect(await client.hlen(findings)).toBe(MOST_FLAGGED);
    expect((await client.keys(qualityKeys.group('*'))).length).toBe(2 * MOST_GROUPS);
    expect((await readGroups(client, 1))[0]).toMatchObject({ lastSeen: NOW + MOST_FLAGGED + 6 });
  });

  it.each([1, 3, 4])('pages of %i leave out no flagged order', async (most) => {
    const client = redis.client();
    const orders = Array.from({ length: 12 }, (_, nth) => flagged(`m${nth}`, {}, NOW + Math.floor(nth / 5)));
    await group('b1', orders);
    // What cannot be read is no end.
    await client.hset(qualityKeys.findings, 'm7', 'x');
    const seen: string[] = [];
    let before: number | undefined;
    do {
      const page = await readFlagged(client, most, before);
      seen.push(...page.orders.map(({ message }) => message));
      before = page.next;
    } while (before !== undefined && seen.length < 20);
    const all = orders.map(({ message }) => message).filter((message) => message !== 'm7');
    expect(seen.toSorted()).toEqual(all.toSorted());
  });

  it('the quality command tells where something cannot be read, once, beside the rest', async () => {
    const now = Date.now();
    await group('a', [...some(3, 'P1', now), ...some(3, 'P2', now)]);
    await redis.client().hset(qualityKeys.group(P1), 'finding', '{"rule":');
    const { code, stdout, stderr } = await command(['groups']);
    expect([code, stdout.includes('P1'), stdout.includes('P2')]).toEqual([0, false, true]);
    expect(stderr).toBe(`left out, because it cannot be read: ${qualityKeys.group(P1)} finding\n`);
  });

  it('the quality command tells of groups and findings, and takes what people say, into the audit log', async () => {
    const now = Date.now();
    await group('a', [...some(3, 'P1', now), flagged('odd', { key: 'P9', observed: '\u001b[2J9.00' }, now)]);
    const open = await command(['groups']);
    expect(open.stdout).toMatch(new RegExp(`^${P1} +open +warn +costly_line +P1 +3 `, 'm'));
    expect(open.stdout).not.toContain('P9');
    const all = await command(['groups', '--all']);
    expect(all.stdout).toMatch(/ rare +warn +costly_line +P9 /);
    expect(all.stdout).not.toContain('\u001b');
    const json = (await command(['groups', '--json'])).stdout.trim().split('\n');
    // In the words of the API.
    expect(json.map((line) => JSON.parse(line))).toMatchObject([
      { group: P1, state: 'open', money: 3, first_seen: new Date(now).toISOString(), labels: { right: 0 } },
    ]);
    const [finding] = (await command(['findings', 'odd', '--json'])).stdout.trim().split('\n');
    expect(JSON.parse(finding as string)).toMatchObject({ rule: 'costly_line', key: 'P9', fix: null });
    expect((await command(['findings', 'odd'])).stdout).toContain('costly_line');

    expect(await command(['label', P1, 'right', '--because', 'seen on paper'])).toEqual({
      code: 0,
      stdout: 'Labelled right; together its labels say right\n',
      stderr: '',
    });
    for (const [args, said] of [
      [['mute', P1], 'Muted'],
      [['unmute', P1], 'It speaks again'],
    ] as const)
      expect(await command([...args])).toEqual({ code: 0, stdout: `${said}\n`, stderr: '' });
    expect((await command(['unmute', P1])).code).toBe(1);
    await command(['mute', P1]);
    await redis.client().multi().zrem(qualityKeys.groups, P1).del(qualityKeys.group(P1)).exec();
    expect((await command(['groups', '--all'])).stdout).toMatch(
      new RegExp(`^${P1} +muted +costly_line +P1`, 'm'),
    );
    expect((await command(['groups', '--all', '--json'])).stdout).toContain(
      `{"state":"muted","group":"${P1}"`,
    );
    expect((await command(['unmute', P1])).code).toBe(0);
    expect((await command(['restore', 'costly_line'])).code).toBe(1);
    expect((await command(['reset', 'price_unlike_product', 'P1', '--because', 'a bad day'])).code).toBe(0);
    expect((await command(['reset', 'costly_line'])).code).toBe(1);
    expect((await command(['reset'])).code).toBe(2);
    expect((await command(['findings', 'none'])).code).toBe(1);
    expect((await command(['label', P1, 'maybe'])).code).toBe(2);
    const trail = (await auditTrail(redis.client())).map(({ action, result }) => `${action} ${result}`);
    expect(trail).toEqual(
      expect.arrayContaining([
        'label group done',
        'mute group done',
        'unmute group done',
        'unmute group refused',
        'reset rule done',
        'reset rule refused',
      ]),
    );
  });

  it('of what is muted a worker says nothing, and learns from its orders', async () => {
    await group('a', some(3, 'P1'));
    await command(['mute', P1]);
    const check = costlyLines();
    const handed: unknown[] = [];
    const steering = await readSteering(redis.client());
    const steered = once();
    const review = startReviewing({
      reviewer: makeReviewer([check]),
      mayHold: () => false,
      steering: async () => steering,
      hand: async (batch) => handed.push(batch) > 0,
      exchange: async () => {
        steered.now();
        return [];
      },
      tally: new Tally(),
      onError: () => {},
    });
    await steered.told;
    const costly = (id: string, productId: string) => {
      const order = anOrderOf({
        order_id: id,
        order_value: 500,
        items: [{ product_id: productId, quantity: 2, price_per_unit: 250 }],
      });
      review.counted(order, review.judge(order), { id, partition: 0, data: {} });
    };
    costly('MUTED', 'P1');
    costly('TOLD', 'P2');
    await review.stop();
    expect(handed).toMatchObject([{ orders: [{ message: 'TOLD' }] }]);
    expect(check.learned).toEqual(['MUTED', 'TOLD']);
  });

  it('a model is shown a value, of however few orders, but no orders of what is rare or calls nothing wrong', async () => {
    const value = { rule: 'payment_method_unknown', key: 'BRIBERY', expected: 'a way to pay' };
    const moved = { rule: 'price_level_moved', severity: 'info' } as const;
    await group('a', [
      flagged('v', value, Date.now()),
      flagged('r', { key: 'P7' }, Date.now()),
      flagged('m', moved, Date.now()),
    ]);
    const model = await askedModel(honest);
    try {
      expect(await toldOf(groupId(value))).toMatchObject({ outcome: 'ok', opinion: { verdict: 'defect' } });
      const { asked } = model.server;
      // What a finding says in words is no way to pay that the shop knows.
      expect(asked.map(({ known }) => known)).toEqual([[]]);
      expect(asked.flatMap(({ entries }) => entries.map((entry) => entry.value))).toContain('BRIBERY');
      expect(asked).toHaveLength(1);
    } finally {
      await model.stop();
    }
  });

  it('what a model costs is told while its answer is waited for, however long it thinks', async () => {
    await group('a', [flagged('v', { rule: 'payment_method_unknown', key: 'BRIBERY' }, Date.now())]);
    const model = await askedModel(() => ({ never: true }));
    try {
      await until(() => model.server.asked.length === 1, 'it was asked');
      await until(async () => (await readSpend(redis.client())) !== null, 'what it costs is told');
    } finally {
      await model.stop();
    }
  });

  it.each<[string, number]>([
    ['did not know the key', 401],
    ['was overloaded', 503],
  ])('a group is shown again, an hour later, where the endpoint %s', async (_, status) => {
    const value = { rule: 'payment_method_unknown', key: 'BRIBERY' };
    await group('a', [flagged('v', value, Date.now())]);
    const first = await askedModel(() => ({ status, text: '{}' }));
    expect(await toldOf(groupId(value))).toMatchObject({ outcome: `http_${status}` });
    await first.stop();
    const later = await askedModel(honest, 30_000, () => Date.now() + 3_700_000);
    try {
      await until(async () => (await toldOf(groupId(value)))?.outcome === 'ok', 'it was shown again');
    } finally {
      await later.stop();
    }
  });

  it('what reaches two processes at the same moment is found once, at one of them, and keeps what else was found', async () => {
    const client = redis.client();
    const handed: FlaggedOrder[] = [];
    const worker = async () => {
      const declared = declaredChecks();
      const exchange = sightingsExchange(client, declared);
      const steered = once();
      const review = startReviewing({
        reviewer: makeReviewer([...declared.checks, costlyLines()]),
        mayHold: () => true,
        steering: () => readSteering(client),
        hand: async ({ orders }) => handed.push(...orders) > 0,
        exchange: async () => {
          const late = await exchange();
          steered.now();
          return late;
        },
        tally: new Tally(),
        onError: (error) => expect(error).toBeUndefined(),
      });
      await steered.told;
      const take = (id: string, changes: Parameters<typeof anOrderOf>[0]) => {
        const order = anOrderOf({ order_timestamp: '2026-06-20T10:00:00Z', ...changes });
        review.counted(order, review.judge(order), { id, partition: 0, data: {} });
      };
      return { ...review, take };
    };
    const [one, two] = [await worker(), await worker()];
    const costly = { order_value: 500, items: [{ product_id: 'P1', quantity: 2, price_per_unit: 250 }] };
    const cheap = { order_value: 20, items: [{ product_id: 'P1', quantity: 2, price_per_unit: 10 }] };
    one.take('a1', { order_id: 'A1', user_id: 'U1', ...cheap });
    two.take('a2', { order_id: 'A2', user_id: 'U1', ...cheap });
    one.take('b1', { order_id: 'B', user_id: 'U2', ...costly });
    two.take('b2', { order_id: 'B', user_id: 'U3', ...costly });
    await one.stop();
    await two.stop();
    const late = handed.filter(({ findings }) => findings.some(({ rule }) => rule !== 'costly_line'));
    expect(late.map(({ message, findings }) => [message, findings.map(({ rule }) => rule)])).toEqual([
      ['a2', ['same_content_new_id']],
      ['b2', ['costly_line', 'order_id_of_two_users']],
    ]);
    await group('late', handed);
    const rare = await readRareGroups(client, 9);
    expect(rare.find(({ id }) => id === P1)).toMatchObject({ orders: 2, findings: 2 });
  });

  it.each<[string, Plays | undefined, CallOutcome | undefined]>([
    ['without a model', undefined, undefined],
    ['with a model that never answers', () => ({ never: true }), 'timeout'],
    ['with one that is down', () => ({ hangUp: true }), 'unreachable'],
    ['with one that answers 10 MB', () => ({ endless: true }), 'too_large'],
    ['with one that sends a page', () => ({ status: 200, text: '<html>' }), 'unparsable'],
  ])(
    '%s an order costs no command of Redis, a hundred of them less than one, and none waits',
    async (_, plays, outcome) => {
      const client = redis.client();
      let sent = 0;
      const send = client.sendCommand.bind(client);
      client.sendCommand = (...what) => {
        sent += 1;
        return send(...what);
      };
      await group(
        'a',
        some(3, 'P1', Date.now()).map((each) => ({ ...each, order: { order_id: 'A' } })),
      );
      const model = plays ? await askedModel(plays, 300) : undefined;
      const baselines = await openBaselines({ redis: client, onError: () => {} });
      const declared = declaredChecks();
      const exchange = sightingsExchange(client, declared);
      const steered = once();
      const tally = new Tally();
      const review = startReviewing({
        reviewer: makeReviewer([...declared.checks, ...baselines.checks]),
        mayHold: () => false,
        steering: () => readSteering(client),
        hand: async () => true,
        exchange: async () => {
          const late = await exchange();
          steered.now();
          return late;
        },
        tally,
        onError: () => {},
      });
      await steered.told;
      const before = sent;
      const ORDERS = 1_000;
      for (let at = 0; at < ORDERS; at += 1) {
        const order = anOrderOf({ order_id: `O${at}`, user_id: `U${at % 90}` });
        review.counted(order, review.judge(order), { id: `m${at}`, partition: 0, data: {} });
      }
      // In one go: had any of them waited for something, nothing would have been counted yet.
      expect([sent - before, tally.countOf('reviewed')]).toEqual([0, ORDERS]);
      await review.stop();
      await baselines.close();
      expect(sent - before).toBeLessThanOrEqual(ORDERS / 100);
      if (!model) return;
      try {
        expect(await toldOf(P1)).toMatchObject({ outcome });
      } finally {
        await model.stop();
      }
    },
  );
});
