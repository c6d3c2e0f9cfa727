import type { Order, OrderItem } from '../../orders/order.ts';
import type { Check, Circumstances } from '../check.ts';
import { isOfAnyAmount } from '../declared/products.ts';
import type { Finding } from '../finding.ts';
import { keyOf } from '../keyText.ts';
import { closestTo } from './closest.ts';
import { judgeLines, linePath, type Said } from './judgeLines.ts';
import {
  admitProduct,
  forgetField,
  forgetOddProducts,
  forgetProduct,
  isStrangeMask,
  isStrangePayment,
  type Learned,
  MASKED,
  type Masked,
  makeLearned,
  observe,
  packProducts,
  packRest,
  watchName,
} from './learned.ts';
import { hashOf, maskOf } from './masks.ts';
import { FLAGGED, LACKS, type Observation } from './observation.ts';
import type { PackedLearned, PackedProduct } from './packedForm.ts';
import { chainOf } from './places.ts';
import { exactly } from './product.ts';
import { THRESHOLDS } from './thresholds.ts';

/** Raise a version with every change of what its rule says. */
const RULES = {
  price_unlike_product: { version: 2, family: 'products' },
  quantity_unlike_product: { version: 2, family: 'products' },
  price_quantity_swapped: { version: 2, family: 'products' },
  price_level_moved: { version: 2, family: 'products' },
  product_id_cut_off: { version: 1, family: 'identifiers' },
  product_id_unlike: { version: 1, family: 'identifiers' },
  order_id_unlike: { version: 1, family: 'identifiers' },
  user_id_unlike: { version: 1, family: 'identifiers' },
  payment_method_unseen: { version: 1, family: 'payment' },
  places_unlike: { version: 2, family: 'address' },
  field_goes_missing: { version: 1, family: 'senders' },
} as const;
export type LearnedRule = keyof typeof RULES;

/** Whether a rule speaks of what was learned. */
export const isLearned = (rule: string): rule is LearnedRule => Object.hasOwn(RULES, rule);
const MASK_RULES: Record<Masked, LearnedRule> = {
  order_id: 'order_id_unlike',
  user_id: 'user_id_unlike',
  product_id: 'product_id_unlike',
};

/** What this process judged since it started: silence on cold baselines is no health. */
export interface Warmth {
  /** Lines of orders that were judged. */
  lines: number;
  /** Of them, those whose product had been seen often enough to be judged by itself. */
  warmLines: number;
  /** Products in memory, of at most as many as there is room for. */
  products: number;
}

export interface Baselines {
  checks: readonly Check[];
  warmth(): Warmth;
  /** What was observed of an order that counted comes back by this, from here and from other workers alike. */
  observe(seen: Observation): void;
  readmit(rule: string, key: string): void;
  reset(rule: string, key: string | undefined): void;
  /** What is known, in parts: first all but the products, then so many of them at a time. */
  packParts(products: number): Generator<PackedLearned | PackedProduct[]>;
  load(packed: PackedLearned | undefined): void;
}

export interface BaselineOptions {
  maxProducts?: number;
  /** Asked once per order that counted: where so many come that a sample is learned, the others cost nothing. */
  wants?: () => boolean;
  /** Takes what is to be learned of an order. */
  onObservation: (seen: Observation) => void;
}

export const MAX_PRODUCTS = 50_000;

/** The learned checks: pure and synchronous; what they know changes by `observe` only. */
export function makeBaselines({
  maxProducts = MAX_PRODUCTS,
  wants = () => true,
  onObservation,
}: BaselineOptions): Baselines {
  let learned = makeLearned(maxProducts);
  let lines = 0;
  let warmLines = 0;
  let last: Order | undefined;
  let lastItself = false;
  let said: Said[] | undefined;
  const tell = (one: Said) => {
    said ??= [];
    said.push(one);
  };

  // All checks of an order share one look at it.
  const look = (order: Order, { itselfLearned: itself = false, trial = false }: Circumstances) => {
    if (last === order && lastItself === itself) return said;
    // Until it is through: a look that throws is none.
    last = undefined;
    said = undefined;
    const warm = judge(order, learned, itself, tell);
    if (!trial) {
      lines += order.items.length;
      warmLines += warm;
    }
    last = order;
    lastItself = itself;
    return said;
  };
  const checkOf = (id: LearnedRule): Check => ({
    id,
    ...RULES[id],
    judge(order, circumstances) {
      const all = look(order, circumstances);
      if (!all) return NOTHING;
      const own = all.filter(({ rule }) => rule === id);
      return own.length === 0 ? NOTHING : own.map((each) => ({ ...each, version: RULES[id].version }));
    },
  });
  const checks = (Object.keys(RULES) as LearnedRule[]).map(checkOf);
  // One of them learns for all.
  (checks[0] as Check).learn = (order, findings) => {
    last = undefined;
    if (!wants()) return;
    const seen = observationOf(order, findings);
    if (seen) onObservation(seen);
  };
  return {
    checks,
    warmth: () => ({ lines, warmLines, products: learned.products.size }),
    observe(seen) {
      last = undefined;
      observe(learned, seen);
    },
    readmit(rule, key) {
      last = undefined;
      change(learned, rule, key, 'readmit');
    },
    reset(rule, key) {
      last = undefined;
      change(learned, rule, key, 'reset');
    },
    *packParts(products) {
      yield packRest(learned);
      yield* packProducts(learned, products);
    },
    load(packed) {
      last = undefined;
      learned = makeLearned(maxProducts, packed);
    },
  };
}

