import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const PAUSE = '/admin/queues/api/queues/pause';
const RESUME = '/admin/queues/api/queues/resume';
const LOGIN = { authorization: `Basic ${Buffer.from('ops:password').toString('base64')}` };
const FORM = 'application/x-www-form-urlencoded';

interface Answer {
  status: number | undefined;
  body: string;
}

/** Sends headers that `fetch` would not let through. */
function ask(
  pipeline: TestPipeline,
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request(`${pipeline.url}${path}`, { method, headers, agent: false }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject);
    });
    asked.on('error', reject).end(body);
  });
}

describe.each<[string, Record<string, string>, IncomingHttpHeaders]>([
  ['with a password that the browser knows', { ADMIN_USER: 'ops', ADMIN_PASSWORD: 'password' }, LOGIN],
  ['open', {}, {}],
])("the operators' pages, %s", (_, env, credentials) => {
  let pipeline: TestPipeline;
  let host: string;
  beforeAll(async () => {
    pipeline = await startPipeline({ ...env, TRUST_PROXY: 'loopback' }, { role: 'api' });
    ({ host } = new URL(pipeline.url));
  });
  afterAll(() => pipeline.stop());

  const put = (path: string, headers: Record<string, string>, body?: string) =>
    ask(pipeline, 'PUT', path, { ...(credentials as Record<string, string>), host, ...headers }, body);
  const isPaused = () => pipeline.queues[0]?.isPaused();

  it.each([
    ['another site', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:3000' }],
    ['nowhere', { origin: 'null' }],
    ['another site, called by a name', { host: 'ops.example:8000', origin: 'http://evil.example' }],
    ['another site, at any address', { host: '0.0.0.0:8000', origin: 'http://evil.example' }],
    ['another site that says it is ours', { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' }],
    ['another site, without an Origin', { 'sec-fetch-site': 'cross-site' }],
  ])('change nothing for a page of %s', async (_, headers) => {
    const { status, body } = await put(PAUSE, headers as Record<string, string>);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/forbidden' });
    expect(await isPaused()).toBe(false);
  });

  it.each([
    ['a form', FORM, 'a=1'],
    ['an empty form', FORM, ''],
    ['a form with files', 'multipart/form-data; boundary=x', '--x--'],
    ['plain text', 'text/plain', '{}'],
    ['JSON that is called plain text', 'text/plain;application/json', '{}'],
    ['a body of no type', undefined, '{}'],
  ])('refuse %s', async (_, type, body) => {
    const { status, body: answer } = await put(
      PAUSE,
      type === undefined ? {} : { 'content-type': type },
      body,
    );
    expect(status).toBe(415);
    expect(JSON.parse(answer)).toMatchObject({ type: '/problems/unsupported-media-type' });
    expect(await isPaused()).toBe(false);
  });

  it.each<[string, () => Record<string, string>]>([
    ['their own page', () => ({ origin: `http://${host}` })],
    ['their own page behind TLS', () => ({ origin: `https://${host}` })],
    [
      'their own page behind a proxy that is trusted',
      () => ({ origin: 'https://ops.example', 'x-forwarded-host': 'ops.example' }),
    ],
    ['a program', () => ({})],
    ['a program that sends JSON', () => ({ 'content-type': 'application/json; charset=utf-8' })],
  ])('change what %s asks for', async (_, headers) => {
    expect((await put(PAUSE, headers())).status).toBe(200);
    expect(await isPaused()).toBe(true);
    expect((await put(RESUME, headers())).status).toBe(200);
  });
});

describe("the operators' pages behind a proxy that nobody named", () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it('do not take its word for the address', async () => {
    const headers = { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' };
    const { status, body } = await ask(pipeline, 'PUT', PAUSE, headers);
    expect(status).toBe(403);
    expect(body).toContain('TRUST_PROXY');
  });
});
