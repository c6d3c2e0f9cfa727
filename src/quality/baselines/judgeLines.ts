import Big from 'big.js';
import { roundToMinorUnits, toJsonAmount } from '../../orders/money.ts';
import type { Order, OrderItem } from '../../orders/order.ts';
import { isOfAnyAmount } from '../declared/products.ts';
import type { Finding, Fix } from '../finding.ts';
import { type Learned, reachOf } from './learned.ts';
import { hashOf } from './masks.ts';
import {
  distance,
  dominant,
  established,
  exactly,
  hasNoUsualPrice,
  type Level,
  logOfPrice,
  type Product,
  shiftedFrom,
  stepOf,
  usualPrice,
} from './product.ts';
import { THRESHOLDS } from './thresholds.ts';

/** A finding less the name of its rule, which `RULES` versions. */
export type Said = Omit<Finding, 'version'>;

/** A line as the baselines see it. */
interface Line {
  at: number;
  item: OrderItem;
  price: number;
  product: Product;
  logQuantity: number;
  /** By how much the quantity passes what is usual of the product. */
  above: number;
  /** Distance of the price from the nearest seen one, signed; 0 when it was seen. */
  off: number;
}

export const linePath = ({ items }: Order, at: number, field: string): string =>
  `items[${(items[at] as OrderItem & { line?: number }).line ?? at}].${field}`;

const LOGS = Float64Array.from({ length: 1_024 }, (_, quantity) => Math.log(quantity));
const logOf = (quantity: number): number => LOGS[quantity] ?? Math.log(quantity);

/** Below it no quantity is looked at closer. */
const USUAL = 1.2;

/**
 * What is odd about prices and quantities. Nearly every line has a price that was seen and a usual quantity, and costs
 * two look-ups; the others are held against the rest of the order and the user. How many are of a product that is warm.
 */
export function judgeLines(
  order: Order,
  learned: Learned,
  itself: boolean,
  tell: (said: Said) => void,
): number {
  const { items } = order;
  let warm = 0;
  let lines: Line[] | undefined;
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at] as OrderItem;
    const product = learned.products.get(item.productId);
    if (!product) continue;
    if (product.lines >= THRESHOLDS.warm) warm += 1;
    const price = Number(item.pricePerUnit);
    const level = exactly(product, price);
    const seen = level !== undefined && !(itself && level.weight <= 1) && product.run === 0;
    const above = logOf(item.quantity) - product.quantity;
    if (seen && (above < USUAL || item.quantity < THRESHOLDS.quantity.least)) continue;
    lines ??= linesOf(order, learned, itself);
    const line = lines.find((each) => each.at === at);
    if (line) judgeLine(line, { order, learned, itself, lines, tell });
  }
  if (lines) judgeTogether(lines, tell);
  return warm;
}

function linesOf({ items }: Order, { products }: Learned, itself: boolean): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at] as OrderItem;
    const known = products.get(item.productId);
    if (!known) continue;
    const price = Number(item.pricePerUnit);
    const levels = itself
      ? known.levels.filter((level) => level.weight > 1 || level.price !== price)
      : known.levels;
    const off = !itself && exactly(known, price) ? 0 : distance(levels, logOfPrice(price));
    // Held against its own price, the first of a product would be right whatever it says.
    const product = levels.length > 0 && levels.length < known.levels.length ? { ...known, levels } : known;
    const logQuantity = logOf(item.quantity);
    lines.push({ at, item, price, product, logQuantity, above: logQuantity - product.quantity, off });
  }
  return lines;
}

interface Setting {
  order: Order;
  learned: Learned;
  itself: boolean;
  lines: readonly Line[];
  tell: (said: Said) => void;
}

function judgeLine(line: Line, setting: Setting): void {
  if (isSwapped(line, setting)) return;
  if (!judgePrice(line, setting)) judgeLevel(line, setting);
  judgeQuantity(line, setting);
}

/** What order and user lead one to expect above the product's usual quantity, and on how much that rests. */
function usualQuantity(
  line: Line,
  { order, learned, lines }: Setting,
): { shift: number; others: number; bought: number } {
  const rest = lines
    .filter((each) => each.at !== line.at)
    .map(({ above }) => above)
    .sort((a, b) => a - b);
  const user = learned.users.get(hashOf(order.userId));
  const bought = user?.lines ?? 0;
  const byUser = user ? user.quantity / (user.lines + 3) : 0;
  const weight = rest.length / (rest.length + 2);
  const byOrder = rest[rest.length >> 1] ?? 0;
  return { shift: weight * byOrder + (1 - weight) * byUser, others: rest.length, bought };
}

