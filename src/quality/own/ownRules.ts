import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import type { Order, OrderItem } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import { linePath, NOTHING, type Said, signed } from '../declared/rule.ts';
import type { Finding } from '../finding.ts';
import {
  holdsOfNumber,
  holdsOfText,
  holdsOfTime,
  numberCondition,
  textCondition,
  timeCondition,
} from './conditions.ts';

/** A file of own rules that cannot be taken; a problem names the line, the field and the value. */
export class OwnRulesError extends Error {
  override readonly name = 'OwnRulesError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const LONGEST_FILE = 256 * 1024;
const MOST_RULES = 200;
const LONGEST_MESSAGE = 200;

const common = {
  id: z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'must be a name such as big_basket'),
  /** Raised by whoever changes what it says: what was answered of the old one is not of the new. */
  version: z.int().min(1).default(1),
  severity: z.enum(['info', 'warn', 'hold'], 'must be info, warn or hold'),
  message: z.string().min(1).max(LONGEST_MESSAGE),
};

const rule = z.discriminatedUnion(
  'field',
  [
    z.strictObject({
      ...common,
      field: z.enum(['order_value', 'items', 'items[*].quantity', 'items[*].price_per_unit']),
      when: numberCondition,
    }),
    z.strictObject({
      ...common,
      field: z.enum([
        'order_id',
        'user_id',
        'currency',
        'payment_method',
        'shipping_address',
        'items[*].product_id',
      ]),
      when: textCondition,
    }),
    z.strictObject({ ...common, field: z.literal('order_timestamp'), when: timeCondition }),
  ],
  'must be a field of an order: order_id, user_id, order_value, order_timestamp, currency, payment_method, shipping_address, items (how many), items[*].product_id, items[*].quantity or items[*].price_per_unit',
);

const file = z.strictObject({
  version: z.literal(1, 'must be 1'),
  rules: z.array(rule).min(1).max(MOST_RULES),
});

type OwnRule = z.output<typeof rule>;

/**
 * The checks that a shop has written for itself, from the text of its file.
 *
 * @throws OwnRulesError with all of its problems
 */
export function ownRuleChecks(text: string): readonly Check[] {
  if (text.length > LONGEST_FILE) throw new OwnRulesError([`is longer than ${LONGEST_FILE / 1024} KiB`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const lineOf = (offset: number) => `line ${lines.linePos(offset).line}`;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    throw new OwnRulesError(faults.map(({ pos, message }) => `${lineOf(pos[0])}: is not YAML: ${message}`));
  const value = readValue(document);
  const parsed = file.safeParse(value);
  if (!parsed.success) {
    throw new OwnRulesError(
      spoken(parsed.error.issues).map((issue) => {
        const place = whereIn(document, issue.path);
        return `${lineOf(place)}: ${problemOf(issue, value)}`;
      }),
    );
  }
  const { rules } = parsed.data;
  const twice = rules.findIndex(({ id }, at) => rules.findIndex((other) => other.id === id) < at);
  if (twice >= 0) {
    const place = whereIn(document, ['rules', twice, 'id']);
    throw new OwnRulesError([`${lineOf(place)}: two rules are called ${JSON.stringify(rules[twice]?.id)}`]);
  }
  return rules.map(checkOf);
}

function readValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new OwnRulesError([`cannot be read: ${(error as Error).message}`]);
  }
}

type Issue = z.core.$ZodIssue;

/** Of a field that may be one of several kinds, the kind that fits best speaks. */
function flat(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
    const [fewest = []] = [...issue.errors].sort((a, b) => deepest(b) - deepest(a) || a.length - b.length);
    return flat(fewest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue));
  });
}

/** A condition that is not understood says nothing of the value either: the first of that is enough. */
const spoken = (issues: readonly Issue[]): Issue[] =>
  flat(issues).filter(
    ({ path, code }, at, all) =>
      code !== 'custom' || !all.slice(0, at).some((other) => other.path.join('.') === path.join('.')),
  );

const deepest = (issues: readonly Issue[]): number => Math.max(...issues.map(({ path }) => path.length));

