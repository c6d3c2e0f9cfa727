import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isFromElsewhere, isOwnName } from '../../src/runtime/requestOrigin.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

describe('the name in a Host header', () => {
  it.each([
    'localhost',
    'LocalHost:8000',
    '127.0.0.1',
    '192.0.2.7:8000',
    '[::1]:8000',
    '[2001:db8::7]',
    'stats.internal',
    'Stats.Internal:8000',
  ])('is our own: %s', (host) => {
    expect(isOwnName(host, 'stats.INTERNAL')).toBe(true);
  });

  it.each([
    undefined,
    '',
    ':8000',
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.stats.internal',
    '[evil.example]',
    'localhost:8000@evil.example',
    '0.0.0.0:8000',
    '[::]:8000',
    '[0:0:0:0:0:0:0:0]',
    '[::ffff:0.0.0.0]:8000',
  ])("is somebody's: %s", (host) => {
    expect(isOwnName(host, 'stats.internal')).toBe(false);
  });
});

it('is not our own because we listen on every address', () => {
  expect(isOwnName('0.0.0.0:8000', '0.0.0.0')).toBe(false);
  expect(isOwnName('[::]:8000', '::')).toBe(false);
});

describe('a request with an Origin', () => {
  it.each([
    ['http://localhost:8000', 'localhost:8000'],
    ['http://LOCALHOST:8000', 'LocalHost:8000'],
    ['http://127.0.0.1:8000', '127.0.0.1:8000'],
    ['http://[::1]:8000', '[::1]:8000'],
    ['https://ops.example', 'ops.example'],
    ['https://ops.example', 'ops.example:443'],
    ['http://ops.example', 'ops.example:80'],
  ])('is of our own page: %s at %s', (origin, host) => {
    expect(isFromElsewhere({ origin }, host)).toBe(false);
  });

  it.each([
    ['null', 'localhost:8000'],
    ['', 'localhost:8000'],
    ['http://localhost:3000', 'localhost:8000'],
    ['http://localhost', 'localhost:8000'],
    ['http://evil.example', 'ops.example'],
    ['http://ops.example.evil.example', 'ops.example'],
    ['http://127.0.0.1:8000', 'localhost:8000'],
    ['https://ops.example:8443', 'ops.example'],
    ['http://evil.example', 'evil.example@localhost'],
    ['file://', ''],
    ['chrome-extension://localhost', 'localhost'],
    ['http://evil.example', undefined],
  ])('is from elsewhere: %s at %s', (origin, host) => {
    expect(isFromElsewhere({ origin }, host)).toBe(true);
  });

  it.each(['cross-site', 'same-site', 'anything'])('is from elsewhere when the browser says %s', (site) => {
    expect(isFromElsewhere({ 'sec-fetch-site': site }, 'localhost')).toBe(true);
    expect(isFromElsewhere({ 'sec-fetch-site': site, origin: 'http://localhost' }, 'localhost')).toBe(true);
  });

  it('is of no browser without one', () => {
    expect(isFromElsewhere({}, 'localhost')).toBe(false);
  });
});

/** Asks with the Host header that a browser sends once a name it knows points here. */
function ask(pipeline: TestPipeline, path: string, host: string) {
  return new Promise<{ status: number | undefined; body: unknown }>((resolve, reject) => {
    const asked = request(`${pipeline.url}${path}`, { headers: { host }, agent: false }, (response) => {
      const { statusCode: status } = response;
      if (response.headers['content-type']?.includes('json')) {
        json(response).then((body) => resolve({ status, body }), reject);
      } else {
        response.resume().once('end', () => resolve({ status, body: undefined }));
      }
    });
    asked.on('error', reject).end();
  });
}

describe("the operators' pages, asked for by the name of another site", () => {
  let open: TestPipeline;
  let closed: TestPipeline;
  beforeAll(async () => {
    open = await startPipeline({}, { role: 'api' });
    closed = await startPipeline({ ADMIN_USER: 'ops', ADMIN_PASSWORD: 'password' }, { role: 'api' });
  });
  afterAll(async () => {
    await open.stop();
    await closed.stop();
  });

  it.each(['/admin/queues', '/admin/queues/api/queues'])(
    'are refused while they need no credentials: %s',
    async (path) => {
      expect(await ask(open, path, 'evil.example')).toMatchObject({
        status: 403,
        body: { type: '/problems/forbidden', detail: expect.stringContaining('ADMIN_USER') },
      });
    },
  );

  it('open by localhost and by address', async () => {
    for (const host of ['localhost:8000', '127.0.0.1', '[::1]:8000']) {
      expect((await ask(open, '/admin/queues', host)).status).toBe(200);
    }
  });

  it('ask for the credentials where they are set, whatever the name', async () => {
    expect((await ask(closed, '/admin/queues', 'ops.example')).status).toBe(401);
  });

  it('leave the stats to every name', async () => {
    expect((await ask(open, '/stats/global', 'stats.example')).status).toBe(200);
  });
});
