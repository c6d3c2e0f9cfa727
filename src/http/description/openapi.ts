import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import type { IdCase } from '../../orders/ids.ts';
import { PROBLEM_TYPE } from '../transport/problem.ts';
import { PROBLEM_KINDS, type ProblemKind } from '../transport/problemKinds.ts';
import { SESSION_COOKIE } from '../transport/sessions.ts';
import * as analyticsAnswers from './analyticsAnswers.ts';
import { analyticsOperations } from './analyticsOperations.ts';
import * as answers from './answers.ts';
import * as deskAnswers from './deskAnswers.ts';
import { deskOperations } from './deskOperations.ts';
import * as letterAnswers from './letterAnswers.ts';
import * as liveAnswers from './liveAnswers.ts';
import { liveOperations, queueOperation } from './liveOperations.ts';
import type { Operation } from './operation.ts';
import { openOperations, statsOperations } from './operations.ts';
import * as qualityAnswers from './qualityAnswers.ts';
import { qualityOperations } from './qualityOperations.ts';
import * as storyAnswers from './storyAnswers.ts';

/** An OpenAPI 3.1 document or a part of one. */
export type Json = Record<string, unknown>;

/** What any operation may refuse with. */
const COMMON: readonly ProblemKind[] = [
  'invalid-parameter',
  'unexpected-body',
  'bad-request',
  'not-acceptable',
  'request-timeout',
  'content-too-large',
  'uri-too-long',
  'too-many-requests',
  'headers-too-large',
  'internal-error',
  'overloaded',
];
/** What those that read the stats may refuse with besides. */
const GUARDED: readonly ProblemKind[] = ['unauthorized', 'forbidden', 'redis-unavailable'];

/**
 * The document of the whole API, made from the operations that its routes are made from. `basePath` is what a proxy
 * shows it under.
 */
export function openapiDocument(idCase: IdCase, basePath = ''): Json {
  const operations = {
    ...statsOperations(idCase),
    ...analyticsOperations(idCase),
    ...liveOperations,
    ...openOperations,
    queue: queueOperation,
    ...deskOperations,
    ...qualityOperations,
  } as unknown as Record<string, Operation>;
  const responses: SharedResponses = { basePath, all: new Map() };
  const paths = Object.fromEntries(
    Object.entries(operations).map(([id, operation]) => [
      operation.path,
      { [operation.method ?? 'get']: describe(id, operation, responses) },
    ]),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: 'order-pipeline',
      version: '1.0.0',
      summary: 'Who spent what: overall, by user, by date, top N.',
      description: ABOUT,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: basePath || '/', description: 'This server' },
      { url: `${basePath}/v1`, description: 'This server, with the version in the path' },
    ],
    tags: TAGS,
    paths,
    components: {
      schemas: schemas(),
      responses: Object.fromEntries(responses.all),
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'The same, for clients that cannot set Authorization.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description: 'Of a browser whose user signed in at `/sign-in`.',
        },
      },
    },
  };
}

const ABOUT = [
  'Every path exists bare and under `/v1`, answers `GET` and `HEAD`, and takes no body; of `/desk/api` some answer `POST` ' +
    'with a JSON body instead, and all of it needs somebody who is signed in, or a key: to look the role `repair` of a key and any of a person, to ' +
    'change something `repair`, and where an operation says so `admin`.',
  'Money is a JSON number with two decimals at most, days are UTC, both ends of a range count.',
  'Answers carry a weak `ETag`: send it back as `If-None-Match` and an unchanged answer is a 304. ' +
    'From 1 kB on they are compressed when `Accept-Encoding` allows it.',
  'Lists and totals by date are CSV for `?format=csv` or `Accept: text/csv`: RFC 4180 with a header line; an id that a spreadsheet could take for a ' +
    "formula (it begins with `=`, `+`, `-`, `@`) or that begins with `'` gets one `'` in front.",
  'What cannot be answered is `application/problem+json` (RFC 9457) with a stable `type`; for parameters, `errors` ' +
    'names each wrong one, the rule it breaks and the value received. Parameters nobody knows are refused too.',
].join('\n\n');