const NOTHING: readonly never[] = Object.freeze([]);

/** How many lines are of a product that is warm. */
function judge(order: Order, learned: Learned, itself: boolean, tell: (said: Said) => void): number {
  const warm = judgeLines(order, learned, itself, tell);
  judgeMask('order_id', 'order_id', order.orderId, learned, itself, tell);
  judgeMask('user_id', 'user_id', order.userId, learned, itself, tell);
  if (warm < order.items.length)
    for (let at = 0; at < order.items.length; at += 1) judgeProductId(order, at, learned, itself, tell);
  judgePayment(order, learned, itself, tell);
  judgePlaces(order, learned, tell);
  judgeFields(order, learned, tell);
  return warm;
}

function judgeMask(
  field: Masked,
  path: string,
  id: string,
  { masks }: Learned,
  itself: boolean,
  tell: (said: Said) => void,
): void {
  const mask = maskOf(id);
  const finest = masks[field][0];
  if (!isStrange(field, mask, masks, itself)) return;
  const usual = [...(finest?.entries() ?? [])]
    .filter(([each]) => each !== mask)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3);
  tell({
    rule: MASK_RULES[field],
    path,
    key: mask,
    severity: 'warn',
    // Of a user's id no more than its shape leaves the order.
    observed: field === 'user_id' ? mask : id,
    expected: usual.map(([each]) => each).join(', '),
    from: finest?.observations() ?? 0,
    confidence: 0.9,
  });
}

/** Most are known as they are, which is soon said. */
const isStrange = (field: Masked, mask: string, masks: Learned['masks'], itself: boolean): boolean =>
  !masks[field][0]?.isKnown(mask, itself) && isStrangeMask(masks[field], mask, itself);

const LAST_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function judgeProductId(
  order: Order,
  at: number,
  learned: Learned,
  itself: boolean,
  tell: (said: Said) => void,
): void {
  const { productId, pricePerUnit } = order.items[at] as OrderItem;
  const product = learned.products.get(productId);
  if (product && product.lines > (itself ? 1 : 0)) return;
  const whole = wholeOf(productId, pricePerUnit, learned);
  const isOdd = isStrange('product_id', maskOf(productId), learned.masks, itself);
  if ((!isOdd && (product || whole.length === 0)) || isOfAnyAmount(productId)) return;
  const path = linePath(order, at, 'product_id');
  const fix = whole.length === 1 ? { fix: [{ path, value: whole[0] as string }] } : {};
  if (isOdd) {
    judgeMask('product_id', path, productId, learned, itself, (said) => tell({ ...said, ...fix }));
    return;
  }
  tell({
    rule: 'product_id_cut_off',
    path,
    key: productId,
    severity: 'warn',
    observed: productId,
    expected: whole.slice(0, 3).join(', '),
    from: whole.reduce((sum, id) => sum + (learned.products.get(id)?.lines ?? 0), 0),
    confidence: 0.8,
    ...fix,
  });
}

/** Known products that an unknown id is the beginning of, less one character, and that had the very price. */
function wholeOf(id: string, price: string, { products, beginnings }: Learned): readonly string[] {
  if (!beginnings.mayBe(id)) return NOTHING;
  return [...LAST_CHARACTERS]
    .map((character) => id + character)
    .filter((longer) => {
      const product = products.get(longer);
      return product && product.lines >= THRESHOLDS.warm && exactly(product, Number(price));
    });
}

function judgePayment(order: Order, learned: Learned, itself: boolean, tell: (said: Said) => void): void {
  const { paymentMethod } = order;
  if (paymentMethod === undefined) return;
  const key = keyOf(paymentMethod);
  if (!isStrangePayment(learned, key, itself)) return;
  const { payments } = learned;
  const usual = [...payments.entries()].filter(([each, times]) => times > 1 && each !== key);
  usual.sort((a, b) => b[1] - a[1]);
  const meant = closestTo(
    paymentMethod,
    usual.map(([each]) => each),
  );
  tell({
    rule: 'payment_method_unseen',
    path: 'payment_method',
    key,
    severity: 'warn',
    observed: paymentMethod,
    expected: usual
      .slice(0, 5)
      .map(([each]) => each)
      .join(', '),
    from: payments.observations(),
    confidence: meant === undefined ? 0.8 : 0.95,
    ...(meant === undefined ? {} : { fix: [{ path: 'payment_method', value: meant }] }),
  });
}

