import { beginnings } from './beginnings.ts';
import { type FieldWatch, fieldWatch } from './fieldWatch.ts';
import { type KnownValues, knownValues } from './knownValues.ts';
import { type Lru, lru } from './lru.ts';
import { COARSER, maskOf, withoutLengths } from './masks.ts';
import { FLAGGED, LACKS, type Observation, type ObservedLine } from './observation.ts';
import type { PackedLearned, PackedProduct } from './packedForm.ts';
import { type Places, places } from './places.ts';
import {
  admitPrices,
  admitQuantity,
  countLine,
  learnPrice,
  learnQuantity,
  newProduct,
  type Product,
  setPriceAside,
  setQuantityAside,
} from './product.ts';
import { THRESHOLDS } from './thresholds.ts';

export const MASKED = ['order_id', 'user_id', 'product_id'] as const;
export type Masked = (typeof MASKED)[number];

/** What users usually buy, against what others buy of the same products. */
export interface User {
  lines: number;
  /** Sum of the differences of the logarithms. */
  quantity: number;
}

/** What is usual of quantities over all products. */
export interface Quantities {
  lines: number;
  /** Of their logarithms. */
  mean: number;
  /** Lines held against what was usual of their product, and of them how many passed it by each of the `reaches`. */
  reach: number[];
}

/**
 * All that is learned. A function of the observations in their order and of nothing else, no clock among it: workers that
 * read the same observations know the same.
 */
export interface Learned {
  products: Lru<string, Product>;
  /** Of those that are warm. */
  beginnings: ReturnType<typeof beginnings>;
  /** Ids that are not learned, and in how many orders they were. */
  oddProducts: Lru<string, number>;
  users: Lru<number, User>;
  /** By field, from the finest mask to the coarsest. */
  masks: Record<Masked, KnownValues[]>;
  payments: KnownValues;
  places: Places;
  /** By source, `''` for all of them; in the order of LACKS. */
  watches: Lru<string, FieldWatch[]>;
  quantities: Quantities;
}

const NO_REACH: readonly number[] = [0, ...THRESHOLDS.quantity.reaches.map(() => 0)];

const MOST_USERS = 50_000;
const MOST_SOURCES = 64;
const MOST_ODD_PRODUCTS = 512;

export function makeLearned(maxProducts: number, from?: PackedLearned): Learned {
  const learned: Learned = {
    products: lru(maxProducts),
    beginnings: beginnings(),
    oddProducts: lru(MOST_ODD_PRODUCTS),
    users: lru(MOST_USERS),
    masks: {
      order_id: COARSER.map((_, at) => knownValues(from?.masks.order_id[at])),
      user_id: COARSER.map((_, at) => knownValues(from?.masks.user_id[at])),
      product_id: COARSER.map((_, at) => knownValues(from?.masks.product_id[at])),
    },
    payments: knownValues(from?.payments),
    places: places(from?.places),
    watches: lru(MOST_SOURCES),
    quantities: { lines: 0, mean: 0, ...from?.quantities, reach: [...(from?.quantities.reach ?? NO_REACH)] },
  };
  for (const [source, watches] of from?.watches ?? [])
    learned.watches.use(source, () => watches.map((watch) => fieldWatch(watch)));
  for (const [id, orders] of from?.oddProducts ?? []) learned.oddProducts.use(id, () => orders);
  for (const [hash, lines, quantity] of from?.users ?? [])
    learned.users.use(hash, () => ({ lines, quantity }));
  for (const packed of from?.products ?? []) {
    const [id] = packed;
    const product = learned.products.use(id, () => unpackedProduct(packed));
    if (product.lines >= THRESHOLDS.warm) learned.beginnings.addOf(id);
  }
  return learned;
}

/** All of it less the products, which `packProducts` hands out in parts: nothing must be learned between them. */
export function packRest(learned: Learned): PackedLearned {
  const { masks, users } = learned;
  const packedMasks = (field: Masked) => masks[field].map((each) => each.pack());
  return {
    masks: {
      order_id: packedMasks('order_id'),
      user_id: packedMasks('user_id'),
      product_id: packedMasks('product_id'),
    },
    payments: learned.payments.pack(),
    places: learned.places.pack(),
    watches: [...learned.watches.entries()].map(([source, all]) => [source, all.map((each) => each.pack())]),
    quantities: { ...learned.quantities, reach: [...learned.quantities.reach] },
    oddProducts: [...learned.oddProducts.entries()],
    users: [...users.entries()].map(([hash, { lines, quantity }]) => [hash, lines, quantity]),
    products: [],
  };
}

