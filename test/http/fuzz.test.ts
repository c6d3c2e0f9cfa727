import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openapiDocument } from '../../src/http/description/openapi.ts';
import {
  type ApiDocument,
  type Documented,
  type Parameter,
  readApiDocument,
} from '../support/apiDocument.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

// FUZZ_SEED repeats a run that failed; a failure prints it, and the smallest case fast-check found.
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 0x7fff_ffff));
const RUNS = Number(process.env.FUZZ_RUNS ?? 60);

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** One way of giving a parameter in a URL, already encoded, and whether the document allows it. */
interface Given {
  name: string;
  query: string;
  /** Undefined: the document cannot tell, so the answer only has to be one it knows. */
  allowed: boolean | undefined;
  /** The name a refusal must give. */
  blamed: string;
}

const WEIRD = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e3',
  '0x10',
  '+5',
  '007',
  '99999999999999999999',
  'NaN',
  'null',
  'true',
  '５',
  '٣',
  '2024-02-30',
  '2024-13-01',
  '0000-01-01',
  '10000-01-01',
  '2025-8-1',
  '2025-08-01T00:00:00Z',
  '今日',
  '../..',
  '/',
  '\\',
  '%',
  '\0',
  '\n',
  '\r\nX-Injected: 1',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud83d\ude00',
  "' OR 1=1",
  '<script>',
  '{p}:user:x',
  '*',
  '__proto__',
  'constructor',
  'x'.repeat(128),
  'x'.repeat(129),
  'x'.repeat(3_000),
];

const BROKEN = ['%', '%Z', '%ZZ', '%E0%A4%A', '%FF', '%C0%80', '%ED%A0%80'];

/** Texts a parameter may hold by the document. */
function good({ schema }: Parameter): fc.Arbitrary<string> {
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as string[]));
  if (schema.type === 'integer') {
    return fc.integer({ min: schema.minimum as number, max: schema.maximum as number }).map(String);
  }
  if (schema.format === 'date') {
    const from = fc.constantFrom('0001-01-01', '9999-12-31', '2024-02-29', '2025-08-01');
    const days = fc.date({ min: new Date('2020-01-01'), max: new Date(), noInvalidDate: true });
    return fc.oneof(
      from,
      days.map((date) => date.toISOString().slice(0, 10)),
    );
  }
  return fc.oneof(
    fc.constantFrom('U0001', 'u0002', ' U0001 ', 'nobody', 'a/b', 'a%b', 'ÄÖÜ 東京 🛒', '..', '.'),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 128 }),
  );
}

const anyText = fc.oneof(
  fc.constantFrom(...WEIRD),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);

const BLANKS = '[\\s\\p{Cf}\\p{Default_Ignorable_Code_Point}\\u2800]+';
const BLANKS_AT_ENDS = new RegExp(`^${BLANKS}|${BLANKS}$`, 'gu');

/** Spaces and what cannot be seen around an id do not count, which the document can only say in words. */
function allows(api: ApiDocument, parameter: Parameter, value: string): boolean {
  return api.allows(
    parameter,
    parameter.name.endsWith('_id') && parameter.schema.pattern !== undefined
      ? value.replace(BLANKS_AT_ENDS, '')
      : value,
  );
}

function given(api: ApiDocument, parameter: Parameter): fc.Arbitrary<Given | undefined> {
  const { name, required } = parameter;
  // What a cursor holds is not for the document to say.
  const known = name !== 'cursor';
  const one = (value: string): Given => ({
    name,
    query: `${name}=${encodeURIComponent(value)}`,
    allowed: known ? allows(api, parameter, value) : undefined,
    blamed: name,
  });
  const refused = (query: string, blamed = name): Given => ({ name, query, allowed: false, blamed });
  return fc.oneof(
    { weight: 6, arbitrary: good(parameter).map(one) },
    { weight: 3, arbitrary: anyText.map(one) },
    { weight: required ? 1 : 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...BROKEN).map((value) => refused(`${name}=${value}`)) },
    {
      weight: 1,
      arbitrary: good(parameter).map((value) =>
        refused(`${name}=${encodeURIComponent(value)}&${name}=${encodeURIComponent(value)}`),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('[]', '[a]', '[0]', '.x')
        .map((end) => refused(`${name}${end}=1`, `${name}${end}`)),
    },
    { weight: 1, arbitrary: fc.constant(refused(name)) },
  );
}

const stranger = fc.constantFrom('limt', '__proto__', 'LIMIT', 'x', '', 'constructor', 'user_id[]').map(
  (name): Given => ({
    name,
    query: `${name}=1`,
    allowed: false,
    blamed: name,
  }),
);

interface Asked {
  path: string;
  refusals: string[];
  /** Nothing in it that the document refuses or cannot judge. */
  allAllowed: boolean;
}

