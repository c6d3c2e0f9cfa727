import type { IdCase } from '../../orders/ids.ts';
import { DAY_MS } from '../../runtime/units.ts';
import type { Random } from './random.ts';
import type { Shop } from './shop.ts';

export interface ItemEvent {
  product_id: string;
  quantity: number | string;
  price_per_unit: number | string;
}

/** An order as a shop's service would send it, spelling mistakes that normalise included. */
export interface OrderEvent {
  order_id: string | number;
  user_id: string;
  order_timestamp?: string;
  order_value: number;
  items: ItemEvent[];
  currency?: string;
  payment_method?: string;
  shipping_address?: string;
}

/** A valid order beside what the stats must make of it. */
export interface ShopOrder {
  event: OrderEvent;
  /** Normalised. */
  userId: string;
  cents: number;
  /** UTC, `YYYY-MM-DD`; undefined when the event has no timestamp and so counts on the day it arrives. */
  day: string | undefined;
}

export interface OrderStyle {
  /** Six hexadecimal digits in every order id, so that orders of runs with other options never collide. */
  run: string;
  /** Orders are placed in the 60 days before this instant. */
  until: Date;
  currency: string;
  idCase: IdCase;
}

const DAYS_BACK = 60;
const PAYMENTS = ['CreditCard', 'CreditCard', 'PayPal', 'DebitCard', 'ApplePay', ' bank_transfer '] as const;

/** Returns a function that draws the next valid order; no two of them are the same order. */
export function createOrders(random: Random, shop: Shop, style: OrderStyle): () => ShopOrder {
  let drawn = 0;
  let lendable: { id: string; userId: string } | undefined;

  // Shops number orders per branch, so two users carry the same id now and then: both must count. An id is lent
  // once only, because a third order with it could belong to the first user again.
  const nextOrderId = (userId: string): string => {
    drawn += 1;
    if (lendable && lendable.userId !== userId && random.chance(0.005)) {
      const { id } = lendable;
      lendable = undefined;
      return id;
    }
    const id = `ORD-${style.run}-${String(drawn).padStart(6, '0')}`;
    lendable = { id, userId };
    return id;
  };

  const orderIdAsSent = (id: string): string | number => {
    if (random.chance(0.01)) {
      lendable = undefined;
      return Number.parseInt(style.run, 16) * 100_000_000 + drawn;
    }
    return respell(random, id, style.idCase);
  };

  return () => {
    const userId = shop.customer();
    const items = Array.from({ length: 1 + random.skewed(5) }, () => drawLine(random, shop));
    const mills = items.reduce((sum, line) => sum + line.mills * line.quantity, 0);
    const cents = Math.floor((mills + 5) / 10);
    const placed = random.chance(0.06) ? undefined : drawInstant(random, style.until);
    const event: OrderEvent = {
      order_id: orderIdAsSent(nextOrderId(userId)),
      user_id: respell(random, userId, style.idCase),
      ...(placed && { order_timestamp: writeInstant(random, placed) }),
      order_value: cents / 100,
      items: items.map((line) => line.event),
      ...(random.chance(0.04) && { currency: style.currency }),
      ...(random.chance(0.92) && { payment_method: random.pick(PAYMENTS) }),
      ...(random.chance(0.95) && { shipping_address: shop.address() }),
    };
    return { event, userId, cents, day: placed?.toISOString().slice(0, 10) };
  };
}

function drawLine(random: Random, shop: Shop): { event: ItemEvent; mills: number; quantity: number } {
  const product = shop.product();
  const mills = product.mills + (random.chance(0.02) ? 1 + random.below(9) : 0);
  const quantity = 1 + random.skewed(6);
  const event = {
    product_id: product.id,
    quantity: random.chance(0.08) ? String(quantity) : quantity,
    price_per_unit: random.chance(0.05) ? ` ${mills / 1000} ` : mills / 1000,
  };
  return { event, mills, quantity };
}

/** Case and outer blanks do not make another id. Under ID_CASE=preserve case does, so there it is left alone. */
function respell(random: Random, id: string, idCase: IdCase): string {
  const lowered = random.chance(0.06) && idCase === 'upper';
  const padded = random.chance(0.04);
  const spelled = lowered ? id.toLowerCase() : id;
  return padded ? ` ${spelled} ` : spelled;
}

/** Whole days back, then a time of day that peaks at noon. */
function drawInstant(random: Random, until: Date): Date {
  const day = until.getTime() - (1 + random.below(DAYS_BACK)) * DAY_MS;
  const second = random.below(43_200) + random.below(43_200);
  return new Date(day + second * 1000);
}

const OFFSETS = [
  { text: '+02:00', minutes: 120 },
  { text: '-05:00', minutes: -300 },
  { text: '+05:30', minutes: 330 },
] as const;

function writeInstant(random: Random, instant: Date): string {
  const toTheSecond = (date: Date) => date.toISOString().slice(0, 19);
  const kind = random.below(100);
  if (kind < 10) return `${toTheSecond(instant)}.${String(random.below(1000)).padStart(3, '0')}Z`;
  if (kind < 18) return toTheSecond(instant);
  if (kind < 26) {
    const offset = random.pick(OFFSETS);
    return `${toTheSecond(new Date(instant.getTime() + offset.minutes * 60_000))}${offset.text}`;
  }
  return `${toTheSecond(instant)}Z`;
}
