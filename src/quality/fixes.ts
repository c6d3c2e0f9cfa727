import { InvalidOrder } from '../orders/invalidOrder.ts';
import type { Order } from '../orders/order.ts';
import type { ParseOrder } from '../orders/parseOrder.ts';
import type { Circumstances } from './check.ts';
import type { Finding, Fix } from './finding.ts';
import type { Reviewer } from './review.ts';

export interface Proving {
  parse: ParseOrder;
  /** When the message arrived, ISO: dates an order that has no time of its own. */
  receivedAt: string;
  reviewer: Pick<Reviewer, 'review'>;
  circumstances: Circumstances;
}

/**
 * Findings of an order, less the fixes that would not mend it. A fix is shown only when the order as it was sent, with the
 * fix in it, passes the real rules, and the checks say nothing new of it and nothing more of what was fixed.
 */
export function withProvenFixes(
  sent: unknown,
  findings: readonly Finding[],
  proving: Proving,
): readonly Finding[] {
  return findings.map((finding) => {
    if (!finding.fix || mends(sent, finding, findings, proving)) return finding;
    const { fix: _, ...rest } = finding;
    return rest;
  });
}

function mends(sent: unknown, finding: Finding, known: readonly Finding[], proving: Proving): boolean {
  const mended = rulesPass(sent, finding.fix ?? [], proving);
  if (!mended) return false;
  const left = proving.reviewer.review(mended, { ...proving.circumstances, trial: true });
  const touched = new Set([finding.path, ...(finding.fix ?? []).map(({ path }) => path)]);
  return left.every(
    (each) =>
      !touched.has(each.path) && known.some(({ rule, path }) => rule === each.rule && path === each.path),
  );
}

/** The mended order, where the real rules take it. */
export function rulesPass(
  sent: unknown,
  fix: readonly Fix[],
  { parse, receivedAt }: Pick<Proving, 'parse' | 'receivedAt'>,
): Order | undefined {
  const mended = withFix(sent, fix);
  if (mended === undefined) return undefined;
  try {
    return parse(mended, receivedAt);
  } catch (error) {
    if (error instanceof InvalidOrder) return undefined;
    throw error;
  }
}

const MOST_EDITS = 50;
const DEEPEST = 8;

/** The order with the edits in it; `sent` stays as it is. Undefined where one of them names no place in it. */
export function withFix(sent: unknown, fix: readonly Fix[]): unknown {
  if (fix.length === 0 || fix.length > MOST_EDITS) return undefined;
  return fix.reduce<unknown>((order, { path, value }) => {
    const place = placeOf(path);
    return order === undefined || place === undefined ? undefined : put(order, place, value);
  }, sent);
}

const PLACE = /^[^.[\]]+(?:\[\d{1,6}\]|\.[^.[\]]+)*$/;

/** `items[0].price_per_unit` → `['items', 0, 'price_per_unit']` */
function placeOf(path: string): (string | number)[] | undefined {
  if (!PLACE.test(path)) return undefined;
  const place = Array.from(path.matchAll(/\[(\d+)\]|[^.[\]]+/g), ([name, line]) =>
    line === undefined ? name : Number(line),
  );
  return place.length > DEEPEST ? undefined : place;
}

/** A field that is missing is put in; a line is not. `__proto__` is a field like any other. */
function put(holder: unknown, [part, ...rest]: (string | number)[], value: unknown): unknown {
  if (part === undefined) return value;
  if (typeof holder !== 'object' || holder === null) return undefined;
  if (typeof part === 'number') {
    if (!Array.isArray(holder) || part >= holder.length) return undefined;
    const inner = put(holder[part], rest, value);
    return inner === undefined ? undefined : holder.with(part, inner);
  }
  if (Array.isArray(holder)) return undefined;
  const before = Object.hasOwn(holder, part) ? (holder as Record<string, unknown>)[part] : undefined;
  const inner = put(before, rest, value);
  if (inner === undefined) return undefined;
  return Object.defineProperty({ ...holder }, part, {
    value: inner,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
