import type { Cluster, Redis } from 'ioredis';
import type * as z from 'zod';
import { isWrongType } from './redisFaults.ts';

/*
 * What lies under our keys may have been cut off, changed by hand, or written by somebody else. One value that nobody can
 * read must not take along those beside it: it is left out and told of, and stays as it is until somebody looks.
 */

/** Where a value lies. What it is, is never told: it may be an order's. */
export interface Place {
  key: string;
  field?: string;
}

/** The event of a connection, with a Place, each time that something is left out. */
export const DAMAGED = 'damaged';

/** More than anything that we keep as one value, but for what is deflated. */
const LONGEST = 1_000_000;

export const tellDamaged = (redis: Redis | Cluster, place: Place): void => {
  redis.emit(DAMAGED, place);
};

/** What was kept as JSON, as it was kept; undefined where there is nothing, and, told, where it has another shape. */
export function stored<T>(
  redis: Redis | Cluster,
  place: Place,
  text: string | null | undefined,
  shape: z.ZodType,
  longest = LONGEST,
): T | undefined {
  if (text == null) return undefined;
  try {
    const value: unknown = text.length > longest ? undefined : JSON.parse(text);
    if (shape.safeParse(value).success) return value as T;
  } catch {
    // No JSON.
  }
  tellDamaged(redis, place);
  return undefined;
}

/** What a command answers; `instead`, told, where something of another type lies under the key. */
export async function ofItsType<T>(
  redis: Redis | Cluster,
  key: string,
  answer: Promise<T>,
  instead: T,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isWrongType(error)) throw error;
    tellDamaged(redis, { key });
    return instead;
  }
}

/** Whoever damages many damages them alike. */
const MOST_TOLD = 100;

/** Hears of the same place again and again, and says it once; of a process the first hundred. */
export function sayOnce(say: (place: Place) => void): (place: Place) => void {
  const said = new Set<string>();
  return ({ key, field }) => {
    const name = `${key} ${field ?? ''}`;
    if (said.has(name) || said.size >= MOST_TOLD) return;
    said.add(name);
    say(field === undefined ? { key } : { key, field });
  };
}
