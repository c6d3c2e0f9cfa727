import type { ValueKind } from './opinion.ts';

/*
 * In every question there is one entry that is plainly wrong and one that is plainly right, drawn anew each time and of
 * the same make as the others. A model that misses one has lost the thread, or follows somebody else's.
 */

export interface Canaries {
  wrong: object;
  right: object;
}

/** Where in its order a canary of a group may be changed, and what of one may be named. */
export const MAY_CHANGE = ['items[0].price_per_unit', 'items[0].quantity', 'order_value'];
export const MAY_NAME = ['payment_method', 'shipping_address', 'order_timestamp'];

type Random = () => number;

const from = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)] as T;
const whole = (least: number, most: number, random: Random): number =>
  least + Math.floor(random() * (most - least + 1));
const cents = (value: number): number => Math.round(value * 100) / 100;

const NO_WAYS_TO_PAY = [
  'STOLEN PURSE',
  'BANANA',
  'BLACKMAIL',
  'RANSOM',
  'FORGED NOTES',
  'WRATH',
  'LOREM IPSUM',
];
const WAYS_TO_PAY = [
  'VISA',
  'MASTERCARD',
  'PAYPAL',
  'BANK TRANSFER',
  'APPLE PAY',
  'CASH ON DELIVERY',
  'CREDIT CARD',
];
const PLACES = [
  ['Tokyo', 'Japan'],
  ['Nairobi', 'Kenya'],
  ['Oslo', 'Norway'],
  ['Lima', 'Peru'],
  ['Bangkok', 'Thailand'],
  ['Warsaw', 'Poland'],
  ['Cairo', 'Egypt'],
  ['Hanoi', 'Vietnam'],
] as const;

function place(right: boolean, random: Random): string {
  const [city, country] = from(PLACES, random);
  const others = PLACES.map(([, each]) => each).filter((each) => each !== country);
  return `${city}, ${right ? country : from(others, random)}`;
}

function orderWith(price: number, payment: string, where: string, mark: string, random: Random) {
  const quantity = whole(1, 5, random);
  return {
    name: 'a',
    order_id: { is: 'order-1', shape: 'AAA9999' },
    user_id: { is: 'user-1', shape: 'A999' },
    order_timestamp: `2024-0${whole(1, 9, random)}-1${whole(0, 9, random)}T0${whole(0, 9, random)}:16:44Z`,
    order_value: cents(price * quantity),
    payment_method: payment.replaceAll(' ', mark),
    shipping_address: where.replaceAll(' ', mark),
    items: [{ at: 0, product_id: `P0${whole(10, 99, random)}`, quantity, price_per_unit: price }],
  };
}

export function groupCanaries(mark: string, random: Random): Canaries {
  const entry = (right: boolean) => {
    const usual = whole(900, 4_000, random) / 100;
    const price = right ? usual : cents(usual * 100);
    const order = orderWith(price, from(WAYS_TO_PAY, random), place(true, random), mark, random);
    const range = `${cents(usual * 0.9).toFixed(2)} to ${cents(usual * 1.1).toFixed(2)}`;
    return {
      check: 'price_far_from_known',
      field: 'items[0].price_per_unit',
      about: order.items[0]?.product_id,
      observed: price.toFixed(2),
      expected: range.replaceAll(' ', mark),
      seen_before: whole(80, 400, random),
      orders: [{ ...order, may_change: MAY_CHANGE }],
    };
  };
  return { wrong: entry(false), right: entry(true) };
}

/** `known`: shapes of this shop, of which the right one is one. */
export function valueCanaries(
  kind: ValueKind,
  known: readonly string[],
  mark: string,
  random: Random,
): Canaries {
  const said = (text: string) => ({ value: text.replaceAll(' ', mark) });
  switch (kind) {
    case 'payment_method':
      return { wrong: said(from(NO_WAYS_TO_PAY, random)), right: said(from(WAYS_TO_PAY, random)) };
    case 'place':
      return { wrong: said(place(false, random)), right: said(place(true, random)) };
    case 'id_shape':
      return {
        wrong: said(from(['???-999-!!!', '<aaa>9</aaa>', '#¿#¿#', '%%%a%%%'], random)),
        right: { value: known.length === 0 ? 'AAA9999' : from(known, random) },
      };
  }
}

export function orderCanaries(mark: string, random: Random): Canaries {
  const entry = (right: boolean) => {
    const price = whole(900, 4_000, random) / 100;
    const payment = from(right ? WAYS_TO_PAY : NO_WAYS_TO_PAY, random);
    const order = orderWith(price, payment, place(right, random), mark, random);
    return { orders: [{ ...order, may_name: MAY_NAME }] };
  };
  return { wrong: entry(false), right: entry(true) };
}
