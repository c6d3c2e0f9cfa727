import Big from 'big.js';
import type { Random } from './random.ts';
import { copyOf, type RawItem, type RawOrder, totalOf } from './rawOrder.ts';

/** An order with one thing wrong in it. */
export interface Corrupted {
  order: RawOrder;
  /** Where, so that a finding elsewhere is no hit. */
  paths: readonly string[];
  /** The line it is in, where it is in one. */
  line?: number;
}

export interface Kind {
  id: string;
  /** In words, for the table. */
  name: string;
  /** Undefined where the order has nothing to do it to. */
  corrupt(order: RawOrder, random: Random): Corrupted | undefined;
}

const inLine =
  (change: (item: RawItem, random: Random) => Partial<RawItem> | undefined, keepTotal = false) =>
  (order: RawOrder, random: Random): Corrupted | undefined => {
    const line = random.below(order.items.length);
    const copy = copyOf(order);
    const item = copy.items[line] as RawItem;
    const changed = change(item, random);
    if (!changed || Object.entries(changed).every(([name, value]) => item[name as keyof RawItem] === value))
      return undefined;
    Object.assign(item, changed);
    if (!keepTotal) copy.order_value = totalOf(copy.items);
    return { order: copy, line, paths: Object.keys(changed).map((name) => `items[${line}].${name}`) };
  };

/** As a system stores it that knows cents: what becomes less than one is none. */
const cents = (price: number, factor: number): number => {
  const then = new Big(price).times(factor).round(2, Big.roundHalfUp).toNumber();
  return then > 0 ? then : price;
};

const price = (id: string, name: string, factor: number): Kind => ({
  id,
  name,
  corrupt: inLine((item) => ({ price_per_unit: cents(item.price_per_unit, factor) })),
});

const whole =
  (path: keyof RawOrder, change: (order: RawOrder, random: Random) => RawOrder[typeof path] | undefined) =>
  (order: RawOrder, random: Random): Corrupted | undefined => {
    const value = change(order, random);
    if (value === undefined || value === order[path]) return undefined;
    return { order: { ...copyOf(order), [path]: value }, paths: [path] };
  };

const NONSENSE = [
  'Corruption',
  'Blackmoney',
  'asdf',
  'n/a',
  '0',
  'Tuesday',
  'xxxxx',
  'null',
  'Bananas',
  'TODO',
];
const FORMATS: readonly ((random: Random) => string)[] = [
  (random) => `SKU-${1_000 + random.below(9_000)}`,
  (random) =>
    `${random.below(0x7fffffff).toString(16)}-${random.below(0xffff).toString(16)}-${random.below(0xffff).toString(16)}`,
  (random) => `#${1 + random.below(99)}`,
  (random) => `item_${1 + random.below(999)}_new`,
];
const REGIONS = ['West Yorkshire', 'Norfolk', 'Devon', 'Kent', 'California', 'Texas', 'New York', 'Ohio'];
const DAY_MS = 86_400_000;

/** Two neighbouring letters swapped, one missing, doubled or another. */
function misspelt(word: string, random: Random): string {
  const at = 1 + random.below(word.length - 2);
  const letter = word[at] as string;
  const ways = [
    word.slice(0, at) + (word[at + 1] as string) + letter + word.slice(at + 2),
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + letter + word.slice(at),
    `${word.slice(0, at)}${random.pick([...'qxzjk'])}${word.slice(at + 1)}`,
  ];
  return random.pick(ways);
}