/** The median of the others' distances: in an order of a wholesaler all prices are lower together. */
function usualOff(line: Line, lines: readonly Line[]): number {
  const rest = lines
    .filter(({ at, off }) => at !== line.at && !Number.isNaN(off))
    .map(({ off }) => off)
    .sort((a, b) => a - b);
  return rest.length >= 2 ? (rest[rest.length >> 1] as number) : 0;
}

function judgePrice(line: Line, { order, lines, tell }: Setting): boolean {
  const { product, price, off, item, at } = line;
  const { farCold, far, shifted, leastDifference } = THRESHOLDS.price;
  if (!(Math.abs(off) >= shifted)) return false;
  const isFar = Math.min(Math.abs(off), Math.abs(off - usualOff(line, lines)));
  if (isFar < shifted) return false;
  const nearest = nearestOf(product, price);
  if (Math.abs(price - nearest.price) < leastDifference) return false;
  const isAny = isOfAny(line);
  const right = isAny ? undefined : shiftedFrom(product, price);
  const threshold =
    (product.lines >= THRESHOLDS.warm ? far : farCold) + (isAny ? spreadOf(product.levels) : 0);
  if (!right && isFar < threshold) return false;
  tell({
    rule: 'price_unlike_product',
    path: linePath(order, at, 'price_per_unit'),
    key: item.productId,
    severity: 'warn',
    observed: item.pricePerUnit,
    expected: rangeOf(product.levels),
    from: product.lines,
    confidence: right ? 1 - 0.5 / (product.lines + 1) : 1 - threshold / (2 * isFar),
    ...fixed(
      right?.length === 1 && isSure(right[0] as Level, line)
        ? mended(order, at, { price: (right[0] as Level).price })
        : undefined,
    ),
  });
  return true;
}

/** Of a line for whatever amount only one far outside of all amounts is odd, and a shifted decimal point says nothing. */
const isOfAny = ({ product, item }: Line): boolean =>
  hasNoUsualPrice(product) || isOfAnyAmount(item.productId);

/** What a fix may rest on: the price that the product mostly has, and more than a few lines of it. */
function isSure({ weight }: Level, { product: { lines, levels } }: Line): boolean {
  const { lines: least, share } = THRESHOLDS.fix;
  if (lines < least) return false;
  return weight >= share * levels.reduce((sum, level) => sum + level.weight, 0);
}

const nearestOf = ({ levels }: Product, price: number): Level =>
  levels.reduce((best, each) =>
    Math.abs(logOfPrice(each.price) - logOfPrice(price)) <
    Math.abs(logOfPrice(best.price) - logOfPrice(price))
      ? each
      : best,
  );

function judgeLevel({ product, price, item, at }: Line, { order, tell }: Setting): void {
  if (product.run + 1 < THRESHOLDS.level.run || hasNoUsualPrice(product)) return;
  if (stepOf(product, price) !== 'away') return;
  tell({
    rule: 'price_level_moved',
    path: linePath(order, at, 'price_per_unit'),
    key: item.productId,
    severity: 'info',
    observed: `${item.pricePerUnit}, and as far off in ${product.run} orders before`,
    expected: rangeOf(established(product)),
    from: product.runFrom,
    confidence: 0.9,
  });
}

function judgeQuantity(line: Line, setting: Setting): void {
  const { item, product, at, above, logQuantity, price } = line;
  const { order, learned, itself, tell } = setting;
  const { far, farFewLines, farAlone, hundredfold, reduced, least } = THRESHOLDS.quantity;
  const { quantity } = item;
  if (quantity < least || logQuantity <= (product.admitted ?? 0)) return;
  const { shift, others, bought } = usualQuantity(line, setting);
  const isFar = above - shift;
  const context =
    others >= 3 || (others > 0 && bought >= 10) ? far : others > 0 || bought >= 5 ? farFewLines : farAlone;
  const isRound = quantity % 100 === 0;
  const cold = product.lines < THRESHOLDS.warm ? 0.5 : 0;
  const isReduced = price < 0.95 * usualPrice(product);
  const bound = Math.min(
    context + cold + (isReduced ? reduced : 0),
    reachOf(learned.quantities, itself) + hundredfold,
  );
  const threshold = bound - (isRound ? hundredfold : 0);
  if (isFar < threshold) return;
  const usual = Math.exp(product.quantity + shift);
  // Who buys a hundred pays the price for a hundred; who mistypes does not.
  const isHundredfold =
    isRound &&
    !isReduced &&
    others >= THRESHOLDS.fix.others &&
    product.lines >= THRESHOLDS.fix.lines &&
    Math.abs(isFar - Math.log(100)) < THRESHOLDS.fix.hundredfold;
  tell({
    rule: 'quantity_unlike_product',
    path: linePath(order, at, 'quantity'),
    key: item.productId,
    severity: 'warn',
    observed: String(quantity),
    expected: `about ${usual < 10 ? usual.toPrecision(2) : Math.round(usual)} in this order`,
    from: product.lines,
    confidence: 1 - threshold / (2 * isFar),
    ...fixed(isHundredfold ? mended(order, at, { quantity: quantity / 100 }) : undefined),
  });
}

