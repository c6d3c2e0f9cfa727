import { ExactNumber } from '../../orders/exactJson.ts';
import { visible } from '../../runtime/visibleText.ts';
import { placeOf } from './place.ts';

/*
 * What of an order leaves the house: the fields named here, and nothing else. Ids are pseudonyms with their shape
 * beside them; an address is its city, region and country. Everything that a stranger typed is one line, short, and
 * carries a mark in place of every blank, so that it cannot pass for what we say ourselves.
 */

/** The signs that may stand for a blank. One is chosen for each question, so that nobody can write it beforehand. */
const MARKS = ['‡', '¤', '¦', '†', '§'];
const ANY_MARK = new RegExp(`[${MARKS.join('')}]`, 'gu');
const LONGEST = 80;
/** Nothing behind it is looked at: searches that begin anew at every character would not end in a long text. */
const LOOKED_AT = 500;
const ITEMS_SHOWN = 12;

const EMAIL = /[^\s@<>"']+@[^\s@<>"']+/gu;
/** Of a card, an account or a telephone. */
const LONG_NUMBER = /\+?\d(?:[ ().\-/]?\d){6,}/gu;

export const markFrom = (random: () => number): string =>
  MARKS[Math.floor(random() * MARKS.length)] ?? (MARKS[0] as string);

/** The shape of an id: letters are `A` or `a`, digits `9`. */
export const shapeOf = (text: string): string =>
  text
    .slice(0, LOOKED_AT)
    .normalize('NFC')
    .replace(/[\p{L}\p{M}]|\p{N}/gu, (sign) =>
      /\p{N}/u.test(sign) ? '9' : /\p{Lu}/u.test(sign) ? 'A' : 'a',
    );

/** A stranger's text without what tells who somebody is. */
export const withoutContacts = (text: string): string => withoutEmail(text).replace(LONG_NUMBER, '[number]');
const withoutEmail = (text: string): string => text.slice(0, LOOKED_AT).replace(EMAIL, '[email]');

export function marked(text: string, mark: string): string {
  const plain = text.slice(0, LOOKED_AT).replace(ANY_MARK, '').trim().replace(/\s+/gu, ' ');
  const short = plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
  return visible(short).replaceAll(' ', mark);
}

export const unmarked = (text: string, mark: string): string => text.replaceAll(mark, ' ');

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

/** The field that a path ends in: `price_per_unit` of `items[0].price_per_unit`. */
export const fieldAt = (path: string): string =>
  path
    .replaceAll(/\[\d+\]/g, '')
    .split('.')
    .at(-1) as string;

/** How what a finding says of a field may be said outside. */
const SAID_AS: Readonly<Record<string, 'number' | 'text' | 'code' | 'shape' | 'place'>> = {
  order_id: 'shape',
  user_id: 'shape',
  shipping_address: 'place',
  payment_method: 'text',
  product_id: 'code',
  order_value: 'number',
  order_timestamp: 'number',
  currency: 'number',
  quantity: 'number',
  price_per_unit: 'number',
};

/** Shows the orders of one group. The same id is the same pseudonym in all of them, and one that it has nowhere else. */
export class Redaction {
  readonly #mark: string;
  readonly #wholeAddresses: boolean;
  readonly #orders = new Map<string, string>();
  readonly #users = new Map<string, string>();
  readonly #secret: RegExp | undefined;

  constructor(orders: readonly unknown[], options: { mark: string; wholeAddresses: boolean }) {
    this.#mark = options.mark;
    this.#wholeAddresses = options.wholeAddresses;
    this.#secret = anyOf(orders.flatMap((order) => secretsOf(order, options.wholeAddresses)));
  }

  /** The order as it is shown under `name`. `path`: the field that is spoken of, whose line is shown in any case. */
  order(order: unknown, name: string, path = ''): Fields {
    if (!isObject(order)) return { name };
    const { order_id, user_id, shipping_address, items } = order;
    const shown: Fields = { name };
    const orderId = textOf(order_id);
    const userId = textOf(user_id);
    if (orderId !== undefined) {
      shown.order_id = { is: pseudonym(this.#orders, orderId, 'order'), shape: this.#say(shapeOf(orderId)) };
    }
    if (userId !== undefined) {
      shown.user_id = { is: pseudonym(this.#users, userId, 'user'), shape: this.#say(shapeOf(userId)) };
    }
    for (const field of ['order_timestamp', 'order_value', 'currency', 'payment_method']) {
      if (order[field] !== undefined) shown[field] = this.#value(order[field], field);
    }
    if (typeof shipping_address === 'string') shown.shipping_address = this.#address(shipping_address);
    if (Array.isArray(items)) {
      const spokenOf = Number(/^items\[(\d+)\]/.exec(path)?.[1] ?? -1);
      shown.items = items.flatMap((item, at) =>
        at < ITEMS_SHOWN || at === spokenOf ? [this.#item(item, at)] : [],
      );
      if (items.length > ITEMS_SHOWN) shown.items_in_all = items.length;
    }
    return shown;
  }

  /** What a finding says of a field, as far as it may leave; undefined for a field that nothing is known of. */
  said(text: string, path: string): string | undefined {
    switch (SAID_AS[fieldAt(path)]) {
      case 'shape':
        return this.#say(shapeOf(text));
      case 'place':
        return this.#address(text);
      case 'text':
        return this.#say(withoutContacts(text));
      case 'code':
        return this.#say(withoutEmail(text));
      case 'number':
        return this.#say(text);
      case undefined:
        return undefined;
    }
  }

  /** What a group is about: never an id, whatever its path. */
  key(text: string, path: string): string {
    const as = SAID_AS[fieldAt(path)];
    if (as === 'shape') return this.#say(shapeOf(text));
    return this.#say(as === 'code' ? withoutEmail(text) : withoutContacts(text));
  }

  #item(item: unknown, at: number): Fields {
    if (!isObject(item)) return { at };
    const fields = ['product_id', 'quantity', 'price_per_unit'].filter((field) => item[field] !== undefined);
    return { at, ...Object.fromEntries(fields.map((field) => [field, this.#value(item[field], field)])) };
  }

  #value(value: unknown, field: string): unknown {
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    const text = textOf(value);
    if (text === undefined) return Array.isArray(value) ? '[list]' : '[object]';
    // The digits of a product or a time are no telephone number.
    const isCode = field === 'product_id' || /^[\d\sTZ:+.-]*$/.test(text.slice(0, LOOKED_AT));
    return this.#say(isCode && field !== 'payment_method' ? withoutEmail(text) : withoutContacts(text));
  }

  #address(text: string): string {
    return marked(this.#wholeAddresses ? text : this.#hidden(withoutContacts(placeOf(text))), this.#mark);
  }

  #say(text: string): string {
    return marked(this.#hidden(text), this.#mark);
  }

  /** Whoever puts a user id into the payment method: it does not leave there either. */
  #hidden(text: string): string {
    const start = text.slice(0, LOOKED_AT);
    return this.#secret ? start.replace(this.#secret, '[hidden]') : start;
  }
}

function pseudonym(known: Map<string, string>, id: string, kind: string): string {
  const found = known.get(id) ?? `${kind}-${known.size + 1}`;
  known.set(id, found);
  return found;
}

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
};

/** Ids, and what of the address is no place. A short number would be found in prices. */
function secretsOf(order: unknown, wholeAddresses: boolean): string[] {
  if (!isObject(order)) return [];
  const ids = [order.order_id, order.user_id].map(textOf);
  const { shipping_address: sent } = order;
  const address = typeof sent === 'string' && !wholeAddresses ? sent.slice(0, LOOKED_AT) : '';
  const place = new Set(placeOf(address).split(', '));
  const lines = address.split(/[,;\n]/).filter((line) => !place.has(line.trim()));
  return [...ids, ...lines]
    .map((text) => (text ?? '').trim().slice(0, LOOKED_AT))
    .filter((text) => (/\p{L}/u.test(text) ? text.length >= 2 : text.length >= 6));
}

/** Any of the words, the longest first, where it stands by itself. */
function anyOf(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const literals = [...new Set(words)]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${literals.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}