export const KINDS: readonly Kind[] = [
  price('price_x10', 'price ×10', 10),
  price('price_d10', 'price ÷10', 0.1),
  price('price_x100', 'price ×100', 100),
  price('price_d100', 'price ÷100', 0.01),
  {
    id: 'quantity_x100',
    name: 'quantity ×100',
    corrupt: inLine((item) => ({ quantity: item.quantity * 100 })),
  },
  {
    id: 'swapped',
    name: 'price and quantity swapped (the price without its cents, which the rules would refuse)',
    corrupt: inLine((item) => ({
      quantity: Math.max(1, Math.round(item.price_per_unit)),
      price_per_unit: item.quantity,
    })),
  },
  {
    id: 'total_digit',
    name: 'extra digit in the total',
    corrupt: whole('order_value', ({ order_value }, random) => {
      const text = order_value.toFixed(2);
      const at = random.below(text.indexOf('.') + 1);
      return Number(
        text.slice(0, at) + String(at === 0 ? 1 + random.below(9) : random.below(10)) + text.slice(at),
      );
    }),
  },
  {
    id: 'total_point',
    name: 'total off by a decimal place',
    corrupt: whole('order_value', ({ order_value }, random) =>
      new Big(order_value)
        .times(random.pick([10, 100, 0.1, 0.01]))
        .round(2, Big.roundHalfUp)
        .toNumber(),
    ),
  },
  {
    id: 'product_cut',
    name: 'product id truncated (by 1 to 3 characters)',
    corrupt: inLine(({ product_id }, random) =>
      product_id.length < 5 ? undefined : { product_id: product_id.slice(0, -1 - random.below(3)) },
    ),
  },
  {
    id: 'product_format',
    name: 'product id of another format',
    corrupt: inLine((_, random) => ({ product_id: random.pick(FORMATS)(random) })),
  },
  {
    id: 'order_format',
    name: 'order id of another format',
    corrupt: whole('order_id', (_, random) => random.pick(FORMATS)(random)),
  },
  {
    id: 'payment_typo',
    name: 'payment method misspelt',
    corrupt: whole('payment_method', ({ payment_method }, random) =>
      payment_method === undefined ? undefined : misspelt(payment_method, random),
    ),
  },
  {
    id: 'payment_nonsense',
    name: 'payment method nonsense',
    corrupt: whole('payment_method', (_, random) => random.pick(NONSENSE)),
  },
  {
    id: 'region',
    name: 'city against region',
    corrupt: whole('shipping_address', ({ shipping_address }, random) => {
      const parts = shipping_address?.split(', ') ?? [];
      if (parts.length < 4) return undefined;
      const region = random.pick(REGIONS);
      return region === parts[2] ? undefined : [parts[0], parts[1], region, parts[3]].join(', ');
    }),
  },
  {
    id: 'future',
    name: 'time in the future (2 days to a year)',
    corrupt: whole('order_timestamp', ({ order_timestamp }, random) =>
      new Date(Date.parse(order_timestamp as string) + (2 + random.below(363)) * DAY_MS).toISOString(),
    ),
  },
  {
    id: 'epoch',
    name: 'epoch seconds read as milliseconds, or the reverse',
    corrupt: whole('order_timestamp', ({ order_timestamp }, random) => {
      const ms = Date.parse(order_timestamp as string);
      const then = random.next() < 0.5 ? Math.floor(ms / 1_000) : Math.min(ms * 1_000, 253_402_300_799_000);
      return new Date(then).toISOString();
    }),
  },
  {
    id: 'two_prices',
    name: 'one product at two prices in one order',
    corrupt(order, random) {
      const line = random.below(order.items.length);
      const copy = copyOf(order);
      const item = copy.items[line] as RawItem;
      const other = cents(item.price_per_unit, random.pick([0.5, 0.8, 0.9, 1.1, 1.25, 2]));
      if (other === item.price_per_unit) return undefined;
      copy.items.push({ ...item, quantity: 1, price_per_unit: other });
      copy.order_value = totalOf(copy.items);
      const added = copy.items.length - 1;
      return {
        order: copy,
        line,
        paths: copy.items.flatMap(({ product_id }, at) =>
          product_id === item.product_id || at === added ? [`items[${at}].price_per_unit`] : [],
        ),
      };
    },
  },
  {
    id: 'repeated',
    name: 'same content under a new order id',
    corrupt: (order, random) => ({
      order: { ...copyOf(order), order_id: following(order.order_id, random) },
      paths: ['order_id', ''],
    }),
  },
  {
    id: 'shared_id',
    name: 'same order id under two users',
    corrupt: (order, random) => ({
      order: { ...copyOf(order), user_id: following(order.user_id, random) },
      paths: ['order_id', 'user_id', ''],
    }),
  },
];

/** These need the order before them. */
export const AFTER_ITS_ORIGINAL: ReadonlySet<string> = new Set(['repeated', 'shared_id']);

/** No threshold and no method was chosen with an eye on it. */
export const HELD_OUT: Kind = {
  id: 'line_total',
  name: "the line's total in place of the unit price",
  corrupt: inLine((item) => ({
    price_per_unit: new Big(item.price_per_unit).times(item.quantity).toNumber(),
  })),
};

/** An id of the same shape with other digits, from 9 on: the sources have none that begins so. */
const following = (id: string, random: Random): string =>
  id.replace(/\d{2,}$/, ({ length }) =>
    `9${String(random.below(10 ** Math.min(9, length - 1)))}`.padEnd(length, '0'),
  );
