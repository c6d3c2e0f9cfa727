import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

type Json = Record<string, unknown>;

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description: string;
  schema: Json;
  example?: unknown;
}

interface Response_ {
  description: string;
  headers?: Json;
  content?: Record<string, { schema: Json; example?: unknown }>;
}

export interface Documented {
  path: string;
  method: string;
  operationId: string;
  description?: string;
  parameters: Parameter[];
  responses: Record<string, Response_>;
}

/** What came back, whole. */
export interface Received {
  status: number;
  headers: { get(name: string): string | null };
  body: string;
}

/** openapi.json as something to hold answers against. */
export interface ApiDocument {
  document: Json;
  operations: Documented[];
  operation(path: string): Documented;
  /** Everything in which an answer of an operation differs from the document; empty when nothing does. */
  faults(operation: Documented, received: Received): string[];
  /** Whether the document allows that text for that parameter. */
  allows(parameter: Parameter, text: string): boolean;
  /** What is wrong with a value by a schema of the document. */
  errorsOf(schema: Json, value: unknown): string[];
}

export function readApiDocument(document: Json): ApiDocument {
  const resolve = (value: unknown): Json => {
    const { $ref } = value as { $ref?: string };
    if ($ref === undefined) return value as Json;
    return resolve(
      $ref
        .slice(2)
        .split('/')
        .reduce<unknown>((at, key) => (at as Json)[key], document),
    );
  };
  const paths = document.paths as Record<string, Record<string, Omit<Documented, 'path' | 'method'>>>;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      ...described,
      path,
      method,
      responses: Object.fromEntries(
        Object.entries(described.responses).map(([status, response]) => [
          status,
          resolve(response) as unknown as Response_,
        ]),
      ),
    })),
  );

  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  formats.default(ajv);
  // Where `$ref` leads to; not a part of JSON Schema.
  ajv.addKeyword('components');
  const components = { schemas: closed((document.components as Json).schemas) };
  const compiled = new Map<Json, ReturnType<typeof ajv.compile>>();
  const errorsOf = (schema: Json, value: unknown): string[] => {
    let validate = compiled.get(schema);
    if (!validate) {
      validate = ajv.compile({ ...schema, components } as AnySchema);
      compiled.set(schema, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
    );
  };

  return {
    document,
    operations,
    operation: (path) => operations.find((each) => each.path === path) as Documented,
    errorsOf,
    faults({ responses }, { status, headers, body }) {
      const response = responses[status];
      if (!response) return [`status ${status} is not documented: ${body.slice(0, 300)}`];
      const faults = Object.keys(response.headers ?? {})
        .filter((name) => !OPTIONAL_HEADERS.includes(name) && headers.get(name) === null)
        .map((name) => `header ${name} is missing`);
      const type = (headers.get('content-type') ?? '').split(';', 1)[0] as string;
      if (!response.content) return body === '' && type === '' ? faults : [...faults, `a body, ${type}`];
      const content = response.content[type];
      if (!content) return [...faults, `content type ${type} is not documented for ${status}`];
      const value = /^text\/|ndjson$/.test(type) ? body : JSON.parse(body);
      return [...faults, ...errorsOf(content.schema, value)];
    },
    allows({ schema }, text) {
      const value = schema.type === 'integer' && /^[0-9]+$/.test(text) ? Number(text) : text;
      return errorsOf(schema, value).length === 0;
    },
  };
}

/** There when there is something to say: a limit, a next page. */
const OPTIONAL_HEADERS = [
  'Content-Disposition',
  'Link',
  'RateLimit',
  'RateLimit-Policy',
  'X-Newest-Counted',
  'X-Orders-Failed',
  'X-Orders-Waiting',
];

/** The document leaves objects open for members to come; an answer of today has exactly what is in it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = inner.type === 'object' && inner.properties && inner.additionalProperties === undefined;
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}