/** A price that would be a usual quantity, in a line whose quantity is the usual price without its cents. */
function isSwapped(line: Line, setting: Setting): boolean {
  const { order, tell } = setting;
  const { product, price, off, item, at } = line;
  const { swap } = THRESHOLDS;
  if (!Number.isInteger(price) || price < 1 || !(Math.abs(off) > swap.price)) return false;
  if (isOfAny(line)) return false;
  const usual = product.quantity + usualQuantity(line, setting).shift;
  if (Math.abs(logOf(price) - usual) > swap.quantity) return false;
  const right = product.levels.filter((level) => Math.max(1, Math.round(level.price)) === item.quantity);
  if (right.length === 0) return false;
  const best = dominant(right);
  tell({
    rule: 'price_quantity_swapped',
    path: `${linePath(order, at, 'price_per_unit')}`,
    key: item.productId,
    severity: 'warn',
    observed: `${item.quantity} at ${item.pricePerUnit}`,
    expected: `${price} at ${best[0]?.price}`,
    from: product.lines,
    confidence: 0.8,
    ...fixed(
      best.length === 1 && isSure(best[0] as Level, line)
        ? mended(order, at, { price: best[0]?.price, quantity: price })
        : undefined,
    ),
  });
  return true;
}

/** All prices of an order off by the same factor: an offset so great is no habit of a buyer. */
function judgeTogether(lines: readonly Line[], tell: (said: Said) => void): void {
  const offs = lines.map(({ off }) => off).filter((off) => !Number.isNaN(off));
  if (offs.length < 3) return;
  offs.sort((a, b) => a - b);
  const middle = offs[offs.length >> 1] as number;
  if (Math.abs(middle) < THRESHOLDS.price.order) return;
  if ((offs.at(-1) as number) - (offs[0] as number) > THRESHOLDS.price.order) return;
  tell({
    rule: 'price_unlike_product',
    path: 'items',
    key: 'all prices of an order',
    severity: 'warn',
    observed: `all about ${Math.exp(middle).toPrecision(2)} times what was seen`,
    expected: 'prices near those seen',
    from: lines.reduce((sum, { product }) => sum + product.lines, 0),
    confidence: 0.9,
  });
}

function boundsOf(levels: readonly Level[]): [low: number, high: number] {
  const prices = levels.map(({ price }) => price);
  return [Math.min(...prices), Math.max(...prices)];
}

/** The logarithm of the ratio between the highest price and the lowest. */
function spreadOf(levels: readonly Level[]): number {
  const [low, high] = boundsOf(levels);
  return logOfPrice(high) - logOfPrice(low);
}

function rangeOf(levels: readonly Level[]): string {
  const [low, high] = boundsOf(levels);
  return low === high ? `${low}` : `${low} to ${high}`;
}

const fixed = (fix: readonly Fix[] | undefined): { fix?: readonly Fix[] } => (fix ? { fix } : {});

/** The edits that change a line and keep the sum right. */
function mended(
  order: Order,
  at: number,
  { price, quantity }: { price?: number | undefined; quantity?: number },
): readonly Fix[] {
  const { items, minorUnits } = order;
  const item = items[at] as OrderItem;
  const total = items.reduce(
    (sum, each) => sum.plus(new Big(each.pricePerUnit).times(each.quantity)),
    new Big(0),
  );
  const then = total
    .minus(new Big(item.pricePerUnit).times(item.quantity))
    .plus(new Big(price ?? item.pricePerUnit).times(quantity ?? item.quantity));
  const difference = roundToMinorUnits(then).minus(roundToMinorUnits(total)).toNumber();
  return [
    ...(price === undefined ? [] : [{ path: linePath(order, at, 'price_per_unit'), value: price }]),
    ...(quantity === undefined ? [] : [{ path: linePath(order, at, 'quantity'), value: quantity }]),
    { path: 'order_value', value: toJsonAmount(minorUnits + difference) },
  ];
}
