import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

describe('the docs page', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it.each(['/docs', '/v1/docs'])(
    '%s and everything it names comes from here, and nothing is inline',
    async (path) => {
      const response = await pipeline.get(path);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toMatch(/script-src 'self';style-src 'self';/);
      const html = await response.text();
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
      const named = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url as string);
      expect(named.length).toBeGreaterThanOrEqual(4);
      for (const url of named.filter((each) => !each.startsWith('data:'))) {
        const target = new URL(url, `${pipeline.url}${path}`);
        expect(target.origin).toBe(pipeline.url);
        const part = await pipeline.get(target.pathname);
        expect([url, part.status]).toEqual([url, 200]);
        // Whatever the parts name in turn would be an address.
        expect(await part.text()).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)|@import|url\(/);
      }
    },
  );

  it('with a slash behind it leads back to itself, where its parts are found', async () => {
    for (const path of ['/docs', '/v1/docs']) {
      const response = await pipeline.get(`${path}/`);
      expect(new URL(response.url).pathname).toBe(path);
      expect(await response.text()).toContain('<!doctype html>');
    }
  });

  it('needs no key, and neither does what it shows', async () => {
    const closed = await startPipeline({ STATS_API: 'keys' }, { role: 'api' });
    try {
      for (const path of [
        '/docs',
        '/docs/docs.js',
        '/openapi.json',
        '/problems',
        '/problems/unauthorized',
        '/v1/docs',
      ]) {
        const response = await closed.get(path);
        await response.arrayBuffer();
        expect([path, response.status]).toEqual([path, 200]);
      }
      for (const path of [
        '/stats/global',
        '/v1/stats/global',
        '/v1/users/U1/stats',
        '/v1/metrics',
        '/v1/nothing',
      ]) {
        const response = await closed.get(path);
        await response.arrayBuffer();
        expect([path, response.status]).toEqual([path, 401]);
      }
    } finally {
      await closed.stop();
    }
  });
});
