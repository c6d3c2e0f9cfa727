import { ExactNumber } from '../../src/orders/exactJson.ts';
import type { OrderRules } from '../../src/orders/order.ts';

/** What must become of an order. */
export interface Judgement {
  /** `code at path`, sorted; none when it counts. */
  issues: string[];
  /** What can be read of it. */
  read: {
    orderId: string | undefined;
    userId: string | undefined;
    minorUnits: number | undefined;
    timestamp: string | undefined;
    items: { productId: string | undefined; quantity: number }[];
  };
  /** What items and further fields add up to, when all of them can be read. */
  sumCents: number | undefined;
  /** Equal for two orders that the ledger must take for one. */
  content: string;
}

/** A decimal: `num` over ten to the `places`. */
interface Decimal {
  num: bigint;
  places: number;
}

/** What is read of a field: nothing when there is none, a code when it is wrong. */
type Read<T> = { value: T } | { code: string } | 'missing';

/**
 * The rules of an order written down a second time, in whole numbers, for the values that the random senders draw
 * from.
 */
export function judge(sent: Record<string, unknown>, rules: OrderRules): Judgement {
  const issues: string[] = [];
  const open = (name: OrderRules['accepts'][number]) => rules.accepts.includes(name);
  const required = <T>(path: string, read: Read<T>): T | undefined => {
    if (read !== 'missing' && 'value' in read) return read.value;
    issues.push(`${read === 'missing' ? 'missing_field' : read.code} at ${path}`);
    return undefined;
  };
  const optional = <T>(name: string, readIt: (value: unknown) => Read<T>): T | undefined => {
    const value = sent[name];
    const isBlank = typeof value === 'string' && value.trim() === '';
    if (value == null || (isBlank && open('loose_optional'))) return undefined;
    const read = readIt(value);
    if (read !== 'missing' && 'code' in read && read.code === 'wrong_type' && open('loose_optional')) {
      return undefined;
    }
    return required(name, read);
  };

  const upper = rules.idCase === 'upper';
  const orderId = required('order_id', id(sent.order_id, upper));
  const userId = required('user_id', id(sent.user_id, upper));
  const most = decimalOf(rules.maxOrderValue) as Decimal;
  const isText = typeof sent.order_value === 'string';
  const stated = required(
    'order_value',
    isText && !open('text_value') ? { code: 'wrong_type' } : amount(sent.order_value, most),
  );
  const timestamp = optional('order_timestamp', (value) => time(value, open('epoch_time')));
  optional('currency', (value) => currency(value));
  optional('payment_method', text);
  optional('shipping_address', text);

  const lines = linesOf(sent.items, rules, required);
  const known = lines?.flatMap(({ quantity, price }) => (quantity && price ? [{ quantity, price }] : []));
  const allKnown = lines !== undefined && known?.length === lines.length;
  const before = issues.length;
  const further = rules.sumFields.map(({ path: [name], sign }) => {
    const read = optional(name, (value) => anyAmount(value, open('text_value')));
    return { num: BigInt(sign) * (read?.num ?? 0n), places: read?.places ?? 0 };
  });
  const sumCents =
    allKnown && issues.length === before
      ? cents(
          [...(known ?? []).map(({ quantity, price }) => times(quantity, price)), ...further].reduce(plus),
        )
      : undefined;
  if (sumCents !== undefined && stated && cents(stated) !== sumCents) {
    issues.push('order_value_mismatch at order_value');
  }
  if (allKnown && known?.every(({ quantity }) => quantity.num === 0n)) issues.push('no_items at items');

  const kept = (lines ?? []).filter(({ quantity }) => quantity?.num !== 0n);
  const read = {
    orderId,
    userId,
    minorUnits: stated && cents(stated),
    timestamp,
    items: kept.map(({ productId, quantity }) => ({ productId, quantity: Number(plain(quantity)) })),
  };
  return {
    issues: issues.sort(),
    read,
    sumCents,
    content: JSON.stringify([read, kept.map(({ price }) => plain(price))]),
  };
}

interface Line {
  productId: string | undefined;
  quantity: Decimal | undefined;
  price: Decimal | undefined;
}

function linesOf(
  items: unknown,
  rules: OrderRules,
  required: <T>(path: string, read: Read<T>) => T | undefined,
): Line[] | undefined {
  const fault = (): Read<never> | undefined => {
    if (items == null) return 'missing';
    if (!Array.isArray(items)) return { code: 'wrong_type' };
    if (items.length === 0) return { code: 'no_items' };
    return items.length > rules.maxItems ? { code: 'too_large' } : undefined;
  };
  const wrong = fault();
  if (wrong) {
    required('items', wrong);
    return undefined;
  }
  return (items as Record<string, unknown>[]).map((item, index) => ({
    productId: required(`items[${index}].product_id`, id(item.product_id, false)),
    quantity: required(`items[${index}].quantity`, quantityOf(item.quantity, rules)),
    price: required(`items[${index}].price_per_unit`, amount(item.price_per_unit, MOST_OF_A_PRICE)),
  }));
}

const MOST_OF_A_PRICE = { num: 999_999_999_999_999n, places: 2 };
const BLANK_OR_UNSEEN = [' ', '\u200b'];

