import { type Fix, isPlain, isSure } from '../../src/quality/finding.ts';
import { OPENS_WITH } from '../../src/quality/outcomes/groups.ts';
import { AFTER_ITS_ORIGINAL, type Corrupted, HELD_OUT, KINDS, type Kind } from './corruptions.ts';
import { makePipeline, type Pipeline, type Verdict } from './pipeline.ts';
import { type Random, seeded } from './random.ts';
import { copyOf, type RawOrder } from './rawOrder.ts';

const COPIES_EVERY = 16;

export const ALL_KINDS: readonly Kind[] = [...KINDS, HELD_OUT];

/** How often a kind was put in and found. `warm`: in a line whose product had been seen five times. */
export interface KindTally {
  tried: number;
  hit: number;
  warmTried: number;
  warmHit: number;
  /** Found by what all contenders have before them, and by median ± MAD. */
  refused: number;
  mad: number;
  fixes: number;
  exact: number;
}

/** Clean orders of some size, those with a finding, and of these those with one that is no price that really moved. */
interface Basket {
  orders: number;
  flagged: number;
  falsely: number;
}

/** Orders that were as they were sent. */
export interface CleanTally {
  orders: number;
  lines: number;
  flagged: number;
  flaggedLines: number;
  small: Basket;
  large: Basket;
  byMad: number;
  byRule: Map<string, number>;
  /**
   * `rule key` → orders with it, whether one of them had it plainly enough to open a group at once, and whether it is a
   * price that really moved.
   */
  groups: Map<string, { orders: number; plain: boolean; real: boolean }>;
  /** Findings of a price that moved, by whether the product's next orders were really at other prices than those before. */
  moved: Record<Moved, number>;
  fixes: number;
  /** Orders with a finding as sure as one that may hold an order should be. */
  holdGrade: number;
  /** Of flagged lines, those whose product was not warm. */
  cold: number;
}

export interface RunResult {
  prevalence: number;
  clean: CleanTally;
  /** Orders with something put in, in the stream. */
  put: { orders: number; flagged: number; byMad: number; refused: number };
  kinds: Map<string, KindTally>;
  /** Findings on clean orders, for whoever looks for a better threshold. */
  examples: string[];
  warmth: { lines: number; warmLines: number; products: number };
  faults: number;
}

export interface RunOptions {
  orders: readonly RawOrder[];
  /** The first that is scored; those before are learned, with as much put into them. */
  from: number;
  to: number;
  prevalence: number;
  seed: number;
  /** Beside the stream, every so many-th clean order is tried with each kind and nothing is learned of it; 0 for none. */
  probeEvery: number;
}

/** Goes through the orders as they came: scores each, then learns it. */
export function run({ orders, from, to, prevalence, seed, probeEvery }: RunOptions): RunResult {
  const pipeline = makePipeline();
  const random = seeded(seed);
  const result: RunResult = {
    prevalence,
    clean: {
      orders: 0,
      lines: 0,
      flagged: 0,
      flaggedLines: 0,
      small: { orders: 0, flagged: 0, falsely: 0 },
      large: { orders: 0, flagged: 0, falsely: 0 },
      byMad: 0,
      byRule: new Map(),
      groups: new Map(),
      moved: { really: 0, 'not at all': 0, 'nobody knows': 0 },
      fixes: 0,
      holdGrade: 0,
      cold: 0,
    },
    put: { orders: 0, flagged: 0, byMad: 0, refused: 0 },
    kinds: new Map(ALL_KINDS.map(({ id }) => [id, tallyOfKind()])),
    examples: [],
    warmth: { lines: 0, warmLines: 0, products: 0 },
    faults: 0,
  };
  let before = pipeline.baselines.warmth();
  for (let at = 0; at < to; at += 1) {
    const order = orders[at] as RawOrder;
    const scored = at >= from;
    if (at === from) before = pipeline.baselines.warmth();
    pipeline.advance(Date.parse(order.order_timestamp as string));
    const kind = random.next() < prevalence ? random.pick(ALL_KINDS) : undefined;
    const corrupted = kind?.corrupt(order, random);
    const isCopy = kind !== undefined && AFTER_ITS_ORIGINAL.has(kind.id);
    if (!corrupted || isCopy)
      deliverClean(pipeline, order, scored && !isSentTwice(orders, at) ? result : undefined, (product) =>
        hasMoved(orders, at, product),
      );
    if (corrupted) deliverPut(pipeline, corrupted, scored ? result : undefined);
    if (scored && !corrupted && probeEvery > 0 && at % probeEvery === 0)
      // What these leave behind is remembered: more of them would be the way of the shop.
      for (const each of ALL_KINDS)
        if (!AFTER_ITS_ORIGINAL.has(each.id) || at % (COPIES_EVERY * probeEvery) === 0)
          probe(pipeline, each, order, random, result.kinds.get(each.id) as KindTally);
  }
  const after = pipeline.baselines.warmth();
  result.warmth = {
    lines: after.lines - before.lines,
    warmLines: after.warmLines - before.warmLines,
    products: after.products,
  };
  result.faults = pipeline.faults();
  return result;
}

