import { ExactNumber, writeExactly } from '../../orders/exactJson.ts';
import type { FieldChange } from '../recipes/changeAt.ts';

/** What differs between two orders, by path, in the order of the fields. */
export function changesBetween(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      changesBetween(own(before, name), own(after, name), placeIn(path, name, Array.isArray(before))),
    );
  }
  return isSame(before, after) ? [] : [{ path, before, after }];
}

const placeIn = (path: string, name: string, inList: boolean): string =>
  inList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;

const own = (of: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(of, name) ? of[name] : undefined;

const isSame = (one: unknown, other: unknown): boolean =>
  one === undefined || other === undefined ? one === other : writeExactly(one) === writeExactly(other);

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
