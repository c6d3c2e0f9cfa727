import { ExactNumber } from '../../orders/exactJson.ts';
import { isRecord } from '../../orders/record.ts';
import type { Container } from '../wrapper.ts';
import { EVERY, type Part } from './recipe.ts';

/** One value that a recipe changed. A value that was or is not there is undefined. */
export interface FieldChange {
  path: string;
  before: unknown;
  after: unknown;
}

/** A value that a recipe names and cannot read: the order is left as it is. */
export class Unreadable extends Error {
  readonly path: string;

  constructor(path: string, why: string) {
    super(why);
    this.path = path;
  }
}

/** What a place is to hold; the value itself for no change, undefined for nothing. */
export type Make = (value: unknown, path: string) => unknown;

/**
 * The order with what `make` puts at a place. What is not on the way there is the same object as before; `order` stays
 * as it is. Where the way ends before the place, nothing is changed.
 *
 * @throws Unreadable when something else than an object or a list is in the way, and what `make` throws
 */
export function changeAt(value: unknown, place: readonly Part[], make: Make, path = ''): unknown {
  const [part, ...rest] = place;
  if (part === undefined) return make(value, path);
  if (value === undefined || value === null) return value;
  if (typeof part !== 'string') {
    if (!Array.isArray(value)) throw new Unreadable(path, 'is no list');
    if (part !== EVERY && part >= value.length) return value;
    const lines = value.map((line, at) =>
      part === EVERY || part === at ? changeAt(line, rest, make, `${path}[${at}]`) : line,
    );
    return lines.every((line, at) => line === value[at]) ? value : lines;
  }
  if (!isRecord(value) || value instanceof ExactNumber) throw new Unreadable(path, 'is no object');
  const before = Object.hasOwn(value, part) ? value[part] : undefined;
  const after = changeAt(before, rest, make, path === '' ? part : `${path}.${part}`);
  return after === before ? value : withField(value, part, after);
}

/** A copy with another field; a field like `__proto__` is one like any other. */
export function withField(holder: Container, name: string, value: unknown): Container {
  const copy = { ...holder };
  if (value === undefined) delete copy[name];
  else Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}
