import { ExactNumber } from '../orders/exactJson.ts';

/*
 * A job keeps an order as plain JSON, for people to read and edit, and beside it the numbers that JSON.parse would
 * round: JSON Pointer (RFC 6901) → the number's text as sent.
 */

export type ExactNumbers = Readonly<Record<string, string>>;

type Container = Record<string, unknown>;

/**
 * Where the ExactNumbers of a value are, and their texts. Undefined when that would take more than `mostCharacters`:
 * many numbers below a long path make a small body a huge list. Throws RangeError when the value is nested too deep.
 */
export function exactNumbersIn(value: unknown, mostCharacters: number): ExactNumbers | undefined {
  const exact: Record<string, string> = {};
  let left = mostCharacters;
  const collect = (part: unknown, pointer: string): boolean => {
    if (part instanceof ExactNumber) {
      left -= pointer.length + part.text.length;
      exact[pointer] = part.text;
      return left >= 0;
    }
    if (typeof part !== 'object' || part === null) return true;
    return Object.entries(part).every(([key, inner]) => collect(inner, `${pointer}/${escaped(key)}`));
  };
  return collect(value, '') ? exact : undefined;
}

/**
 * The value with an ExactNumber at every pointer whose number is still the one that was sent; an edited one stands for
 * itself. `value` and what it holds stay as they are.
 */
export function withExactNumbers(value: unknown, exact: Readonly<Record<string, unknown>>): unknown {
  // Splitting a pointer at its slashes leaves an empty name first, so the value stands under that.
  const root: Container = { '': value };
  const copies = new Set<unknown>([root]);
  for (const [pointer, text] of Object.entries(exact)) {
    const path = pointer.split('/').map(unescaped);
    const number = exactNumber(valueAt(root, path), text);
    if (number) put(root, path, number, copies);
  }
  return root[''];
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The number with all of its digits, unless `value` is no longer what the text is rounded to. */
export function exactNumber(value: unknown, text: unknown): ExactNumber | undefined {
  if (typeof text !== 'string' || !JSON_NUMBER.test(text)) return undefined;
  const rounded = Number(text);
  // JSON has no Infinity: BullMQ stores null for it.
  const isAsSent = value === rounded || (value === null && !Number.isFinite(rounded));
  return isAsSent ? new ExactNumber(text) : undefined;
}

function valueAt(root: Container, path: readonly string[]): unknown {
  let value: unknown = root;
  for (const key of path) {
    if (!isContainer(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function put(root: Container, path: readonly string[], number: ExactNumber, copies: Set<unknown>): void {
  let holder = root;
  for (const key of path.slice(0, -1)) {
    const inner = holder[key] as Container;
    if (!copies.has(inner)) {
      const copy = (Array.isArray(inner) ? [...inner] : { ...inner }) as Container;
      copies.add(copy);
      holder[key] = copy;
    }
    holder = holder[key] as Container;
  }
  // An operator may have written any pointer: a number is no length of a list.
  const last = path.at(-1) as string;
  if (!Array.isArray(holder) || last !== 'length') holder[last] = number;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescaped = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');
