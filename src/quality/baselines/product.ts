import { type Candidate, count, isReal } from './knownValues.ts';
import { THRESHOLDS } from './thresholds.ts';

/** A price that was really seen. */
export interface Level {
  price: number;
  weight: number;
  /** How many lines of the product had been seen before it. */
  at: number;
}

/** What is learned of one product. Bounded: at most MOST_LEVELS prices, MOST_ODD candidates. */
export interface Product {
  /** Lines it was in. */
  lines: number;
  /** Lines whose price lay far from everything seen before. */
  wild: number;
  levels: Level[];
  /** Mean of the logarithms of its quantities. */
  quantity: number;
  /** Orders a step away from every price known before, with none at one of those between, and how many lines there were then. */
  run: number;
  runFrom: number;
  oddPrices?: (Candidate & { price: number })[] | undefined;
  /** `most` and up is what its flagged quantities came to, as a logarithm. */
  oddQuantity?: (Candidate & { most: number }) | undefined;
  /** The greatest quantity that was flagged and turned out to be real, as a logarithm. */
  admitted?: number | undefined;
}

const MOST_LEVELS = 8;
const MOST_ODD = 3;
/** Prices within half a percent are one. */
const SAME = 0.005;
/** A product's past counts half after so many lines. */
const HALF_LIFE = 256;
const LONGEST_MEMORY = 64;
/** ln e: a new price that far from all others is no tier. */
const WILD = 1;

export const newProduct = (quantity: number): Product => ({
  lines: 0,
  wild: 0,
  levels: [],
  quantity,
  run: 0,
  runFrom: 0,
});

/** Free is a price too: a hundredth of the smallest unit stands for it. */
export const logOfPrice = (price: number): number => Math.log(price > 0.0001 ? price : 0.0001);

/** The level that a price is, to the digit. */
export const exactly = ({ levels }: Product, price: number): Level | undefined => {
  for (const level of levels) if (level.price === price) return level;
  return undefined;
};

/** The logarithm of a price's ratio to the nearest of some levels; NaN where there is none. */
export function distance(levels: readonly Level[], logPrice: number): number {
  let nearest = Number.NaN;
  for (const { price } of levels) {
    const off = logPrice - logOfPrice(price);
    if (!(Math.abs(off) >= Math.abs(nearest))) nearest = off;
  }
  return nearest;
}

/** Whether it is no product with a price but a line for whatever amount: postage, a fee. */
export const hasNoUsualPrice = ({ wild, lines, levels }: Product): boolean =>
  (wild >= 3 && wild > THRESHOLDS.price.wildShare * lines) ||
  (levels.length === MOST_LEVELS && isSpread(levels, lines));

/** None of many prices stands out. */
function isSpread(levels: readonly Level[], lines: number): boolean {
  let most = 0;
  for (const { weight } of levels) if (weight > most) most = weight;
  return most < 0.2 * Math.min(lines, HALF_LIFE);
}

/** What was known before the run that is under way. */
export const established = (product: Product): readonly Level[] => {
  const from = product.run > 0 ? product.runFrom : product.lines;
  return product.levels.filter(({ at, weight }) => at < from && weight >= 2);
};

/** A price against those that were known before: one of them, another near one of them, or a step away from all. */
export function stepOf(product: Product, price: number): 'none' | 'near' | 'away' {
  if (product.lines < 2 * THRESHOLDS.warm) return 'none';
  const off = Math.abs(distance(established(product), logOfPrice(price)));
  if (!(off > SAME)) return 'none';
  return off < THRESHOLDS.level.step ? 'near' : 'away';
}

/** The one that is seen most. */
export const usualPrice = ({ levels }: Product): number =>
  levels.reduce((best, each) => (each.weight > best.weight ? each : best)).price;

