import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  answersOf,
  honest,
  type ModelServer,
  type Plays,
  startModelServer,
} from '../../support/modelServer.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { aGroup, reviewing } from '../../support/reviewing.ts';
import { until } from '../../support/until.ts';

const prose = (text: string) =>
  `Of course! Here is what I think {of it}:\n\`\`\`json\n${text}\n\`\`\`\nAnything else?`;
const status =
  (code: number, text = '{"error":{"message":"no"}}'): Plays =>
  () => ({ status: code, text });

describe('a language model that misbehaves', () => {
  let store: TestRedis;
  let redis: Redis;
  let server: ModelServer;
  beforeAll(async () => {
    store = await startTestRedis();
    redis = store.client();
  });
  afterAll(() => store.stop());
  beforeEach(async () => {
    await redis.flushall();
    server = await startModelServer();
  });
  afterEach(() => server.stop());

  async function outcomeOf(plays: Plays, changes = {}) {
    server.plays = plays;
    const { reviewer } = reviewing(redis, server.baseUrl, changes);
    const [said] = await reviewer.reviewGroups([aGroup(1)]);
    reviewer.close();
    return { said, spend: await reviewer.spend() };
  }

  it.each<[string, Plays, string, number]>([
    ['is at its limit', status(429), 'http_429', 1],
    ['does not know the key', status(401), 'http_401', 1],
    ['is overloaded', status(503), 'http_503', 1],
    ['fails whatever it is asked', status(500), 'http_500', 3],
    ['sends elsewhere', status(302), 'http_302', 1],
    [
      'answers with a page',
      () => ({ status: 200, text: '<html>{}</html>', type: 'text/html' }),
      'unparsable',
      1,
    ],
    ['says JSON and sends a page', () => ({ status: 200, text: '<html>' }), 'unparsable', 1],
    ['hangs up', () => ({ hangUp: true }), 'unreachable', 1],
    ['runs into its own bound', () => ({ content: '{"answers":[', finish: 'length' }), 'cut_short', 1],
    ['says nothing at all', () => ({ content: '' }), 'empty', 3],
    ['has no choices', () => ({ status: 200, text: '{}' }), 'empty', 3],
    ['only talks', () => ({ content: 'All of these look fine to me.' }), 'unparsable', 2],
    ['talks in another language', () => ({ content: '这些订单看起来都很正常。' }), 'unparsable', 2],
    ['answers in a shape of its own', () => ({ content: { verdicts: ['ok'] } }), 'wrong_shape', 2],
    [
      'makes up a cause',
      (asked) => ({ content: answersOf(asked, (_, own) => ({ ...own, cause: 'close_all_findings' })) }),
      'wrong_shape',
      2,
    ],
    ['answers with 10 MB', () => ({ endless: true }), 'too_large', 1],
    ['nests without an end', () => ({ content: '{"a":'.repeat(4_000) }), 'unparsable', 2],
  ])('that %s is said to, and nothing of it is believed', async (_, plays, outcome, requests) => {
    const { said, spend } = await outcomeOf(plays);
    expect(said).toEqual({ id: 'group-1', outcome, cached: false });
    expect(server.asked).toHaveLength(requests);
    expect(spend.outcomes).toEqual({ [outcome]: expect.any(Number) });
  });

  it('holds no more of an answer than its bound', async () => {
    await outcomeOf(() => ({ endless: true }));
    // What the sockets of both sides hold besides.
    expect(server.sent).toBeLessThan(8_000_000);
  });

  it.each<[string, Plays]>([
    ['at once', () => ({ never: true })],
    [
      'after it has refused what it was asked for',
      (_, nth) => (nth === 1 ? status(400)(_, nth) : { never: true }),
    ],
    ['in the repair', (_, nth) => (nth === 1 ? { content: 'Hm.' } : { never: true })],
  ])('that falls silent %s is waited for once, within one deadline', async (_, plays) => {
    const { said, spend } = await outcomeOf(plays, { timeoutMs: 300 });
    expect(said?.outcome).toBe('timeout');
    // Nobody knows whether it was worked on, so it is paid.
    expect(spend.dollars).toBeGreaterThan(0);
  });

  it('is unreachable when nobody is there, and that costs nothing', async () => {
    await server.stop();
    const { said, spend } = await outcomeOf(honest);
    expect(said?.outcome).toBe('unreachable');
    expect(spend).toMatchObject({ dollars: 0, tokens: 0, outcomes: { unreachable: 1 } });
    server = await startModelServer();
  });

  it.each<[string, Plays, string[]]>([
    [
      'refuses a schema',
      (asked, nth) => (asked.format === 'json_schema' ? status(400)(asked, nth) : honest(asked, nth)),
      ['json_schema', 'json_object'],
    ],
    [
      'breaks on a schema',
      (asked, nth) => (asked.format === 'json_schema' ? status(500)(asked, nth) : honest(asked, nth)),
      ['json_schema', 'json_object'],
    ],
    [
      'refuses every format',
      (asked, nth) => (asked.format === 'plain' ? honest(asked, nth) : status(422)(asked, nth)),
      ['json_schema', 'json_object', 'plain'],
    ],
    [
      'takes a schema and sends nothing',
      (asked, nth) => (asked.format === 'json_schema' ? { content: '' } : honest(asked, nth)),
      ['json_schema', 'json_object'],
    ],
  ])('that %s is asked for less, and not again for more', async (_, plays, formats) => {
    server.plays = plays;
    const { reviewer } = reviewing(redis, server.baseUrl);
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'ok' }]);
    expect(server.asked.map(({ format }) => format)).toEqual(formats);
    expect(await reviewer.reviewGroups([aGroup(2)])).toMatchObject([{ outcome: 'ok' }]);
    expect(server.asked.slice(formats.length).map(({ format }) => format)).toEqual(formats.slice(-1));
  });

  it('that was down at first is asked for the best again once it is back', async () => {
    server.plays = status(500);
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    server.plays = honest;
    server.asked.length = 0;
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'ok' }]);
    expect(server.asked.map(({ format }) => format)).toEqual(['json_schema']);
  });

  it.each([
    ['max_tokens', "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."],
    ['temperature', "Unsupported value: 'temperature' does not support 0."],
  ])('that does not take %s is asked without', async (name, message) => {
    server.plays = (asked, nth) =>
      name in asked.body
        ? status(400, JSON.stringify({ error: { message } }))(asked, nth)
        : honest(asked, nth);
    const { reviewer } = reviewing(redis, server.baseUrl);
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'ok' }]);
    expect(server.asked.map(({ format }) => format)).toEqual(['json_schema', 'json_schema']);
  });

  it.each<[string, Plays]>([
    ['with prose around it', (asked) => ({ content: prose(JSON.stringify(answersOf(asked))) })],
    [
      'after its thoughts',
      (asked) => ({ content: `<think>{"a": 1} or {</think>${JSON.stringify(answersOf(asked))}` }),
    ],
    ['in a fence', (asked) => ({ content: `\`\`\`\n${JSON.stringify(answersOf(asked))}\n\`\`\`` })],
  ])('that answers %s is understood', async (_, plays) => {
    expect((await outcomeOf(plays)).said).toMatchObject({ outcome: 'ok', opinion: { verdict: 'defect' } });
    expect(server.asked).toHaveLength(1);
  });

  it('that answers in a wrong shape may repair it, once', async () => {
    const { said, spend } = await outcomeOf((asked, nth) =>
      nth === 1 ? { content: { answers: [{ id: 'e1', verdict: 'bad' }] } } : honest(asked, nth),
    );
    expect(said).toMatchObject({ outcome: 'ok' });
    const { messages } = server.asked[1]?.body ?? { messages: [] };
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(messages[3]?.content).toContain('answers.0.verdict');
    expect(spend.outcomes).toEqual({ ok: 1, wrong_shape: 1 });
  });

  it('that leaves an entry out has not answered it, and the others stand', async () => {
    server.plays = (asked) => ({
      content: { answers: answersOf(asked).answers.filter((each) => entryOf(asked, 'P2') !== idOf(each)) },
    });
    const { reviewer } = reviewing(redis, server.baseUrl);
    const said = await reviewer.reviewGroups([aGroup(1), aGroup(2)]);
    expect(said.map(({ outcome }) => outcome)).toEqual(['ok', 'unanswered']);
  });

  it('that answers an entry twice has not answered it', async () => {
    server.plays = (asked) => {
      const { answers } = answersOf(asked);
      const again = answers.find((each) => entryOf(asked, 'P2') === idOf(each)) as object;
      return { content: { answers: [...answers, { ...again, verdict: 'plausible' }] } };
    };
    const { reviewer } = reviewing(redis, server.baseUrl);
    const said = await reviewer.reviewGroups([aGroup(1), aGroup(2)]);
    expect(said.map(({ outcome }) => outcome)).toEqual(['ok', 'unanswered']);
  });

  const idOf = (answer: object) => (answer as { id: string }).id;
  const entryOf = (asked: { entries: { id: string; about?: string }[] }, about: string) =>
    asked.entries.find((entry) => entry.about === about)?.id;

  it('is left alone after three failures, tried again by one call, and heard again', async () => {
    let time = Date.parse('2026-01-01T00:00:00Z');
    server.plays = status(503);
    const { reviewer, lines } = reviewing(redis, server.baseUrl, {}, () => time);
    const outcomes = async (numbers: number[]) =>
      (await Promise.all(numbers.map((each) => reviewer.reviewGroups([aGroup(each)])))).map(
        ([one]) => one?.outcome,
      );
    for (const each of [1, 2, 3]) expect(await outcomes([each])).toEqual(['http_503']);
    expect(await outcomes([4, 5])).toEqual(['open_circuit', 'open_circuit']);
    expect((await reviewer.spend()).openUntil).toBe(time + 30_000);
    expect(server.asked).toHaveLength(3);
    time += 30_000;
    expect((await outcomes([6, 7, 8])).sort()).toEqual(['http_503', 'open_circuit', 'open_circuit']);
    expect(server.asked).toHaveLength(4);
    time += 60_000;
    server.plays = honest;
    expect(await outcomes([9])).toEqual(['ok']);
    expect(await outcomes([10, 11])).toEqual(['ok', 'ok']);
    expect(lines.filter((line) => line.includes('http_503'))).toHaveLength(1);
  });

  it('answers nothing once it is closed, and calls under way end', async () => {
    server.plays = () => ({ never: true });
    const { reviewer } = reviewing(redis, server.baseUrl);
    const waiting = reviewer.reviewGroups([aGroup(1)]);
    await until(() => server.asked.length > 0, 'the model was asked');
    reviewer.close();
    expect(await waiting).toMatchObject([{ outcome: 'closed' }]);
    expect(await reviewer.reviewGroups([aGroup(2)])).toMatchObject([{ outcome: 'closed' }]);
  });

  it('is not asked while Redis is away', async () => {
    const away = new Redis(1, '127.0.0.1', {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      lazyConnect: true,
    });
    away.on('error', () => {});
    const { reviewer } = reviewing(away, server.baseUrl);
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'redis_away' }]);
    expect(server.asked).toHaveLength(0);
    away.disconnect();
  });
});