/** Where the field stands, or, where it is missing, what it is missing in. */
function whereIn(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

const LONGEST_SHOWN = 60;

function problemOf(issue: Issue, value: unknown): string {
  const path = issue.path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`),
    '',
  );
  const given = issue.path.reduce<unknown>(
    (holder, part) =>
      typeof holder === 'object' && holder !== null && Object.hasOwn(holder, part)
        ? (holder as Record<PropertyKey, unknown>)[part]
        : undefined,
    value,
  );
  if (issue.code === 'unrecognized_keys')
    return `${path || 'the file'} has ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}, which nothing reads`;
  if (given === undefined) return `${path || 'the file'} is missing`;
  return `${path || 'the file'} ${lowered(issue.message)}, got ${shown(given)}`;
}

/** An anchor may stand in what it names, and of `.inf` JSON says null. */
function shown(given: unknown): string {
  if (typeof given === 'number') return String(given);
  try {
    return (JSON.stringify(given) ?? '').slice(0, LONGEST_SHOWN);
  } catch {
    return 'what has itself in it';
  }
}

/** zod speaks of its own: `Invalid input: expected number, received string`. */
const lowered = (message: string): string =>
  message.replace(/^(?:Invalid input|Too big|Too small): expected ([^,]+)(?:, received .*)?$/, 'must be $1');

function checkOf(own: OwnRule): Check {
  const check: Check = {
    id: `own_${own.id}`,
    version: own.version,
    family: 'own',
    judge: (order) => {
      const found = finder(order);
      return found.length === 0 ? NOTHING : found.map((said) => signed(check, said));
    },
  };
  const finder = finderOf(own);
  return check;
}

type Find = (order: Order) => readonly Said[];

function finderOf(own: OwnRule): Find {
  switch (own.field) {
    case 'order_value': {
      const holds = holdsOfNumber(own.when);
      return ({ minorUnits }) => (holds(minorUnits / 100) ? [said(own, minorUnits / 100)] : []);
    }
    case 'items': {
      const holds = holdsOfNumber(own.when);
      return ({ items }) => (holds(items.length) ? [said(own, `${items.length} lines`)] : []);
    }
    case 'items[*].quantity':
      return inLines(own, 'quantity', holdsOfNumber(own.when), ({ quantity }) => quantity);
    case 'items[*].price_per_unit':
      return inLines(own, 'price_per_unit', holdsOfNumber(own.when), ({ pricePerUnit }) =>
        Number(pricePerUnit),
      );
    case 'items[*].product_id':
      return inLines(own, 'product_id', holdsOfText(own.when), ({ productId }) => productId);
    case 'order_timestamp': {
      const holds = holdsOfTime(own.when);
      return ({ timestamp }) => (holds(timestamp) ? [said(own, timestamp ?? 'nothing')] : []);
    }
    default: {
      const holds = holdsOfText(own.when);
      const read = TEXTS[own.field];
      const isPersonal = own.field === 'user_id' || own.field === 'shipping_address';
      return (order) => {
        const value = read(order);
        if (!holds(value)) return [];
        const shown = value === undefined || value === '' ? 'nothing' : isPersonal ? 'what it says' : value;
        const isKey = own.field === 'payment_method' || own.field === 'currency';
        return [said(own, shown, isKey ? shown : undefined)];
      };
    }
  }
}

const TEXTS = {
  order_id: ({ orderId }: Order) => orderId,
  user_id: ({ userId }: Order) => userId,
  currency: ({ currency }: Order) => currency,
  payment_method: ({ paymentMethod }: Order) => paymentMethod,
  shipping_address: ({ shippingAddress }: Order) => shippingAddress,
} as const;

function inLines<T>(
  own: OwnRule,
  field: 'product_id' | 'quantity' | 'price_per_unit',
  holds: (value: T) => boolean,
  read: (item: OrderItem) => T,
): Find {
  return (order) =>
    order.items.flatMap((item, at) => {
      const value = read(item);
      return holds(value) ? [said(own, String(value), item.productId, linePath(order, at, field))] : [];
    });
}

function said(own: OwnRule, observed: string | number, key: string = own.id, path: string = own.field): Said {
  const { severity, message } = own;
  return { path, key, severity, observed: String(observed), expected: message, confidence: 1 } satisfies Omit<
    Finding,
    'rule' | 'version'
  >;
}
