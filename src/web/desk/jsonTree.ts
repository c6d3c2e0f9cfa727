import type { Change } from './deskApi.ts';

/** What a job holds: a value of JSON, or text that is none; and the digits that a number of JavaScript has no room for. */
export interface Sent {
  value: unknown;
  isText: boolean;
  /** By place: `items[0].price_per_unit`. */
  digits: ReadonlyMap<string, string>;
}

export function sentIn(data: unknown): Sent {
  const none = new Map<string, string>();
  if (typeof data !== 'object' || data === null) return { value: data, isText: false, digits: none };
  const { order, raw, exact } = data as Record<string, unknown>;
  if (order === undefined)
    return typeof raw === 'string'
      ? { value: raw, isText: true, digits: none }
      : { value: data, isText: false, digits: none };
  const digits = Object.entries(exact ?? {}).map(
    ([pointer, text]) => [placeOf(pointer), String(text)] as const,
  );
  return { value: order, isText: false, digits: new Map(digits) };
}

/** `/items/0/price` → `items[0].price` */
const placeOf = (pointer: string): string =>
  pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (place, part) => (/^\d+$/.test(part) ? `${place}[${part}]` : place === '' ? part : `${place}.${part}`),
      '',
    );

/** A line of JSON as people read it, and what stands there: `items[0].quantity`, '' for the whole. */
export interface Line {
  path: string;
  depth: number;
  /** The field's name, where it has one. */
  name: string | undefined;
  text: string;
}

export function* linesOf(
  value: unknown,
  digits: Sent['digits'],
  path = '',
  depth = 0,
  name?: string,
  comma = '',
): Generator<Line, void, undefined> {
  const inside = childrenOf(value, path);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (inside === undefined || inside.length === 0) {
    yield {
      path,
      depth,
      name,
      text: (inside ? `${open}${close}` : (digits.get(path) ?? JSON.stringify(value))) + comma,
    };
    return;
  }
  yield { path, depth, name, text: open as string };
  for (const [nth, child] of inside.entries())
    yield* linesOf(
      child.value,
      digits,
      child.path,
      depth + 1,
      child.name,
      nth < inside.length - 1 ? ',' : '',
    );
  yield { path: '\0', depth, name: undefined, text: close + comma };
}

interface Placed {
  path: string;
  name: string | undefined;
  value: unknown;
}

/** Undefined of what has no inside. */
function childrenOf(value: unknown, path: string): Placed[] | undefined {
  if (Array.isArray(value))
    return value.map((each, at) => ({ path: `${path}[${at}]`, name: undefined, value: each }));
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([name, each]) => ({
    path: path === '' ? name : `${path}.${name}`,
    name,
    value: each,
  }));
}

/** Every place where two orders differ. */
export function differences(before: Sent, after: Sent): Change[] {
  const compare = (old: unknown, now: unknown, path: string): Change[] => {
    const [inOld, inNow] = [childrenOf(old, path), childrenOf(now, path)];
    if (!inOld || !inNow || Array.isArray(old) !== Array.isArray(now)) {
      const [one, other] = [compact(old, before, path), compact(now, after, path)];
      return one === other ? [] : [{ path, before: one, after: other }];
    }
    const valueAt = (all: Placed[], at: string) => all.find((each) => each.path === at)?.value;
    const paths = new Set([...inOld, ...inNow].map((each) => each.path));
    return [...paths].flatMap((at) => compare(valueAt(inOld, at), valueAt(inNow, at), at));
  };
  return compare(before.value, after.value, '');
}

/** On one line; null for nothing. */
const compact = (value: unknown, { digits }: Sent, path: string): string | null =>
  value === undefined
    ? null
    : [...linesOf(value, digits, path)]
        .map(({ name, text }) => (name === undefined ? text : `${JSON.stringify(name)}: ${text}`))
        .join(' ');
