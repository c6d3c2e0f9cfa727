import Big from 'big.js';
import * as z from 'zod';
import { type IdCase, idFault, idText, MAX_ID_LENGTH, normaliseId } from './ids.ts';
import { InvalidOrder, type Issue, type Reason } from './invalidOrder.ts';
import { decimal, formatMinorUnits, MAX_AMOUNT, roundToMinorUnits } from './money.ts';
import { dayOf, parseTimestamp } from './timestamp.ts';

export interface OrderRules {
  /** The only currency whose amounts may be added up. */
  currency: string;
  idCase: IdCase;
  maxItems: number;
}

export interface OrderItem {
  productId: string;
  quantity: number;
  /** Exact decimal text, e.g. `19.9`. */
  pricePerUnit: string;
}

/** A validated, normalised order event. Money is whole minor units (cents). */
export interface Order {
  orderId: string;
  userId: string;
  minorUnits: number;
  items: OrderItem[];
  /** As sent, in UTC; undefined when the event had none. Part of what makes two orders the same. */
  timestamp: string | undefined;
  /** When it counts: its timestamp, else the time SQS received the message. ISO, UTC. */
  placedAt: string;
  /** UTC day of `placedAt`, `YYYY-MM-DD`. */
  day: string;
  currency: string | undefined;
  paymentMethod: string | undefined;
  shippingAddress: string | undefined;
}

/** `receivedAt` (ISO, UTC) dates an order that has no timestamp of its own. */
export type ParseOrder = (value: unknown, receivedAt: string) => Order;

/**
 * Makes the parser for one set of rules. It throws InvalidOrder with every issue found, not the first: an
 * operator who repairs an order should have to do it once.
 */
export function makeParseOrder(rules: OrderRules): ParseOrder {
  const schema = orderSchema(rules);
  return (value, receivedAt) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new InvalidOrder([
        issue('not_an_object', 'an order must be a JSON object', {
          expected: 'object',
          received: kindOf(value),
        }),
      ]);
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidOrder(parsed.error.issues.map(fromZod));
    const fields = parsed.data;
    const placedAt = fields.order_timestamp ?? receivedAt;
    return {
      orderId: fields.order_id,
      userId: fields.user_id,
      minorUnits: roundToMinorUnits(fields.order_value).toNumber(),
      items: fields.items.map((item) => ({
        productId: item.product_id,
        quantity: item.quantity,
        pricePerUnit: item.price_per_unit.toString(),
      })),
      timestamp: fields.order_timestamp,
      placedAt,
      day: dayOf(placedAt),
      currency: fields.currency,
      paymentMethod: fields.payment_method?.toUpperCase(),
      shippingAddress: fields.shipping_address,
    };
  };
}

const ZERO = new Big(0);
const LARGEST = new Big(MAX_AMOUNT);

function orderSchema(rules: OrderRules) {
  const item = z.object({
    product_id: field((value, fail) => parseId(value, 'preserve', fail)),
    quantity: field(parseQuantity),
    price_per_unit: field((value, fail) => parseAmount(value, fail, decimal(value))),
  });
  return z
    .object({
      order_id: field((value, fail) => parseId(value, rules.idCase, fail)),
      user_id: field((value, fail) => parseId(value, rules.idCase, fail)),
      order_value: field((value, fail) =>
        // A string is refused even when it reads as a number: the total is the one figure a sender must type.
        typeof value === 'string'
          ? fail('wrong_type', 'must be a JSON number', 'number')
          : parseAmount(value, fail, decimal(value)),
      ),
      items: field((value, fail) => checkList(value, rules.maxItems, fail)).pipe(z.array(item)),
      order_timestamp: optional(parseOrderTimestamp),
      currency: optional((value, fail) => parseCurrency(value, rules.currency, fail)),
      payment_method: optional((value, fail) => parseText(value, fail)),
      shipping_address: optional((value, fail) => parseText(value, fail, { personal: true })),
    })
    .superRefine(checkSum, { when: () => true });
}

/**
 * Runs even when other fields are wrong (`when`), so that a mismatch is reported together with them; hence the
 * look at what really got parsed before adding up.
 */
function checkSum(value: { order_value: unknown; items: unknown }, context: z.RefinementCtx): void {
  if (!(value?.order_value instanceof Big) || !isParsedItems(value.items)) return;
  const sum = value.items.reduce((total, item) => total.plus(item.price_per_unit.times(item.quantity)), ZERO);
  const statedUnits = roundToMinorUnits(value.order_value);
  const computedUnits = roundToMinorUnits(sum);
  if (statedUnits.eq(computedUnits)) return;
  const stated = formatMinorUnits(statedUnits);
  const computed = formatMinorUnits(computedUnits);
  context.addIssue({
    code: 'custom',
    path: ['order_value'],
    message: `order_value is ${stated} but its items add up to ${computed}`,
    params: { reason: 'order_value_mismatch', expected: computed, received: stated },
  });
}

function isParsedItems(items: unknown): items is { quantity: number; price_per_unit: Big }[] {
  return (
    Array.isArray(items) &&
    items.length > 0 &&
    items.every((item) => item?.price_per_unit instanceof Big && typeof item.quantity === 'number')
  );
}

type Fail = (
  reason: Reason,
  message: string,
  expected?: string,
  options?: { personal?: boolean },
) => typeof z.NEVER;

