/** The parts of an OpenAPI document that this page shows, with every `$ref` followed. */
export interface Api {
  summary: string;
  description: string;
  tags: readonly { name: string; description: string; operations: readonly Operation[] }[];
}

export interface Operation {
  id: string;
  method: string;
  /** With parameters in braces. */
  path: string;
  summary: string;
  description: string;
  parameters: readonly Parameter[];
  /** Whether a key may be asked for. */
  isGuarded: boolean;
  /** Whether it can be had as CSV besides. */
  hasCsv: boolean;
  answers: readonly DocumentedAnswer[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required: boolean;
  description: string;
  schema: Schema;
  example?: string | number;
}

export interface DocumentedAnswer {
  status: string;
  description: string;
  /** Of its JSON, when it has any. */
  json?: { schema: Schema; example?: unknown };
}

export interface Schema {
  type?: string | readonly string[];
  format?: string;
  description?: string;
  enum?: readonly string[];
  const?: unknown;
  default?: string | number;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  anyOf?: readonly Schema[];
}

interface Written {
  info: { summary: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, WrittenOperation>>;
}

interface WrittenOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters: Parameter[];
  security: object[];
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: Schema; example?: unknown }> }
  >;
}

export function readApi(document: unknown): Api {
  const { info, tags, paths } = dereferenced(document) as Written;
  const written = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return {
    summary: info.summary,
    description: info.description,
    tags: tags
      .map(({ name, description }) => ({
        name,
        description,
        operations: written
          .filter(({ operation }) => operation.tags.includes(name))
          .map(({ path, method, operation }) => readOperation(path, method, operation)),
      }))
      .filter(({ operations }) => operations.length > 0),
  };
}

export const operationsOf = ({ tags }: Api): readonly Operation[] =>
  tags.flatMap(({ operations }) => operations);

function readOperation(path: string, method: string, written: WrittenOperation): Operation {
  const { operationId, summary, description = '', parameters, security, responses } = written;
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    summary,
    description,
    // Here a button asks for CSV, by Accept.
    parameters: parameters.filter(({ name }) => name !== 'format'),
    isGuarded: security.length > 0,
    hasCsv: responses['200']?.content?.['text/csv'] !== undefined,
    answers: Object.entries(responses).map(([status, { description, content }]) => {
      const json = content?.['application/json'];
      return { status, description, ...(json ? { json } : {}) };
    }),
  };
}

/** The document with what each reference names in its place. This API's schemas do not hold themselves. */
function dereferenced(document: unknown): unknown {
  const follow = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(follow);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref } = value as { $ref?: unknown };
    if (typeof $ref === 'string') return follow(at(document, $ref));
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, follow(each)]));
  };
  return follow(document);
}

const at = (document: unknown, reference: string): unknown =>
  reference
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], document);
