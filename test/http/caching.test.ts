import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

describe('answers on their way', () => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = await startPipeline();
    await pipeline.send(...Array.from({ length: 60 }, (_, index) => anOrder({ user_id: `USER-${index}` })));
    await pipeline.settled();
  });
  afterAll(() => pipeline.stop());

  /** Exactly these headers, and the bytes as they came: fetch adds its own and unpacks. */
  function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
    return new Promise((resolve, reject) => {
      request(`${pipeline.url}${path}`, { method, headers, agent: false }, async (response) => {
        resolve({
          status: response.statusCode as number,
          headers: response.headers,
          body: await buffer(response),
        });
      })
        .on('error', reject)
        .end();
    });
  }

  const LARGE = '/stats/top-spenders?limit=60';
  const SMALL = '/stats/global';
  const KEPT = [SMALL, LARGE, '/users/USER-1/stats', '/openapi.json', '/docs', '/docs/docs.js', '/problems'];

  describe.each(KEPT)('%s', (path) => {
    it('may be kept by the client alone, and is asked about before use', async () => {
      const { headers } = await ask(path);
      expect(headers['cache-control']).toBe('private, no-cache');
      expect(headers.etag).toMatch(/^W\/"[A-Za-z0-9+/=]{28}"$/);
      expect(headers.vary).toMatch(/\bAccept-Encoding\b/);
    });

    it('is 304 while unchanged, however the ETag is given', async () => {
      const { headers } = await ask(path);
      const etag = String(headers.etag);
      for (const given of [etag, etag.slice(2), `"other", ${etag}`, `${etag}, "other"`, '*']) {
        const again = await ask(path, { 'if-none-match': given });
        expect([given, again.status, again.body.length]).toEqual([given, 304, 0]);
        expect(again.headers.etag).toBe(etag);
        expect(again.headers.vary).toBe(headers.vary);
        expect(again.headers['content-type']).toBeUndefined();
      }
      // What browsers add when a page sets the header itself.
      const forced = await ask(path, { 'if-none-match': etag, 'cache-control': 'no-cache' });
      expect(forced.status).toBe(304);
      for (const given of ['"other"', 'W/""', '', etag.slice(0, -2)]) {
        expect([given, (await ask(path, { 'if-none-match': given })).status]).toEqual([given, 200]);
      }
    });

    it('has the same ETag in every coding', async () => {
      const tags = await Promise.all(
        ['identity', 'gzip', 'br'].map(
          async (coding) => (await ask(path, { 'accept-encoding': coding })).headers.etag,
        ),
      );
      expect(new Set(tags).size).toBe(1);
    });

    it.each(['', 'gzip', 'br'])(
      'HEAD has the headers of GET and no body, Accept-Encoding "%s"',
      async (coding) => {
        const [get, head] = await Promise.all([
          ask(path, { 'accept-encoding': coding }),
          ask(path, { 'accept-encoding': coding }, 'HEAD'),
        ]);
        expect(head.status).toBe(200);
        expect(head.body.length).toBe(0);
        for (const name of [
          'content-type',
          'content-length',
          'content-encoding',
          'etag',
          'cache-control',
          'vary',
          'link',
        ]) {
          expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
        }
        expect(Number(get.headers['content-length'])).toBe(get.body.length);
      },
    );
  });

  it('another answer has another ETag, also in another form', async () => {
    const tags = await Promise.all(
      [
        ask(LARGE),
        ask('/stats/top-spenders?limit=59'),
        ask(LARGE, { accept: 'text/csv' }),
        ask('/stats/top-buyers?limit=60'),
      ].map(async (answer) => (await answer).headers.etag),
    );
    expect(new Set(tags).size).toBe(4);
  });

  it('an order that was counted shows at once, with another ETag', async () => {
    const before = await ask(SMALL);
    await pipeline.send(anOrder({ user_id: 'LATER' }));
    await pipeline.settled();
    const after = await ask(SMALL, { 'if-none-match': String(before.headers.etag) });
    expect(after.status).toBe(200);
    expect(JSON.parse(after.body.toString()).total_orders).toBe(
      JSON.parse(before.body.toString()).total_orders + 1,
    );
  });

  it.each(['/metrics', '/health', '/health/live', '/stats/top-spenders?limit=0', '/nothing'])(
    '%s is not kept',
    async (path) => {
      const { headers } = await ask(path);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers.etag).toBeUndefined();
    },
  );

  describe('compression', () => {
    it.each([
      ['gzip', 'gzip'],
      ['br', 'br'],
      ['gzip, deflate, br, zstd', 'br'],
      ['br;q=0.5, gzip', 'gzip'],
      ['gzip;q=0, br;q=0', undefined],
      ['gzip;q=0, *', 'br'],
      ['identity', undefined],
      ['deflate, zstd', undefined],
      ['', undefined],
      ['nonsense;;q=x', undefined],
    ])('Accept-Encoding "%s" gives %s', async (accepted, coding) => {
      const plain = await ask(LARGE);
      const { status, headers, body } = await ask(LARGE, { 'accept-encoding': accepted });
      expect(status).toBe(200);
      expect(headers['content-encoding']).toBe(coding);
      const unpacked =
        coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body;
      expect(unpacked.equals(plain.body)).toBe(true);
      if (coding) expect(body.length).toBeLessThan(plain.body.length / 3);
    });

    it('is not for small answers', async () => {
      expect(
        (await ask(SMALL, { 'accept-encoding': 'br, gzip' })).headers['content-encoding'],
      ).toBeUndefined();
    });
  });

  describe('the media type', () => {
    const JSON_TYPE = 'application/json; charset=utf-8';
    const CSV_TYPE = 'text/csv; charset=utf-8; header=present';
    const NEITHER = 'application/problem+json; charset=utf-8';

    it.each([
      ['application/json', JSON_TYPE],
      ['*/*', JSON_TYPE],
      ['application/*', JSON_TYPE],
      ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
      ['', JSON_TYPE],
      ['text/csv', CSV_TYPE],
      ['TEXT/CSV', CSV_TYPE],
      ['text/*', CSV_TYPE],
      ['text/csv, */*', CSV_TYPE],
      ['text/csv;q=0.5, application/json', JSON_TYPE],
      ['text/csv, application/json;q=0.5', CSV_TYPE],
      ['text/csv;q=0, */*', JSON_TYPE],
      ['application/json;q=0, */*', CSV_TYPE],
      ['image/png', NEITHER],
      ['text/html', NEITHER],
      ['application/json;q=0', NEITHER],
      ['text/csv;q=0, application/json;q=0', NEITHER],
      ['nonsense', NEITHER],
      ['text/csv;q=oops', NEITHER],
    ])('of a list for Accept "%s" is %s', async (accept, type) => {
      const { status, headers } = await ask(LARGE, { accept });
      expect([status, headers['content-type']]).toEqual([type === NEITHER ? 406 : 200, type]);
      if (status === 200) expect(headers.vary).toMatch(/\bAccept,/);
    });

    it.each(['text/csv', 'image/png', 'text/html'])(
      'of anything else is JSON, so %s is refused',
      async (accept) => {
        const { status, body } = await ask(SMALL, { accept });
        expect(status).toBe(406);
        expect(JSON.parse(body.toString())).toMatchObject({ type: '/problems/not-acceptable', status: 406 });
      },
    );
  });
});
