import Big from 'big.js';
import { distance } from 'fastest-levenshtein';
import type { Issue } from '../orders/invalidOrder.ts';
import { decimal } from '../orders/money.ts';
import type { Fix } from './finding.ts';

export interface Explanation {
  fix: readonly Fix[];
  /** What kind of slip it was, to complete "it has": `a digit too many`. */
  slip: string;
}

const MOST_LINES = 200;

/**
 * What one slip explains a total that its items do not make: a digit or the decimal place in the total, else in one line.
 * Undefined where nothing does, or more than one line could be it: a total that is merely added up anew may cover up a
 * wrong price.
 */
export function explainTotal(sent: unknown, issues: readonly Issue[]): Explanation | undefined {
  const [issue, ...more] = issues;
  if (issue?.code !== 'order_value_mismatch' || more.length > 0) return undefined;
  const [stated, computed] = [decimal(issue.received), decimal(issue.expected)];
  if (!stated || !computed) return undefined;
  const slip = slipBetween(stated, computed, 2);
  if (slip !== undefined)
    return { fix: [{ path: issue.path, value: computed.toNumber() }], slip: `${slip} in the total` };
  const lines = linesOf(sent);
  const inLines = lines.flatMap((line) => slipsIn(line, stated.minus(computed), lines));
  return inLines.length === 1 ? inLines[0] : undefined;
}

interface Line {
  path: string;
  productId: unknown;
  quantity: Big;
  price: Big;
}

function linesOf(sent: unknown): Line[] {
  const items = (sent as { items?: unknown } | null)?.items;
  if (!Array.isArray(items) || items.length > MOST_LINES) return [];
  return items.flatMap((item: Record<string, unknown> | null, at) => {
    const [quantity, price] = [decimal(item?.quantity), decimal(item?.price_per_unit)];
    return quantity && price ? [{ path: `items[${at}]`, productId: item?.product_id, quantity, price }] : [];
  });
}

/** What one line would have to be, if it alone were what is wrong. */
function slipsIn(
  { path, productId, quantity, price }: Line,
  missing: Big,
  lines: readonly Line[],
): Explanation[] {
  const found: Explanation[] = [];
  const meant = quantity.times(price).plus(missing);
  if (meant.lte(0)) return [];
  const wantedPrice = quantity.gt(0) ? meant.div(quantity) : undefined;
  if (wantedPrice && decimals(wantedPrice) <= 2 && decimals(price) <= 2) {
    const isOthers = lines.some((other) => other.productId === productId && other.price.eq(wantedPrice));
    const slip = isOthers ? 'another price than its other line' : slipBetween(price, wantedPrice, 2);
    const value = wantedPrice.toNumber();
    if (slip !== undefined) found.push({ fix: [{ path: `${path}.price_per_unit`, value }], slip });
  }
  const wantedQuantity = price.gt(0) ? meant.div(price) : undefined;
  if (wantedQuantity && decimals(wantedQuantity) === 0) {
    const slip = slipBetween(quantity, wantedQuantity, 0);
    const value = wantedQuantity.toNumber();
    if (slip !== undefined) found.push({ fix: [{ path: `${path}.quantity`, value }], slip });
  }
  return found;
}

const decimals = (value: Big): number => value.toFixed().split('.')[1]?.length ?? 0;

const MOST_PLACES = 4;
const MOST_REPEATED = 3;

/** How `wrong` became of `right` by one slip of a hand or of a program; both with at most so many decimals. */
function slipBetween(wrong: Big, right: Big, places: number): string | undefined {
  if (wrong.eq(right) || wrong.lte(0) || right.lte(0)) return undefined;
  for (let by = 1; by <= MOST_PLACES; by += 1) {
    const factor = new Big(10).pow(by);
    const shift = `the decimal point ${by} ${by === 1 ? 'place' : 'places'}`;
    if (right.times(factor).eq(wrong)) return `${shift} too far to the right`;
    const smaller = right.div(factor);
    if (smaller.round(places, Big.roundHalfUp).eq(wrong) && wrong.gt(0))
      return `${shift} too far to the left`;
  }
  const [had, meant] = [digits(wrong, places), digits(right, places)];
  const longer = had.length - meant.length;
  if (distance(had, meant) === 1) {
    if (longer === 0) return 'one digit wrong';
    return longer > 0 ? 'a digit too many' : 'a digit too few';
  }
  if (longer === 0 && isSwap(had, meant)) return 'two digits in each other’s place';
  return longer > 1 && longer <= MOST_REPEATED && isRepeated(had, meant, longer)
    ? 'a digit repeated'
    : undefined;
}

const digits = (value: Big, places: number): string => value.toFixed(places).replace('.', '');

function isSwap(had: string, meant: string): boolean {
  const at = [...had].findIndex((digit, place) => digit !== meant[place]);
  const swapped = had.slice(0, at) + had[at + 1] + had[at] + had.slice(at + 2);
  return swapped === meant;
}

/** `11197.80` of `197.80`: a key that was held down. */
function isRepeated(had: string, meant: string, times: number): boolean {
  for (let at = 0; at < meant.length; at += 1) {
    const digit = meant[at] as string;
    if (meant.slice(0, at) + digit.repeat(times) + meant.slice(at) === had) return true;
  }
  return false;
}
