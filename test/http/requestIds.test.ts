import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the id of a request', () => {
  let pipeline: TestPipeline;
  const { logger, lines } = collectingLogger();
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api', logger });
  });
  afterAll(() => pipeline.stop());

  /** The answer's id, and the request's line in the log. */
  async function ask(headers: Record<string, string>, path = '/stats/global') {
    const response = await pipeline.get(path, { headers });
    await response.arrayBuffer();
    const id = response.headers.get('x-request-id') ?? '';
    const lineOf = () =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line.request_id === id);
    await until(() => lineOf() !== undefined, 'the request is logged');
    return { id, line: lineOf() as Record<string, unknown> };
  }

  it.each(['/stats/global', '/nothing', '/stats/top-spenders?limit=0', '/admin/queues'])(
    'is made, sent and logged for %s',
    async (path) => {
      const [one, other] = [await ask({}, path), await ask({}, path)];
      expect(one.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(other.id).not.toBe(one.id);
      expect(one.line).toMatchObject({ url: path, request_id: one.id });
    },
  );

  it.each(['a', 'req-42_7.b', 'Root=1-67891233-abcdef012345678912345678', 'x'.repeat(128)])(
    "is the caller's own: %s",
    async (given) => {
      expect((await ask({ 'x-request-id': given })).id).toBe(given);
    },
  );

  it.each([
    ['too long', 'x'.repeat(129)],
    ['with a space', 'a b'],
    ['with a quote', 'a"b'],
    ['empty', ''],
    ['beyond ASCII', 'é'],
  ])("is not the caller's when that is %s", async (_, given) => {
    expect((await ask({ 'x-request-id': given })).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is logged with the trace it belongs to', async () => {
    const { line } = await ask({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    expect(line.trace_id).toBe(TRACE);
  });

  it.each([
    ['no trace', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['no parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`],
    ['a version that is none', `ff-${TRACE}-00f067aa0ba902b7-01`],
    ['something else', 'hello'],
  ])('is logged without one for a traceparent with %s', async (_, traceparent) => {
    expect((await ask({ traceparent })).line).not.toHaveProperty('trace_id');
  });
});

describe('what machines ask for again and again', () => {
  it.each([
    ['info', ['/stats/global', '/v1/stats/global', '/healthy']],
    ['debug', ['/health', '/v1/health/ready', '/health/live?x=1', '/queue', '/metrics', '/pulse']],
  ])('is told at debug, and nothing else is: %s', async (level, paths) => {
    const { logger, lines } = collectingLogger();
    const pipeline = await startPipeline({}, { role: 'api', logger });
    try {
      for (const path of paths) await (await pipeline.get(path)).arrayBuffer();
      const requests = () =>
        lines.map((line) => JSON.parse(line)).filter(({ message }) => message === 'request');
      await until(() => requests().length === paths.length, 'all are logged');
      expect(requests().map((line) => [line.level, line.url])).toEqual(paths.map((path) => [level, path]));
    } finally {
      await pipeline.stop();
    }
  });
});