/** A required field: absent and null mean the same, as they do to most senders' serialisers. */
function field<T>(parse: (value: unknown, fail: Fail) => T) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T => {
      const fail = failInto(context, value);
      if (value === undefined || value === null) return fail('missing_field', 'is required');
      return parse(value, fail);
    });
}

function optional<T>(parse: (value: unknown, fail: Fail) => T) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T | undefined => {
      if (value === undefined || value === null) return undefined;
      return parse(value, failInto(context, value));
    });
}

function failInto(context: z.RefinementCtx, value: unknown): Fail {
  return (reason, message, expected, options) => {
    const received = options?.personal ? kindOf(value) : show(value);
    context.addIssue({ code: 'custom', message, params: { reason, expected, received } });
    return z.NEVER;
  };
}

function parseId(value: unknown, idCase: IdCase, fail: Fail): string {
  const text = idText(value);
  if (text === undefined) {
    return typeof value === 'number' && Number.isInteger(value)
      ? fail('out_of_range', 'is too long for a JSON number: send it as a string', 'string')
      : fail('wrong_type', 'must be a string', 'string');
  }
  const id = normaliseId(text, idCase);
  switch (idFault(id)) {
    case 'blank':
      return fail('missing_field', 'must not be empty', 'non-empty string');
    case 'too_long':
      return fail(
        'too_large',
        `must be at most ${MAX_ID_LENGTH} characters`,
        `≤ ${MAX_ID_LENGTH} characters`,
      );
    case 'forbidden_character':
      return fail('out_of_range', 'must not contain control characters or broken Unicode');
    case undefined:
      return id;
  }
}

function parseAmount(value: unknown, fail: Fail, amount: Big | undefined): Big {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return fail('out_of_range', `must be at most ${MAX_AMOUNT}`, `0 to ${MAX_AMOUNT}`);
  }
  if (!amount) return fail('wrong_type', 'must be a number', 'number');
  if (amount.s < 0 && !amount.eq(ZERO)) return fail('out_of_range', 'must not be negative', '≥ 0');
  if (amount.gt(LARGEST)) return fail('out_of_range', `must be at most ${MAX_AMOUNT}`, `0 to ${MAX_AMOUNT}`);
  // JSON can say -0; a total of -0 would differ from 0 wherever numbers are compared or printed.
  return amount.s < 0 ? amount.abs() : amount;
}

function parseQuantity(value: unknown, fail: Fail): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  if (typeof value === 'number' && !Number.isFinite(value))
    return fail('out_of_range', 'must be a whole number', '> 0');
  const amount = decimal(value);
  if (!amount) return fail('wrong_type', 'must be a whole number', 'whole number');
  const quantity = amount.toNumber();
  if (!Number.isSafeInteger(quantity) || !amount.eq(quantity) || quantity <= 0) {
    return fail('out_of_range', 'must be a whole number greater than 0', '> 0');
  }
  return quantity;
}

function checkList(value: unknown, maxItems: number, fail: Fail): unknown[] {
  if (!Array.isArray(value)) return fail('wrong_type', 'must be an array', 'array');
  if (value.length === 0) return fail('no_items', 'must have at least one item', '≥ 1 item');
  if (value.length > maxItems) {
    return fail(
      'too_large',
      `has ${value.length} items, at most ${maxItems} are taken`,
      `≤ ${maxItems} items`,
    );
  }
  return value;
}

function parseOrderTimestamp(value: unknown, fail: Fail): string {
  if (typeof value !== 'string') return fail('wrong_type', 'must be an ISO 8601 string', 'ISO 8601 string');
  return parseTimestamp(value) ?? fail('bad_timestamp', 'is not an ISO 8601 date and time', 'ISO 8601');
}

function parseCurrency(value: unknown, currency: string, fail: Fail): string {
  if (typeof value !== 'string') return fail('wrong_type', 'must be a string', currency);
  const code = value.trim().toUpperCase();
  return code === currency ? code : fail('currency_mismatch', `must be ${currency}`, currency);
}

function parseText(value: unknown, fail: Fail, options?: { personal?: boolean }): string {
  return typeof value === 'string' ? value.trim() : fail('wrong_type', 'must be a string', 'string', options);
}

function fromZod(found: z.core.$ZodIssue): Issue {
  const path = found.path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  if (found.code !== 'custom') {
    return issue('wrong_type', `${path} must be an object`, { path, expected: 'object' });
  }
  const { reason, expected, received } = found.params as {
    reason: Reason;
    expected?: string;
    received?: string;
  };
  const message = reason === 'order_value_mismatch' ? found.message : `${path} ${found.message}`;
  return issue(reason, message, { path, expected, received });
}

function issue(
  code: Reason,
  message: string,
  more: { path?: string; expected?: string | undefined; received?: string | undefined } = {},
): Issue {
  return {
    code,
    path: more.path ?? '',
    message,
    ...(more.expected === undefined ? {} : { expected: more.expected }),
    ...(more.received === undefined ? {} : { received: more.received }),
  };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/**
 * Short enough for one line of a log, whatever was sent. Containers are named by kind: they may hold anything.
 * JSON leaves DEL and the C1 controls as they are, some of which terminals obey, and the cut may halve an emoji.
 */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object') return kindOf(value);
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return short.replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');
}