function requestFor(api: ApiDocument, operation: Documented): fc.Arbitrary<Asked> {
  const inPath = operation.parameters.filter((each) => each.in === 'path');
  const inQuery = operation.parameters.filter((each) => each.in === 'query');
  return fc
    .record({
      prefix: fc.constantFrom('', '/v1'),
      // An empty part of a path is another path.
      path: fc.tuple(
        ...inPath.map((parameter) => fc.oneof(good(parameter), anyText).filter((value) => value !== '')),
      ),
      query: fc.tuple(...inQuery.map((parameter) => given(api, parameter))),
      strangers: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.tuple(stranger) },
      ),
    })
    .map(({ prefix, path, query, strangers }) => {
      const all = [...(query.filter(Boolean) as Given[]), ...strangers];
      const filled = inPath.reduce(
        (filledSoFar, { name }, index) =>
          filledSoFar.replace(`{${name}}`, () => pathPart(path[index] as string)),
        operation.path,
      );
      const pathRefusals = inPath
        .filter((parameter, index) => !allows(api, parameter, path[index] as string))
        .map(({ name }) => name);
      const missing = inQuery
        .filter(
          ({ name, required }, index) =>
            required && (query[index] === undefined || !query[index].query.startsWith(`${name}`)),
        )
        .map(({ name }) => name);
      return {
        path: `${prefix}${filled}${all.length > 0 ? `?${all.map((each) => each.query).join('&')}` : ''}`,
        refusals: [
          ...pathRefusals,
          ...missing,
          ...all.filter(({ allowed }) => allowed === false).map(({ blamed }) => blamed),
        ],
        allAllowed:
          pathRefusals.length + missing.length === 0 && all.every(({ allowed }) => allowed === true),
      };
    });
}

/** `.` and `..` would be taken for steps through the path by clients, and dots need no encoding otherwise. */
const pathPart = (value: string) => encodeURIComponent(value).replaceAll('.', '%2E');