function judgePlaces({ shippingAddress }: Order, { places }: Learned, tell: (said: Said) => void): void {
  if (shippingAddress === undefined) return;
  const strange = places.strange(shippingAddress);
  if (!strange) return;
  tell({
    rule: 'places_unlike',
    path: 'shipping_address',
    key: `${strange.inner}, ${strange.outer}`,
    severity: 'warn',
    observed: `${strange.inner} in ${strange.outer}`,
    expected: 'another place around it, as in all orders before',
    from: strange.orders,
    confidence: 0.7,
  });
}

function judgeFields(order: Order, { watches }: Learned, tell: (said: Said) => void): void {
  const lacks = lacksOf(order);
  if (lacks === 0) return;
  const source = sourceOf(order.orderId);
  for (const each of source === '' ? [''] : [source, '']) {
    for (const [at, watch] of (watches.get(each) ?? []).entries()) {
      const field = LACKS[at] as (typeof LACKS)[number];
      if (!watch.wouldTell((lacks & (1 << at)) !== 0)) continue;
      tell({
        rule: 'field_goes_missing',
        path: field,
        key: watchName(field, each),
        severity: 'warn',
        observed: each === '' ? 'missing in many orders' : `missing in many orders of ${each}`,
        expected: `missing in ${(100 * watch.usual()).toPrecision(2)} % of them`,
        from: watch.observations(),
        confidence: 0.95,
      });
    }
  }
}

const lacksOf = ({ paymentMethod, shippingAddress, timestamp }: Order): number =>
  (paymentMethod === undefined ? 1 : 0) +
  (shippingAddress === undefined ? 2 : 0) +
  (timestamp === undefined ? 4 : 0);

/** The letters that an order id begins with, where figures follow: `WEB-1007` is of `WEB`. */
const sourceOf = (orderId: string): string => /^([A-Za-z]{1,12})(?=[-_/]?\d)/.exec(orderId)?.[1] ?? '';

const WHOLE_ORDER = new Set(['', 'items']);

/** Undefined when nothing of the order is to be learned: a check of another kind doubts all of it. */
function observationOf(order: Order, findings: readonly Finding[]): Observation | undefined {
  const paths = new Map<string, number>();
  for (const { rule, path, severity } of findings) {
    if (WHOLE_ORDER.has(path) && severity !== 'info') return undefined;
    if (severity === 'info') continue;
    const flag = flagOf(rule);
    paths.set(path, (paths.get(path) ?? 0) | flag);
  }
  const flaggedAt = (at: number, field: string): number =>
    paths.size === 0 ? 0 : (paths.get(linePath(order, at, field)) ?? 0);
  const isDoubted = ((paths.get('shipping_address') ?? 0) & NOT_AT_ALL) !== 0;
  const lines = [];
  for (let at = 0; at < order.items.length; at += 1) {
    const { productId, pricePerUnit, quantity } = order.items[at] as OrderItem;
    const flagged = flaggedAt(at, 'price_per_unit') | flaggedAt(at, 'quantity');
    if (flagged & NOT_AT_ALL) continue;
    lines.push({ product: productId, price: Number(pricePerUnit), quantity, flagged });
  }
  const { paymentMethod, shippingAddress } = order;
  return {
    user: hashOf(order.userId),
    source: sourceOf(order.orderId),
    orderMask: maskOf(order.orderId),
    userMask: maskOf(order.userId),
    lacks: lacksOf(order),
    payment: paymentMethod === undefined ? undefined : keyOf(paymentMethod),
    chain: shippingAddress === undefined || isDoubted ? [] : chainOf(shippingAddress),
    lines,
  };
}

const NOT_AT_ALL = 4;

/** What another check doubts is left out; what these here doubt may turn out to be real. */
function flagOf(rule: string): number {
  if (rule === 'price_unlike_product') return FLAGGED.price;
  if (rule === 'quantity_unlike_product') return FLAGGED.quantity;
  return isLearned(rule) && rule !== 'price_quantity_swapped' ? 0 : NOT_AT_ALL;
}

function change(learned: Learned, rule: string, key: string | undefined, how: 'readmit' | 'reset'): void {
  if (!isLearned(rule)) return;
  const values =
    rule === 'payment_method_unseen'
      ? [learned.payments]
      : MASKED.filter((field) => MASK_RULES[field] === rule).flatMap((field) => learned.masks[field]);
  for (const each of values) {
    if (how === 'reset') each.forget(key);
    else if (key !== undefined) each.admit(key);
  }
  if (RULES[rule].family === 'products') {
    if (how === 'reset') forgetProduct(learned, key);
    else if (key !== undefined)
      admitProduct(learned, key, rule === 'quantity_unlike_product' ? 'quantity' : 'price');
  }
  if (rule === 'product_id_unlike' && how === 'reset') forgetOddProducts(learned, key);
  if (rule === 'places_unlike') {
    if (how === 'reset') learned.places.forget(key?.split(', ', 1)[0]);
    else if (key !== undefined) learned.places.admit(key);
  }
  if (rule === 'field_goes_missing' && how === 'reset') forgetField(learned, key);
}