/** From the least recently seen. */
export function* packProducts({ products }: Learned, most: number): Generator<PackedProduct[]> {
  let part: PackedProduct[] = [];
  for (const [id, product] of products.entries()) {
    part.push(packedProduct(id, product));
    if (part.length < most) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

function packedProduct(id: string, one: Product): PackedProduct {
  const { lines, wild, levels, quantity, run, runFrom, oddPrices, oddQuantity, admitted } = one;
  const flat = levels.flatMap(({ price, weight, at }) => [price, weight, at]);
  const rest =
    oddPrices || oddQuantity || admitted !== undefined ? [{ oddPrices, oddQuantity, admitted }] : [];
  return [id, lines, wild, quantity, run, runFrom, flat, ...rest];
}

function unpackedProduct([, lines, wild, quantity, run, runFrom, flat, rest]: PackedProduct): Product {
  const levels = [];
  for (let at = 0; at < flat.length; at += 3)
    levels.push({ price: flat[at] as number, weight: flat[at + 1] as number, at: flat[at + 2] as number });
  return { lines, wild, levels, quantity, run, runFrom, ...rest };
}

/**
 * Whether a mask is one that was never seen, on the finest level that is steady; `itself`: it is among what was learned,
 * once.
 */
export function isStrangeMask(levels: readonly KnownValues[], mask: string, itself: boolean): boolean {
  for (let at = 0; at < levels.length; at += 1) {
    const values = levels[at] as KnownValues;
    if (values.isRestless(itself ? THRESHOLDS.values.leastInFile : THRESHOLDS.values.least)) continue;
    return (
      !values.isKnown((COARSER[at] as (typeof COARSER)[number])(mask), itself) &&
      !hasManyLengths(values, mask)
    );
  }
  return false;
}

/** Whether masks are known that differ from it in the length of their runs only, and from each other. */
function hasManyLengths(values: KnownValues, mask: string): boolean {
  const bare = withoutLengths(mask);
  let others = 0;
  for (const [each] of values.entries()) if (each !== mask && withoutLengths(each) === bare) others += 1;
  return others >= THRESHOLDS.readmit.lengths;
}

export const isStrangePayment = ({ payments }: Learned, method: string, itself: boolean): boolean =>
  !payments.isRestless(THRESHOLDS.values.leastPayments) && !payments.isKnown(method, itself);

export function observe(learned: Learned, seen: Observation): void {
  observeMask(learned.masks.order_id, seen.orderMask, seen.user);
  observeMask(learned.masks.user_id, seen.userMask, seen.user);
  if (seen.payment !== undefined)
    learned.payments.observe(seen.payment, seen.user, isStrangePayment(learned, seen.payment, false));
  learned.places.observe(seen.chain, seen.user);
  for (const source of seen.source === '' ? [''] : ['', seen.source]) {
    const watches = learned.watches.use(source, () => LACKS.map(() => fieldWatch()));
    watches.forEach((watch, at) => {
      watch.observe((seen.lacks & (1 << at)) !== 0);
    });
  }
  let bought = 0;
  let lines = 0;
  const before = new Set<string>();
  for (const line of seen.lines) {
    if (before.has(line.product)) continue;
    before.add(line.product);
    const logQuantity = Math.log(line.quantity);
    const usual = learned.products.get(line.product)?.quantity ?? learned.quantities.mean;
    if (!(line.flagged & FLAGGED.quantity)) {
      bought += logQuantity - usual;
      lines += 1;
    }
    observeLine(learned, line, logQuantity, seen.user);
  }
  if (lines === 0) return;
  const user = learned.users.use(seen.user, () => ({ lines: 0, quantity: 0 }));
  user.lines += lines;
  user.quantity += bought;
  if (user.lines > LONGEST_HISTORY) {
    user.quantity *= LONGEST_HISTORY / user.lines;
    user.lines = LONGEST_HISTORY;
  }
}

/** Of a product: its first price may be the wrong one as well as the second. */
const FIRST_LINES = 2;
const LONGEST_HISTORY = 200;

function observeMask(levels: readonly KnownValues[], mask: string, user: number): void {
  const strange = isStrangeMask(levels, mask, false);
  levels.forEach((values, at) => {
    values.observe((COARSER[at] as (typeof COARSER)[number])(mask), user, strange);
  });
}

function observeLine(learned: Learned, line: ObservedLine, logQuantity: number, user: number): void {
  const { quantities, products } = learned;
  let product = products.get(line.product);
  if (!product) {
    const mask = maskOf(line.product);
    const strange = isStrangeMask(learned.masks.product_id, mask, false);
    observeMask(learned.masks.product_id, mask, user);
    // A product that does not exist would take the place of one that does.
    if (strange) {
      const orders = (learned.oddProducts.get(line.product) ?? 0) + 1;
      learned.oddProducts.delete(line.product);
      if (orders < THRESHOLDS.readmit.ordersId) {
        learned.oddProducts.use(line.product, () => orders);
        return;
      }
    }
  }
  if (product) countReach(quantities, logQuantity - product.quantity);
  product = products.use(line.product, () => newProduct(quantities.mean));
  if (line.flagged & FLAGGED.price && product.lines >= FIRST_LINES) setPriceAside(product, line.price, user);
  else learnPrice(product, line.price);
  if (line.flagged & FLAGGED.quantity) setQuantityAside(product, logQuantity, user);
  else {
    learnQuantity(product, logQuantity);
    quantities.lines += 1;
    quantities.mean += (logQuantity - quantities.mean) / Math.min(quantities.lines, 10_000);
  }
  countLine(product);
  if (product.lines === THRESHOLDS.warm) learned.beginnings.addOf(line.product);
}

/** Then all counts are halved. */
const MOST_LINES = 100_000;

function countReach({ reach }: Quantities, above: number): void {
  (reach[0] as number) += 1;
  const { reaches } = THRESHOLDS.quantity;
  for (let at = 0; at < reaches.length && above > (reaches[at] as number); at += 1)
    (reach[at + 1] as number) += 1;
  if ((reach[0] as number) < MOST_LINES) return;
  for (let at = 0; at < reach.length; at += 1) reach[at] = Math.floor((reach[at] as number) / 2);
}

/**
 * How far above its product's usual quantity one is odd in this shop whatever else is known: well beyond what one line in
 * `rare` passes. Infinity where that is not known, or where a shop sells in all quantities.
 */
export function reachOf({ reach: [lines = 0, ...passed] }: Quantities, itself: boolean): number {
  const { rare, beyond, leastReach, reaches } = THRESHOLDS.quantity;
  const at = passed.findIndex((count) => (count + (itself ? 0 : 1)) * rare <= lines);
  return at < 0 ? Number.POSITIVE_INFINITY : Math.max(leastReach, (reaches[at] as number) + beyond);
}

/** What was told of a product's prices or quantities is real. */
export function admitProduct({ products }: Learned, id: string, what: 'price' | 'quantity'): void {
  const product = products.get(id);
  if (!product) return;
  if (what === 'price') admitPrices(product);
  else admitQuantity(product);
}

export function forgetProduct({ products }: Learned, id: string | undefined): void {
  if (id === undefined) products.clear();
  else products.delete(id);
}

/** A field of one source, or of all; the key of what is found about it. */
export const watchName = (field: (typeof LACKS)[number], source: string): string =>
  source === '' ? field : `${field} of ${source}`;

export function forgetField({ watches }: Learned, name: string | undefined): void {
  if (name === undefined) watches.clear();
  for (const [source, all] of watches.entries())
    for (const [at, field] of LACKS.entries()) if (watchName(field, source) === name) all[at] = fieldWatch();
}

/** Ids of a shape, or all, that are about to be taken for real. */
export function forgetOddProducts({ oddProducts }: Learned, mask: string | undefined): void {
  for (const [id] of [...oddProducts.entries()])
    if (mask === undefined || maskOf(id) === mask) oddProducts.delete(id);
}