const LOOKED_AT = 10;
/** Orders that a moved price may have had when it was told. */
const SINCE_IT_MOVED = 8;
const A_MOVE = 0.15;

/** `nobody knows`: fewer than five orders were to come. */
type Moved = 'really' | 'not at all' | 'nobody knows';

/**
 * Whether a product's price really moved at an order, by what came afterwards too, which no check can know: the middle one of its
 * next ten prices against that of the ten before the run.
 */
function hasMoved(orders: readonly RawOrder[], at: number, product: string): Moved {
  const id = product.toUpperCase();
  const priceIn = (order: RawOrder | undefined) =>
    order?.items.find((item) => item.product_id.toUpperCase() === id)?.price_per_unit;
  const push = (prices: number[], price: number | undefined) => {
    if (price !== undefined) prices.push(price);
  };
  const after: number[] = [];
  const before: number[] = [];
  for (let from = at + 1; from < orders.length && after.length < LOOKED_AT; from += 1)
    push(after, priceIn(orders[from]));
  for (let from = at - 1; from >= 0 && before.length < LOOKED_AT + SINCE_IT_MOVED; from -= 1)
    push(before, priceIn(orders[from]));
  const middle = (prices: number[]) => [...prices].sort((a, b) => a - b)[prices.length >> 1] ?? Number.NaN;
  if (after.length < LOOKED_AT / 2) return 'nobody knows';
  const step = Math.abs(Math.log(middle(after) / middle(before.slice(SINCE_IT_MOVED))));
  return step >= A_MOVE ? 'really' : 'not at all';
}

/** Groups of clean orders that open. */
export const openedOf = ({ groups }: CleanTally) =>
  [...groups.values()].filter(({ orders, plain }) => plain || orders >= OPENS_WITH);

const tallyOfKind = (): KindTally => ({
  tried: 0,
  hit: 0,
  warmTried: 0,
  warmHit: 0,
  refused: 0,
  mad: 0,
  fixes: 0,
  exact: 0,
});

const TEN_MINUTES = 600_000;

/** What else the source sent of the same user within ten minutes, under another id: what the rule says of it is true. */
function isSentTwice(orders: readonly RawOrder[], at: number): boolean {
  const contentOf = ({ user_id, items }: RawOrder) =>
    JSON.stringify([user_id, items.map((item) => JSON.stringify(Object.entries(item).sort())).sort()]);
  const order = orders[at] as RawOrder;
  const since = Date.parse(order.order_timestamp as string) - TEN_MINUTES;
  for (let before = at - 1; before >= 0; before -= 1) {
    const other = orders[before] as RawOrder;
    if (Date.parse(other.order_timestamp as string) < since) return false;
    if (other.user_id === order.user_id && contentOf(other) === contentOf(order)) return true;
  }
  return false;
}

/**
 * Its source has one product at two prices in some invoices: what a rule says of them is true, so that they are no clean
 * orders.
 */
function hasTwoPrices({ items }: RawOrder): boolean {
  const prices = new Map<string, number>();
  for (const { product_id, price_per_unit } of items) {
    const before = prices.get(product_id);
    if (before !== undefined && before !== price_per_unit) return true;
    prices.set(product_id, price_per_unit);
  }
  return false;
}

function deliverClean(
  pipeline: Pipeline,
  order: RawOrder,
  result: RunResult | undefined,
  movedHere: (product: string) => Moved,
): void {
  const verdict = pipeline.judge(order, false);
  if (verdict.refused.length > 0) throw new Error(`${order.order_id} of the source is refused`);
  if (result && !hasTwoPrices(order)) tallyClean(result, order, verdict, pipeline, movedHere);
  pipeline.learn(order, verdict);
}