const TAGS = [
  { name: 'Users', description: 'One user.' },
  { name: 'Totals', description: 'All users together.' },
  { name: 'Lists', description: 'Many rows, as JSON or CSV.' },
  {
    name: 'History',
    description: 'Orders themselves, and what only they can tell; where a history is kept.',
  },
  { name: 'Operation', description: 'For those who run this.' },
  { name: 'Desk', description: 'What has failed: find it, repair it, prove it.' },
  { name: 'Quality', description: 'What the review of orders finds, and what people say to it.' },
  { name: 'About', description: 'This API itself.' },
] satisfies { name: Operation['tag']; description: string }[];

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const HEADERS = {
  ETag: { description: 'Names the content; weak.', schema: text },
  'Cache-Control': { description: 'Whether the answer may be kept.', schema: text },
  'Content-Disposition': { description: 'Of CSV: the name to save it under.', schema: text },
  Link: { description: 'The next page, `rel="next"`; absent on the last one.', schema: text },
  RateLimit: {
    description: 'What is left of the rate limit: `r` requests, `t` seconds until all of it is back.',
    schema: text,
  },
  'RateLimit-Policy': { description: 'The rate limit: `q` requests in `w` seconds.', schema: text },
  'Retry-After': {
    description: 'Seconds to wait before trying again.',
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': { description: 'How to authenticate.', schema: text },
  'X-Newest-Counted': {
    description: 'When the newest order was counted.',
    schema: { ...text, format: 'date-time' },
  },
  'X-Orders-Failed': {
    description: 'Orders that failed and wait for an operator: in no stats yet.',
    schema: count,
  },
  'X-Orders-Waiting': {
    description: 'Orders in the queues that have not ended: in no stats yet.',
    schema: count,
  },
  'X-Process-Time': {
    description: 'Seconds this took here.',
    schema: { type: 'string', pattern: '^[0-9]+\\.[0-9]+$' },
  },
  'X-Request-Id': { description: 'Names the request in the log; the one sent along, if any.', schema: text },
};
/** How much there is that the stats do not hold yet, seen every two seconds. */
const FRESHNESS = ['X-Newest-Counted', 'X-Orders-Failed', 'X-Orders-Waiting'] as const;
/** On every answer. */
const ALWAYS = ['X-Process-Time', 'X-Request-Id'] as const;
const headers = (...names: (keyof typeof HEADERS)[]): Json =>
  Object.fromEntries([...names, ...ALWAYS].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const NAMES = new Map<z.core.$ZodType, string>(
  Object.entries({
    ...answers,
    ...analyticsAnswers,
    ...liveAnswers,
    ...deskAnswers,
    ...storyAnswers,
    ...letterAnswers,
    ...qualityAnswers,
  }).map(([name, schema]) => [schema, `${name.charAt(0).toUpperCase()}${name.slice(1)}`]),
);
const ref = (name: string) => `#/components/schemas/${name}`;

function schemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of NAMES) registry.add(schema, { id });
  const { schemas: found } = z.toJSONSchema(registry, {
    uri: ref,
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return Object.fromEntries(Object.entries(found).map(([name, schema]) => [name, withoutIds(schema)]));
}

function tidy(schema: Json): void {
  // Clients must expect members they do not know: adding one is no new version.
  if (schema.additionalProperties === false) delete schema.additionalProperties;
  // What zod says besides `integer` and `date` is the same again, at length.
  if (schema.type === 'integer' && schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.type === 'integer' && schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format === 'date') delete schema.pattern;
}

function withoutIds({ $schema, $id, ...schema }: Json): Json {
  return schema;
}

function describe(id: string, operation: Operation, shared: SharedResponses): Json {
  const { tag, summary, description, open, body, role } = operation;
  const told = [description, role && `Needs the role \`${role}\`.`].filter((each) => each !== undefined);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(told.length === 0 ? {} : { description: told.join(' ') }),
    parameters: [
      ...parametersIn('path', operation.pathParameters.shape),
      ...parametersIn('query', (operation.query as z.ZodObject).shape),
    ],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: ref(NAMES.get(body) as string) } } },
          },
        }
      : {}),
    security: open ? [] : [{ bearer: [] }, { apiKey: [] }, { session: [] }, {}],
    responses: { ...successes(operation), ...problemsOf(operation, shared) },
  };
}

