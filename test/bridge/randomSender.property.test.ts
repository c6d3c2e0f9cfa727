import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { takeFrom, unwrap } from '../../src/queue/envelope.ts';
import { type OrderJob, toOrderJob } from '../../src/queue/orderJob.ts';
import { orderOf, userIdOf } from '../../src/queue/readOrderJob.ts';

/*
 * A sender of anything. The oracle knows what it wrote as a tree whose numbers are texts, and compares decimals with
 * whole numbers of any size: neither JSON.parse nor the product's parser has a part in it.
 */

const MAX_BODY_BYTES = 1_048_576;
const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };

type Tree =
  | { kind: 'number'; text: string }
  | { kind: 'other'; value: string | boolean | null }
  | { kind: 'list'; parts: Tree[] }
  | { kind: 'object'; parts: [name: string, part: Tree][] };

const digits = (most: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: most }).map((all) => all.join(''));
const written = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(digits(5), digits(18), digits(40)).map((text) => text.replace(/^0+(?=\d)/, '')),
    fc.option(fc.oneof(digits(2), digits(20)), { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), fc.oneof(digits(1), digits(3), digits(22))), {
      nil: undefined,
    }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent?.join('') ?? ''}`,
  );
const number = fc.oneof(
  written,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.bigInt({ min: -(2n ** 53n) - 3n, max: 2n ** 53n + 3n }).map(String),
  fc.integer().map(String),
);
const name = fc.oneof(
  fc.constantFrom(
    'order_id',
    'user_id',
    'items',
    '__proto__',
    'constructor',
    'length',
    'toJSON',
    '',
    '/',
    '~1',
    'a/~b',
    '0',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('number' as const), text: number }),
    fc.record({
      kind: fc.constant('other' as const),
      value: fc.oneof(fc.boolean(), fc.constant(null), fc.string({ unit: 'binary', maxLength: 8 })),
    }),
    fc.record({ kind: fc.constant('list' as const), parts: fc.array(tie('tree'), { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('object' as const),
      parts: fc.array(fc.tuple(name, tie('tree')), { maxLength: 5 }),
    }),
  ),
}));
const object = fc.record({
  kind: fc.constant('object' as const),
  parts: fc.array(fc.tuple(name, tree), { maxLength: 8 }),
});

function textOf(part: Tree, space: string): string {
  if (part.kind === 'number') return part.text;
  if (part.kind === 'other') return JSON.stringify(part.value);
  const inner =
    part.kind === 'list'
      ? part.parts.map((each) => textOf(each, space))
      : part.parts.map(([key, each]) => `${JSON.stringify(key)}${space}:${space}${textOf(each, space)}`);
  const [open, close] = part.kind === 'list' ? '[]' : '{}';
  return `${open}${space}${inner.join(`${space},${space}`)}${space}${close}`;
}

/** How it travels, and how the bridge takes it out again. */
const ways: Record<string, (text: string) => { body: string; delivered?: string; text: string }> = {
  'as it is': (text) => ({ body: text, text }),
  'behind a byte-order mark': (text) => ({ body: `\ufeff${text}`, text }),
  'in a JSON string': (text) => ({ body: JSON.stringify(text), text }),
  'through SNS': (text) => {
    const Message = text;
    return {
      ...unwrap(JSON.stringify({ Type: 'Notification', MessageId: 'm', TopicArn: 'arn', Message })),
      text,
    };
  },
  'through EventBridge': (text) => ({
    ...unwrap(`{"id":"e","source":"s","detail-type":"t","detail":${text}}`),
    text,
  }),
  'at a place': (text) => placed(`{"payload":{"before":1e400,"after":${text}}}`, text),
  'as text at a place': (text) => placed(`{"payload":{"after":${JSON.stringify(text)}}}`, text),
};

function placed(delivered: string, text: string) {
  const { body = '' } = takeFrom(delivered, ['payload', 'after']) ?? {};
  return { body, delivered, text };
}

const stored = (body: string, delivered?: string): OrderJob =>
  JSON.parse(JSON.stringify(toOrderJob(body, MESSAGE, MAX_BODY_BYTES, delivered)));

describe('whatever is sent', () => {
  it('the job says every number of it to the last digit, and so does what is judged', () => {
    fc.assert(
      fc.property(
        object,
        fc.constantFrom(...Object.keys(ways)),
        fc.constantFrom('', ' ', '\n\t'),
        (sent, way, space) => {
          const { body, delivered } = (ways[way] as (typeof ways)[string])(textOf(sent, space));
          const job = stored(body, delivered);
          same('kept as an order', 'order' in job, true);
          compare(sent, job.order, '', (pointer, value) => job.exact?.[pointer] ?? JSON.stringify(value));
          for (const pointer of Object.keys(job.exact ?? {})) same(pointer, isNumberAt(sent, pointer), true);
          const before = JSON.stringify(job);
          compare(sent, orderOf(job, MAX_BODY_BYTES), '', (_, value) =>
            value instanceof ExactNumber ? value.text : JSON.stringify(value),
          );
          same('the stored data', JSON.stringify(job), before);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('a number alone is not overlooked, however it is written', () => {
    const edge = fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 9n }).map(String);
    const sixteen = fc
      .tuple(fc.stringMatching(/^[1-9]\d{15}$/), fc.integer({ min: 1, max: 16 }))
      .map(([all, point]) => (point === 16 ? all : `${all.slice(0, point)}.${all.slice(point)}`));
    const before = fc.constantFrom('{"a":', '[', '[1,', '{"b":1,"a": ', '[\t', '');
    fc.assert(
      fc.property(fc.oneof(edge, sixteen, number), before, (text, start) => {
        const end = { '{': '}', '[': ']' }[start.slice(0, 1)] ?? '';
        const { exact = {}, order } = stored(`${start}${text}${end}`);
        const [kept = JSON.stringify(order).replace(/^.*[:,[]|[\]}]$/g, '')] = Object.values(exact);
        same(text, decimal(kept), decimal(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('it becomes a job, is read or refused, and nothing else is thrown', () => {
    const twisted = fc
      .tuple(object, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }))
      .map(([sent, at, text]) => {
        const whole = textOf(sent, '');
        const cut = at % (whole.length + 1);
        return `${whole.slice(0, cut)}${text}${whole.slice(cut + 1)}`;
      });
    const place = fc.array(name, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.oneof(twisted, fc.string({ unit: 'binary' })), place, (body, path) => {
        takeFrom(body, path);
        const inner = unwrap(body).body;
        const job = stored(inner);
        userIdOf(job, 'upper');
        if (job.order === undefined) same('the text', job.raw, inner);
        try {
          orderOf(job, MAX_BODY_BYTES);
        } catch (error) {
          same('what is thrown', (error as Error).name, 'InvalidOrder');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

/** `expect` would be most of what this test does. */
function same(what: string, found: unknown, expected: unknown): void {
  if (!Object.is(found, expected)) expect({ what, found }).toEqual({ what, found: expected });
}

function compare(
  sent: Tree,
  found: unknown,
  pointer: string,
  numberAt: (pointer: string, value: unknown) => string,
): void {
  if (sent.kind === 'number') {
    same(pointer, decimal(numberAt(pointer, found)), decimal(sent.text));
  } else if (sent.kind === 'other') {
    same(pointer, found, sent.value);
  } else {
    same(pointer, Array.isArray(found), sent.kind === 'list');
    const parts = partsOf(sent);
    const names = Object.keys(found as object);
    same(pointer, names.toSorted().join('\n'), [...parts.keys()].toSorted().join('\n'));
    for (const [key, part] of parts) {
      const escaped = key.replace(/[~/]/g, (sign) => (sign === '~' ? '~0' : '~1'));
      compare(part, (found as Record<string, unknown>)[key], `${pointer}/${escaped}`, numberAt);
    }
  }
}

/** By name; the last of those that share one. */
function partsOf(sent: Tree): Map<string, Tree> {
  if (sent.kind === 'list') return new Map(sent.parts.map((part, index) => [String(index), part]));
  return new Map(sent.kind === 'object' ? sent.parts : []);
}

function isNumberAt(sent: Tree, pointer: string): boolean {
  let part: Tree | undefined = sent;
  for (const key of pointer.split('/').slice(1)) {
    part = part && partsOf(part).get(key.replace(/~[01]/g, (sign) => (sign === '~0' ? '~' : '/')));
  }
  return part?.kind === 'number';
}

/** One spelling for each decimal: a whole number that does not end in 0, and the power of ten behind it. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === '') throw new Error(`no number: ${text}`);
  const all = `${whole}${fraction}`;
  const significant = all.replace(/0+$/, '');
  const mantissa = BigInt(significant || '0');
  if (mantissa === 0n) return '0';
  const power =
    BigInt(exponent.replace('+', '')) - BigInt(fraction.length) + BigInt(all.length - significant.length);
  return `${sign}${mantissa}e${power}`;
}