function id(value: unknown, upper: boolean): Read<string> {
  if (value == null) return 'missing';
  const sent = typeof value === 'string' ? value : wholeText(value);
  if (sent === undefined) return { code: 'wrong_type' };
  if (sent === 'rounded') return { code: 'out_of_range' };
  const characters = [...sent.normalize('NFC')];
  while (BLANK_OR_UNSEEN.includes(characters[0] ?? '')) characters.shift();
  while (BLANK_OR_UNSEEN.includes(characters.at(-1) ?? '')) characters.pop();
  const spelled = upper ? characters.join('').toUpperCase() : characters.join('');
  if (spelled === '') return 'missing';
  const isHidden = spelled.includes('\0') || spelled.includes('\u200b');
  return isHidden ? { code: 'out_of_range' } : { value: spelled.normalize('NFC') };
}

function wholeText(value: unknown): string | undefined {
  const decimal = typeof value === 'string' ? undefined : decimalOf(value);
  if (!decimal || decimal.num % 10n ** BigInt(decimal.places) !== 0n) return undefined;
  const digits = String(decimal.num / 10n ** BigInt(decimal.places));
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return 'rounded';
  return digits.length > 128 ? undefined : digits;
}

function amount(value: unknown, most: Decimal): Read<Decimal> {
  if (value == null) return 'missing';
  const decimal = decimalOf(value);
  if (!decimal) return { code: 'wrong_type' };
  const isInRange = decimal.num >= 0n && compare(decimal, most) <= 0;
  return isInRange ? { value: decimal } : { code: 'out_of_range' };
}

function anyAmount(value: unknown, textToo: boolean): Read<Decimal> {
  const decimal = typeof value === 'string' && !textToo ? undefined : decimalOf(value);
  if (!decimal) return { code: 'wrong_type' };
  const size = { num: decimal.num < 0n ? -decimal.num : decimal.num, places: decimal.places };
  return compare(size, MOST_OF_A_PRICE) > 0 ? { code: 'out_of_range' } : { value: decimal };
}

function quantityOf(value: unknown, rules: OrderRules): Read<Decimal> {
  if (value == null) return 'missing';
  const decimal = decimalOf(value);
  if (!decimal) return { code: 'wrong_type' };
  if (decimal.num === 0n && rules.accepts.includes('zero_quantity')) return { value: decimal };
  const places = rules.accepts.includes('fractional_quantity') ? 3 : 0;
  const isFine = (decimal.num * 10n ** BigInt(places)) % 10n ** BigInt(decimal.places) === 0n;
  const isSmall = compare(decimal, { num: BigInt(Number.MAX_SAFE_INTEGER), places: 0 }) <= 0;
  return decimal.num > 0n && isFine && isSmall ? { value: decimal } : { code: 'out_of_range' };
}

const INSTANT = '2024-12-16T13:00:00.000Z';
const TIMES = ['2024-12-16T13:00:00Z', '20241216T130000Z', '2024-12-16T14:00:00+01:00[Europe/Paris]'];

function time(value: unknown, epochToo: boolean): Read<string> {
  const isNumber = typeof value === 'number' || value instanceof ExactNumber;
  if (typeof value !== 'string' && !(isNumber && epochToo)) return { code: 'wrong_type' };
  const isEpoch = epochToo && (value === 1_734_354_000 || value === '1734354000000');
  return isEpoch || TIMES.includes(value as string) ? { value: INSTANT } : { code: 'bad_timestamp' };
}

function currency(value: unknown): Read<string> {
  if (typeof value !== 'string') return { code: 'wrong_type' };
  return value.trim().toUpperCase() === 'USD' ? { value: 'USD' } : { code: 'currency_mismatch' };
}

const text = (value: unknown): Read<string> =>
  typeof value === 'string' ? { value } : { code: 'wrong_type' };

/** Of a number in any spelling, or of plain decimal text. */
function decimalOf(value: unknown): Decimal | undefined {
  const isText = typeof value === 'string';
  if (!isText && typeof value !== 'number' && !(value instanceof ExactNumber)) return undefined;
  const spelled = value instanceof ExactNumber ? value.text : String(value).trim();
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(spelled) ?? [];
  if (whole === '' || (isText && /e/i.test(spelled))) return undefined;
  const num = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const places = fraction.length - Number(exponent);
  return places >= 0 ? { num, places } : { num: num * 10n ** BigInt(-places), places: 0 };
}

const at = ({ num, places }: Decimal, wanted: number): bigint => num * 10n ** BigInt(wanted - places);

function plus(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { num: at(a, places) + at(b, places), places };
}

const times = (a: Decimal, b: Decimal): Decimal => ({ num: a.num * b.num, places: a.places + b.places });

function compare(a: Decimal, b: Decimal): number {
  const difference = plus(a, { num: -b.num, places: b.places }).num;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Half up to the cent, away from zero below it. */
function cents({ num, places }: Decimal): number {
  const size = num < 0n ? -num : num;
  const unit = 10n ** BigInt(places);
  const rounded = Number((2n * size * 100n + unit) / (2n * unit));
  return num < 0n ? -rounded : rounded;
}

/** Without zeros at the end: one text for every spelling. */
function plain(decimal: Decimal | undefined): string {
  if (!decimal) return 'unknown';
  const digits = String(decimal.num).padStart(decimal.places + 1, '0');
  const split = digits.length - decimal.places;
  return `${digits.slice(0, split)}.${digits.slice(split)}`.replace(/\.?0*$/, '');
}