function parametersIn(place: 'path' | 'query', shape: z.ZodRawShape): Json[] {
  return Object.entries(shape).map(([name, type]) => {
    const required = !z.safeParse(type, undefined).success;
    // The output side: what the text of a URL stands for, an integer with its bounds for one.
    const { $schema, description, examples, ...schema } = z.toJSONSchema(type, { io: 'output' });
    return {
      name,
      in: place,
      required,
      description,
      schema,
      ...(examples?.length ? { example: examples[0] } : {}),
    };
  });
}

const ofFiles = (types: readonly string[]): Json =>
  Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' }, example: '' }]));

const contentOf = ({ answer, example, csv }: Operation): Json => ({
  'application/json': { schema: { $ref: ref(NAMES.get(answer) as string) }, example },
  ...(csv ? { 'text/csv': { schema: { type: 'string' }, example: `${csv.columns.join(',')}\r\n` } } : {}),
});

function successes(operation: Operation): Json {
  const { csv, files, next, momentary, open, operators, otherwise, answer } = operation;
  const content = files ? ofFiles(files) : contentOf(operation);
  const { description } = z.globalRegistry.get(answer) ?? {};
  const limited = open || operators ? [] : ([...FRESHNESS, 'RateLimit', 'RateLimit-Policy'] as const);
  const kept = momentary ? [] : (['ETag'] as const);
  const saved = csv || files ? (['Content-Disposition'] as const) : [];
  const paged = next ? (['Link'] as const) : [];
  return {
    200: {
      description: description ?? 'As asked.',
      headers: headers('Cache-Control', ...kept, ...saved, ...paged, ...limited),
      content,
    },
    ...(momentary
      ? {}
      : {
          304: {
            description: 'Unchanged since the ETag in If-None-Match.',
            headers: headers('ETag', 'Cache-Control', ...limited),
          },
        }),
    ...(otherwise
      ? { [otherwise.status]: { description: otherwise.means, headers: headers(), content } }
      : {}),
  };
}

/** Responses that many operations share stand in the document once, named by status and what is special in them. */
interface SharedResponses {
  basePath: string;
  all: Map<string, Json>;
}

function problemsOf({ open, body, problems = [], otherwise }: Operation, shared: SharedResponses): Json {
  const kinds = [
    ...COMMON,
    ...(body ? (['unsupported-media-type'] as const) : []),
    ...(open ? [] : GUARDED),
    ...problems,
  ];
  const statuses = new Set<number>(kinds.flatMap((kind) => [...PROBLEM_KINDS[kind].statuses]));
  if (otherwise) statuses.delete(otherwise.status);
  return Object.fromEntries(
    [...statuses].map((status) => {
      const ofStatus = kinds.filter((kind) =>
        [...PROBLEM_KINDS[kind].statuses].some((each) => each === status),
      );
      const special = ofStatus.filter((kind) => !COMMON.includes(kind)).map(pascalCase);
      const name = `Problem${status}${special.join('')}`;
      if (!shared.all.has(name)) shared.all.set(name, problemResponse(status, ofStatus, shared.basePath));
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

const pascalCase = (kind: string): string =>
  kind.replaceAll(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase());

const HEADERS_OF_PROBLEM: Record<number, (keyof typeof HEADERS)[]> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
};

function problemResponse(status: number, kinds: readonly ProblemKind[], basePath: string): Json {
  const [first] = kinds as [ProblemKind];
  const types = kinds.map((kind) => `${basePath}/problems/${kind}`);
  return {
    description: kinds.map((kind) => `\`${kind}\`: ${PROBLEM_KINDS[kind].means}`).join(' '),
    headers: headers(...(HEADERS_OF_PROBLEM[status] ?? [])),
    content: {
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            { $ref: ref('Problem') },
            { properties: { type: { enum: types }, status: { const: status } } },
          ],
        },
        example: { type: types[0], title: STATUS_CODES[status], status, detail: PROBLEM_KINDS[first].means },
      },
    },
  };
}