describe('whatever is asked', () => {
  let pipeline: TestPipeline;
  let api: ApiDocument;
  let steady: string;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2' });
    await pipeline.send(...['U0001', 'U0002'].map((user_id) => anOrder({ user_id })));
    await pipeline.settled();
    api = readApiDocument(await pipeline.json('/openapi.json'));
    steady = await (await pipeline.get('/stats/global')).text();
  });
  afterAll(async () => {
    agent.destroy();
    await pipeline.stop();
  });

  function ask(path: string, headers: Record<string, string> = {}) {
    return new Promise<{ status: number; headers: Headers; body: string }>((resolve, reject) => {
      request(`${pipeline.url}`, { path, headers, agent }, async (response) => {
        const body = (await buffer(response)).toString();
        resolve({
          status: response.statusCode as number,
          headers: new Headers(response.headers as Record<string, string>),
          body,
        });
      })
        .on('error', reject)
        .end();
    });
  }

  /** Another client, who asks something ordinary meanwhile. */
  async function expectOthersUnaffected(): Promise<void> {
    const { status, body } = await ask('/stats/global');
    expect([status, body]).toEqual([200, steady]);
  }

  const operations = readApiDocument(openapiDocument('upper'))
    .operations.filter(({ method }) => method === 'get')
    .map(({ path }) => path);

  it.each(operations)('of %s, the answer is one the document knows', async (path) => {
    const operation = api.operation(path);
    const isCheck = /^\/health/.test(path);
    await fc.assert(
      fc.asyncProperty(requestFor(api, operation), async (asked) => {
        const [received] = await Promise.all([ask(asked.path), expectOthersUnaffected()]);
        // A longer path than is read, whatever is in it.
        if (asked.path.length > 4_096) return expect(received.status).toBe(414);
        expect([asked.path, api.faults(operation, received)]).toEqual([asked.path, []]);
        expect(received.status).toBeLessThan(500);
        expect(received.headers.has('x-injected')).toBe(false);
        // Probes add what they like to the address of a health check.
        if (isCheck) return expect(received.status).toBe(200);
        const { errors = [], type } = received.status === 400 ? JSON.parse(received.body) : {};
        const named = errors.map(({ parameter }: { parameter: string }) => parameter);
        if (asked.refusals.length > 0) {
          expect([asked.path, received.status]).toEqual([asked.path, 400]);
          // What cannot be decoded cannot be judged: only that is named then. Otherwise everything wrong is.
          const undecodable = errors.some(({ rule }: { rule: string }) => rule === 'encoding');
          const [part, whole] = undecodable ? [named, asked.refusals] : [asked.refusals, named];
          expect([asked.path, whole]).toEqual([asked.path, expect.arrayContaining(part)]);
          expect(part.length).toBeGreaterThan(0);
        }
        if (asked.allAllowed && type === '/problems/invalid-parameter') {
          // What stands between two parameters the document can only say in words.
          const between = errors.every(
            ({ rule, parameter, message }: Record<string, string>) =>
              /with granularity hour/.test(String(message)) ||
              (/^(with_)?(start|end)_date$/.test(String(parameter)) &&
                (rule === 'range' || /together/.test(String(message)))),
          );
          expect([asked.path, between]).toEqual([asked.path, true]);
        }
      }),
      { seed, numRuns: RUNS },
    );
  });

  it('any headers get an answer the document knows', async () => {
    const operation = api.operation('/stats/top-spenders');
    const value = fc.oneof(
      fc.constantFrom(
        '',
        '*',
        '*/*',
        'text/csv',
        'text/csv;q=0',
        ',',
        ';',
        ';;q=',
        'a/b/c',
        '"',
        'W/"',
        'br;q=-1',
        'gzip;q=1e9',
        'x'.repeat(2_000),
        ','.repeat(2_000),
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
    );
    const names = [
      'accept',
      'accept-encoding',
      'accept-language',
      'if-none-match',
      'if-modified-since',
      'range',
      'origin',
      'authorization',
      'x-api-key',
      'x-request-id',
      'traceparent',
      'cache-control',
      'cookie',
      'x-forwarded-for',
      'content-type',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.constantFrom(...names), value), {
          selector: ([name]) => name,
          maxLength: 4,
        }),
        async (headers) => {
          const sent = Object.fromEntries(headers);
          const [received] = await Promise.all([
            ask('/stats/top-spenders', { ...sent, 'accept-encoding': sent['accept-encoding'] ?? '' }),
            expectOthersUnaffected(),
          ]);
          expect(received.status).toBeLessThan(500);
          expect([sent, api.faults(operation, received)]).toEqual([sent, []]);
        },
      ),
      { seed, numRuns: RUNS * 3 },
    );
  });

  it('bytes that are no HTTP are refused, behind good requests too, and nobody else notices', async () => {
    const fine = 'GET /stats/global HTTP/1.1\r\nHost: x\r\n\r\n';
    const piece = fc.oneof(
      fc.constant(Buffer.from(fine)),
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'GET /stats/global HTTP/1.1\r\n\r\n',
          'GET /stats/global HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
          'GET /stats/global HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
          'GET /stats/global HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
          'GET /stats/global HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
          'POST /stats/global HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd',
          'GET /stats/global HTTP/1.1\r\nHost : x\r\n\r\n',
          'GET  /stats/global  HTTP/1.1\r\nHost: x\r\n\r\n',
          'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n',
          'GET http://elsewhere/stats/global HTTP/1.1\r\nHost: x\r\n\r\n',
          'GET * HTTP/1.1\r\nHost: x\r\n\r\n',
          'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n',
          'GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n',
          'GET / HTTP/1.1\r\nHost: x\r\nExpect: everything\r\n\r\n',
          'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
          '\r\n\r\n',
          'G',
        )
        .map((each) => Buffer.from(each)),
    );
    const port = Number(new URL(pipeline.url).port);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        // Ends what the pieces left open. Closing our half instead would say that nobody waits for answers.
        socket.write(Buffer.concat([...pieces, Buffer.from('\r\n\r\n\0\r\n\r\n\0\r\n\r\n')]));
        const [answered] = await Promise.all([text(socket).catch(() => ''), expectOthersUnaffected()]);
        expect(answered).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
        for (const answer of answered.split(/(?=HTTP\/1\.1 \d{3} )/)) {
          const [head = '', body = ''] = answer.split('\r\n\r\n');
          const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
          if (!(status >= 400)) continue;
          expect([status < 500, head]).toEqual([
            true,
            expect.stringMatching(/^Content-Type: application\/problem\+json/m),
          ]);
          expect([head, api.errorsOf(PROBLEM, JSON.parse(body))]).toEqual([head, []]);
        }
      }),
      { seed, numRuns: RUNS * 3 },
    );
  });

  it('thousands of requests on one connection, half of them wrong, are answered in order', async () => {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    const paths = Array.from({ length: 1_000 }, (_, index) =>
      index % 2 === 0 ? '/stats/global' : `/stats/top-buyers?limit=x${index}`,
    );
    const last = paths.length - 1;
    const head = (index: number) => (index === last ? 'Host: x\r\nConnection: close' : 'Host: x');
    socket.write(paths.map((path, index) => `GET ${path} HTTP/1.1\r\n${head(index)}\r\n\r\n`).join(''));
    const answered = await text(socket);
    const statuses = [...answered.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
    expect(statuses).toEqual(paths.map((_, index) => (index % 2 === 0 ? '200' : '400')));
    expect([...answered.matchAll(/"received":"x(\d+)"/g)].map(([, index]) => Number(index))).toEqual(
      Array.from({ length: 500 }, (_, index) => 2 * index + 1),
    );
  });
});