function tallyClean(
  { clean, examples }: RunResult,
  order: RawOrder,
  verdict: Verdict,
  pipeline: Pipeline,
  movedHere: (product: string) => Moved,
): void {
  const { findings, mad } = verdict;
  const flagged = findings.length > 0;
  const basket = order.items.length <= 3 ? clean.small : clean.large;
  clean.orders += 1;
  clean.lines += order.items.length;
  basket.orders += 1;
  if (mad.length > 0) clean.byMad += 1;
  if (!flagged) return;
  clean.flagged += 1;
  basket.flagged += 1;
  clean.flaggedLines += new Set(findings.map(({ path }) => path.split('.')[0])).size;
  if (findings.some(({ fix }) => fix)) clean.fixes += 1;
  if (findings.some((finding) => finding.severity === 'hold' || isSure(finding))) clean.holdGrade += 1;
  const groups = new Map<string, { plain: boolean; real: boolean }>();
  let falsely = false;
  for (const finding of findings) {
    const { rule, key, path, observed, expected, from, fix } = finding;
    clean.byRule.set(rule, (clean.byRule.get(rule) ?? 0) + 1);
    const group = `${rule} ${key}`;
    const moved = rule === 'price_level_moved' ? movedHere(key) : undefined;
    if (moved) clean.moved[moved] += 1;
    const isReal = moved === 'really';
    falsely ||= !isReal;
    const { plain = false, real = true } = groups.get(group) ?? {};
    groups.set(group, { plain: plain || isPlain(finding), real: real && isReal });
    const line = Number(/^items\[(\d+)\]/.exec(path)?.[1] ?? -1);
    const item = order.items[line];
    if (item && !pipeline.isWarm(item.product_id)) clean.cold += 1;
    examples.push(
      `${order.order_id} (${order.items.length}) ${rule} ${key}: ${observed}, expected ${expected} from ${from} ${fix ? `FIX ${JSON.stringify(fix)}` : ''} ${item ? `${item.quantity} at ${item.price_per_unit}` : ''}`,
    );
  }
  if (falsely) basket.falsely += 1;
  for (const [group, { plain, real }] of groups) {
    const before = clean.groups.get(group) ?? { orders: 0, plain: false, real: true };
    clean.groups.set(group, {
      orders: before.orders + 1,
      plain: before.plain || plain,
      real: before.real && real,
    });
  }
}

function deliverPut(pipeline: Pipeline, { order }: Corrupted, result: RunResult | undefined): void {
  const verdict = pipeline.judge(order, false);
  const isRefused = verdict.refused.length > 0;
  if (result) {
    result.put.orders += 1;
    if (isRefused || verdict.findings.length > 0) result.put.flagged += 1;
    if (isRefused || verdict.mad.length > 0) result.put.byMad += 1;
    if (isRefused) result.put.refused += 1;
  }
  if (!isRefused) pipeline.learn(order, verdict);
}

function probe(pipeline: Pipeline, kind: Kind, order: RawOrder, random: Random, tally: KindTally): void {
  const corrupted = kind.corrupt(order, random);
  if (!corrupted) return;
  const copy = AFTER_ITS_ORIGINAL.has(kind.id);
  const verdict = pipeline.judge(corrupted.order, !copy);
  const isRefused = verdict.refused.length > 0;
  const found = isRefused || verdict.findings.some(({ path }) => isAt(path, corrupted.paths));
  tally.tried += 1;
  if (found) tally.hit += 1;
  if (isRefused) tally.refused += 1;
  if (isRefused || verdict.mad.some((path) => isAt(path, corrupted.paths))) tally.mad += 1;
  const product = corrupted.line === undefined ? undefined : order.items[corrupted.line]?.product_id;
  if (product !== undefined && pipeline.isWarm(product)) {
    tally.warmTried += 1;
    if (found) tally.warmHit += 1;
  }
  const fix =
    verdict.fix ?? verdict.findings.find((each) => each.fix && isAt(each.path, corrupted.paths))?.fix;
  if (!fix) return;
  tally.fixes += 1;
  if (isExact(corrupted.order, fix, order)) tally.exact += 1;
}

/** Whether a finding points at what was put in: at it, or at the line or the order around it. */
const isAt = (path: string, paths: readonly string[]): boolean =>
  paths.some(
    (each) => each === path || each.startsWith(`${path}.`) || (path === 'items' && each.startsWith('items[')),
  );

function isExact(order: RawOrder, fix: readonly Fix[], original: RawOrder): boolean {
  const mended = copyOf(order);
  for (const { path, value } of fix) {
    const [, line, field] = /^items\[(\d+)\]\.(\w+)$/.exec(path) ?? [];
    const target = (line === undefined ? mended : mended.items[Number(line)]) as unknown as Record<
      string,
      unknown
    >;
    target[field ?? path] = value;
  }
  return comparable(mended) === comparable(original);
}

/** The worker takes ids and payment methods in capitals, and of a time the instant. */
const comparable = (order: RawOrder): string =>
  JSON.stringify({ ...order, order_timestamp: Date.parse(order.order_timestamp ?? '') }).toUpperCase();