export function learnPrice(product: Product, price: number): void {
  const step = stepOf(product, price);
  if (step === 'none' || product.lines - product.runFrom >= THRESHOLDS.level.within) product.run = 0;
  if (step === 'away') {
    if (product.run === 0) product.runFrom = product.lines;
    product.run += 1;
  }
  const logPrice = logOfPrice(price);
  if (product.levels.length > 0 && Math.abs(distance(product.levels, logPrice)) > WILD) product.wild += 1;
  addLevel(product, price, 1);
  if (product.run < THRESHOLDS.level.run) return;
  for (const level of product.levels)
    if (level.at < product.runFrom) level.weight = Math.ceil(level.weight / 4);
  product.run = 0;
}

export function addLevel(product: Product, price: number, weight: number): void {
  const logPrice = logOfPrice(price);
  for (const level of product.levels) {
    if (level.price !== price && Math.abs(logPrice - logOfPrice(level.price)) > SAME) continue;
    level.weight += weight;
    return;
  }
  if (product.levels.length >= MOST_LEVELS) {
    let least = 0;
    product.levels.forEach(({ weight: other }, at) => {
      if (other < (product.levels[least] as Level).weight) least = at;
    });
    product.levels.splice(least, 1);
  }
  product.levels.push({ price, weight, at: product.lines });
}

export function learnQuantity(product: Product, logQuantity: number): void {
  product.quantity += (logQuantity - product.quantity) / Math.min(product.lines + 2, LONGEST_MEMORY);
}

/** To be called after the two above, once per line. */
export function countLine(product: Product): void {
  product.lines += 1;
  if (product.lines % HALF_LIFE !== 0) return;
  product.wild = Math.floor(product.wild / 2);
  for (const level of product.levels) level.weight = Math.ceil(level.weight / 2);
}

/** Seen prices that the price is by a shift of the decimal point, rounded to the cent; undefined when there is none. */
export function shiftedFrom({ levels }: Product, price: number): Level[] | undefined {
  let found: Level[] | undefined;
  for (const level of levels) {
    for (const factor of [10, 100, 0.1, 0.01]) {
      const then = level.price * factor;
      const rounding = factor < 1 ? 0.00501 : 0.0001;
      if (then > 0 && Math.abs(then - price) <= rounding) {
        found ??= [];
        found.push(level);
      }
    }
  }
  return found && dominant(found);
}

/** The one that is seen nine times out of ten, where there is one. */
export function dominant(levels: Level[]): Level[] {
  const sum = levels.reduce((total, { weight }) => total + weight, 0);
  const one = levels.find(({ weight }) => weight >= 0.9 * sum);
  return one ? [one] : levels;
}

export function setPriceAside(product: Product, price: number, user: number): void {
  product.oddPrices ??= [];
  let odd = product.oddPrices.find((each) => Math.abs(logOfPrice(each.price) - logOfPrice(price)) <= SAME);
  if (!odd) {
    product.wild += 1;
    odd = { price, orders: 0, users: [], since: product.lines };
    if (product.oddPrices.length >= MOST_ODD) product.oddPrices.shift();
    product.oddPrices.push(odd);
  }
  count(odd, user);
  const { sharePrice, ordersPrice, usersPrice } = THRESHOLDS.readmit;
  const isPlain =
    odd.orders >= ordersPrice && odd.users.length >= usersPrice && !shiftedFrom(product, odd.price);
  if (isPlain || isReal(odd, product.lines, sharePrice)) admitPrices(product, [odd]);
}

export function setQuantityAside(product: Product, logQuantity: number, user: number): void {
  product.oddQuantity ??= { most: logQuantity, orders: 0, users: [], since: product.lines };
  const odd = product.oddQuantity;
  odd.most = Math.max(odd.most, logQuantity);
  count(odd, user);
  if (isReal(odd, product.lines, THRESHOLDS.readmit.sharePrice)) admitQuantity(product);
}

export function admitPrices(product: Product, some = product.oddPrices ?? []): void {
  for (const { price, orders } of some) addLevel(product, price, orders);
  const left = product.oddPrices?.filter((each) => !some.includes(each)) ?? [];
  if (left.length > 0) product.oddPrices = left;
  else delete product.oddPrices;
}

export function admitQuantity(product: Product): void {
  if (!product.oddQuantity) return;
  product.admitted = Math.max(product.admitted ?? 0, product.oddQuantity.most);
  delete product.oddQuantity;
}
