import { ExactNumber } from '../../orders/exactJson.ts';
import type { Finding, Fix } from '../finding.ts';
import type { Mends, Opinion } from './opinion.ts';
import { fieldAt, unmarked } from './redact.ts';

/** What a model may propose to change. Ids and addresses are not shown as they are, so there is nothing to mend in them. */
const FIXABLE = new Set([
  'payment_method',
  'product_id',
  'order_timestamp',
  'order_value',
  'quantity',
  'price_per_unit',
]);
const NUMBERS = new Set(['order_value', 'quantity', 'price_per_unit']);
const NAMEABLE = [
  'order_id',
  'user_id',
  'order_timestamp',
  'order_value',
  'currency',
  'payment_method',
  'shipping_address',
];
const ITEMS_NAMED = 12;
const EDITS = 3;
const LONGEST = 60;
/** A name, a code or a time: no sentence of it. */
const PLAIN = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._:+/&-]*$/u;

type Fields = Record<string, unknown>;

/** What stands at a path like `items[0].quantity`; undefined where nothing does. */
export function valueAt(order: unknown, path: string): unknown {
  const value = path
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .reduce<unknown>((held, part) => {
      const isHeld = typeof held === 'object' && held !== null && Object.hasOwn(held, part);
      return isHeld ? (held as Fields)[part] : undefined;
    }, order);
  return value instanceof ExactNumber ? value.text : value;
}

/** Where a fix of the model's may be, for a finding at `path`: there, and where the sum hangs on it. */
export function fixablePaths(order: unknown, path: string): string[] {
  const field = fieldAt(path);
  if (!FIXABLE.has(field)) return [];
  const line = /^items\[\d+\]/.exec(path)?.[0];
  const beside =
    line !== undefined && NUMBERS.has(field)
      ? [`${line}.quantity`, `${line}.price_per_unit`, 'order_value']
      : [];
  return [...new Set([path, ...beside])].filter((each) => valueAt(order, each) !== undefined);
}

/** What the model may call wrong in an order: the fields that it is shown. */
export function nameablePaths(order: unknown): string[] {
  const items = valueAt(order, 'items');
  const lines = Array.isArray(items) ? items.slice(0, ITEMS_NAMED) : [];
  const ofLines = lines.flatMap((_, at) =>
    ['product_id', 'quantity', 'price_per_unit'].map((field) => `items[${at}].${field}`),
  );
  return [...NAMEABLE, ...ofLines].filter((path) => valueAt(order, path) !== undefined);
}

interface Shown {
  ref: string;
  order: unknown;
  /** What the fix is for. */
  finding: Finding;
  name: string;
  mayChange: readonly string[];
}

/** The edits that a model proposed, by order; only those that change something, are allowed there, and pass `mends`. */
export function fixesBySample(
  samples: readonly Shown[],
  proposed: readonly { order: string; path: string; value: string | number }[],
  mark: string,
  mends: Mends,
): Opinion['fixes'] {
  return samples.flatMap(({ ref, order, finding, name, mayChange }) => {
    const edits = proposed.filter((each) => each.order === name);
    if (edits.length === 0 || edits.length > EDITS) return [];
    if (new Set(edits.map(({ path }) => path)).size !== edits.length) return [];
    const fix = edits.map((edit) =>
      mayChange.includes(edit.path) ? readEdit(order, edit, mark) : undefined,
    );
    // One that falls out takes the others along: they were meant together.
    if (!fix.every((edit) => edit !== undefined)) return [];
    return passes(mends, order, fix, finding) ? [{ ref, fix }] : [];
  });
}

function readEdit(order: unknown, { path, value }: Fix, mark: string): Fix | undefined {
  const stands = valueAt(order, path);
  if (NUMBERS.has(fieldAt(path))) {
    const number = typeof value === 'number' || /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    const changes = Number.isFinite(number) && number >= 0 && Number(stands) !== number;
    return changes ? { path, value: number } : undefined;
  }
  const text = unmarked(String(value), mark).trim();
  return text.length <= LONGEST && PLAIN.test(text) && text !== stands ? { path, value: text } : undefined;
}

function passes(mends: Mends, order: unknown, fix: readonly Fix[], finding: Finding): boolean {
  try {
    return mends(order, fix, finding);
  } catch {
    return false;
  }
}
