import { DAY_MS } from '../../runtime/units.ts';
import type { Question } from './historyPool.ts';

/** Days, YYYY-MM-DD, UTC; both in it. */
export interface Days {
  startDay: string;
  endDay: string;
}

/* What can be asked, as SQL. Whole months come from what is added up already, days at the edges from the orders. */

export const PRODUCT_ORDERS = ['revenue', 'orders', 'quantity'] as const;

/** Of PostgreSQL's types, bigint and numeric arrive as exact text. */
export interface ProductRow {
  product_id: string;
  orders: string;
  quantity: string;
  minor_units: string;
}

/** Products, the most of `by` first; all of them without a limit. */
export function productsSold(
  range: Days | undefined,
  by: (typeof PRODUCT_ORDERS)[number],
  limit?: number,
): Question<ProductRow> {
  const values: unknown[] = [];
  const parts = overMonths(range, values, {
    months: (where) => `SELECT product_id, orders, quantity, revenue FROM history.products_by_month ${where}`,
    edge: (from, to) =>
      `SELECT product_id, count(DISTINCT order_id), sum(quantity), sum(quantity * price_per_unit)
       FROM history.order_items WHERE day BETWEEN ${from} AND ${to} GROUP BY product_id`,
  });
  const most = limit === undefined ? '' : `LIMIT ${given(values, limit)}`;
  return {
    sql: `SELECT product_id, sum(orders) AS orders, trim_scale(sum(quantity)) AS quantity,
        round(sum(revenue) * 100) AS minor_units
      FROM (${parts}) AS part (product_id, orders, quantity, revenue)
      GROUP BY product_id HAVING sum(orders) > 0
      ORDER BY sum(${COLUMNS[by]}) DESC, product_id ${most}`,
    values,
  };
}

/** Names of columns, never what somebody sent. */
const COLUMNS = { revenue: 'revenue', orders: 'orders', quantity: 'quantity' } as const;

export interface SumRow {
  orders: string;
  minor_units: string;
}

export function byPaymentMethod(
  range: Days | undefined,
): Question<SumRow & { payment_method: string | null }> {
  const values: unknown[] = [];
  return {
    sql: `SELECT nullif(payment_method, '') AS payment_method, sum(orders) AS orders, sum(minor_units) AS minor_units
      FROM history.orders_by_hour ${ofDays('day', range, values)}
      GROUP BY payment_method HAVING sum(orders) > 0
      ORDER BY sum(minor_units) DESC, payment_method LIMIT 1000`,
    values,
  };
}

/** `weekday` 1 is Monday. */
export function byHour(range: Days | undefined): Question<SumRow & { weekday: number; hour: number }> {
  const values: unknown[] = [];
  return {
    sql: `SELECT extract(isodow FROM day)::integer AS weekday, hour::integer AS hour, sum(orders) AS orders,
        sum(minor_units) AS minor_units
      FROM history.orders_by_hour ${ofDays('day', range, values)} GROUP BY 1, 2 HAVING sum(orders) > 0`,
    values,
  };
}

/** What orders are worth: how many of each value, which is rounded down to three digits. */
export function byValue(range: Days | undefined): Question<SumRow & { value: string }> {
  const values: unknown[] = [];
  const parts = overMonths(range, values, {
    months: (where) => `SELECT value, orders, minor_units FROM history.orders_by_value ${where}`,
    edge: (from, to) =>
      `SELECT history.three_digits(minor_units), count(*), sum(minor_units) FROM history.orders
       WHERE ${placedOn(from, to)} GROUP BY 1`,
  });
  return {
    sql: `SELECT value, sum(orders) AS orders, sum(minor_units) AS minor_units
      FROM (${parts}) AS part (value, orders, minor_units) GROUP BY value HAVING sum(orders) > 0 ORDER BY value`,
    values,
  };
}

/** How many users have how many orders: ever, or within a range. */
export function usersByOrders(range: Days | undefined): Question<SumRow & { users: string }> {
  if (range === undefined)
    return {
      sql: `SELECT orders, sum(users) AS users, sum(minor_units) AS minor_units FROM history.users_by_orders
        GROUP BY orders HAVING sum(users) > 0 ORDER BY orders`,
      values: [],
    };
  return {
    sql: `SELECT orders, count(*) AS users, sum(minor_units) AS minor_units FROM (
        SELECT count(*) AS orders, sum(minor_units) AS minor_units FROM history.orders
        WHERE ${placedOn('$1', '$2')} GROUP BY user_id
      ) AS each GROUP BY orders ORDER BY orders`,
    values: [range.startDay, range.endDay],
  };
}

export interface CohortRow extends SumRow {
  /** `2026-01` */
  first_month: string;
  months_since: number;
  users: string;
}

/** Users whose first order lies in a month of the range, and what they ordered in that month and in those after it. */
export function cohorts(range: Days | undefined, months: number): Question<CohortRow> {
  const values: unknown[] = [months];
  const since =
    '(extract(year FROM month) - extract(year FROM first_month)) * 12 + extract(month FROM month) - extract(month FROM first_month)';
  return {
    sql: `SELECT to_char(first_month, 'YYYY-MM') AS first_month, (${since})::integer AS months_since, sum(users) AS users,
        sum(orders) AS orders, sum(minor_units) AS minor_units
      FROM history.cohorts
      ${ofMonths('first_month', range, values)}
      GROUP BY first_month, month HAVING sum(users) > 0 AND ${since} < $1 ORDER BY cohorts.first_month, month`,
    values,
  };
}

export interface OrderFilter {
  userId?: string | undefined;
  productId?: string | undefined;
  paymentMethod?: string | undefined;
  leastMinorUnits?: number | undefined;
  mostMinorUnits?: number | undefined;
  range?: Days | undefined;
}

/** Where a list of orders goes on: behind this one. */
export interface OrderPosition {
  /** ISO with microseconds, UTC. */
  placedAt: string;
  id: string;
}

export interface OrderRow {
  id: string;
  /** As in a position. */
  placed: string;
  user_id: string;
  order_id: string;
  minor_units: string;
  currency: string;
  payment_method: string | null;
  placed_at: Date;
  received_at: Date;
  counted_at: Date;
}

/** Quantity and price as exact text. */
export type ItemRow = [productId: string, quantity: string, pricePerUnit: string];

const ORDER = `o.id, to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS placed, o.user_id, o.order_id,
  o.minor_units, o.currency, o.payment_method, o.placed_at, o.received_at, o.counted_at`;
const ITEM = 'json_build_array(product_id, trim_scale(quantity)::text, trim_scale(price_per_unit)::text)';

/** Lines of an order that a list shows. */
export const ITEMS_IN_LIST = 100;

/** The newest first, with the first lines of each. */
export function ordersPage(
  filter: OrderFilter,
  limit: number,
  after: OrderPosition | undefined,
): Question<OrderRow & { items: ItemRow[]; item_count: number }> {
  const values: unknown[] = [];
  const conditions = conditionsOf(filter, values);
  if (after)
    conditions.push(
      `(o.placed_at, o.id) < (${given(values, after.placedAt)}::timestamptz, ${given(values, after.id)}::bigint)`,
    );
  return {
    sql: `SELECT o.*, lines.items, lines.item_count FROM (
        SELECT ${ORDER} FROM history.orders o ${where(conditions)}
        ORDER BY o.placed_at DESC, o.id DESC LIMIT ${given(values, limit)}
      ) AS o CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(${ITEM} ORDER BY line) FILTER (WHERE line <= ${ITEMS_IN_LIST}), '[]') AS items,
          count(*)::integer AS item_count
        FROM history.order_items i WHERE i.order_id = o.id
      ) AS lines ORDER BY o.placed_at DESC, o.id DESC`,
    values,
  };
}

/** All of them, for a file. */
export function allOrders(filter: OrderFilter): Question<OrderRow> {
  const values: unknown[] = [];
  const conditions = where(conditionsOf(filter, values));
  return {
    sql: `SELECT ${ORDER} FROM history.orders o ${conditions} ORDER BY o.placed_at DESC, o.id DESC`,
    values,
  };
}

export interface LineRow extends OrderRow {
  line: number;
  product_id: string;
  quantity: string;
  price_per_unit: string;
}

/** All lines of them, for a file. */
export function allLines(filter: OrderFilter): Question<LineRow> {
  const values: unknown[] = [];
  const conditions = where(conditionsOf(filter, values));
  return {
    sql: `SELECT ${ORDER}, i.line, i.product_id, trim_scale(i.quantity) AS quantity, trim_scale(i.price_per_unit) AS price_per_unit
      FROM history.orders o JOIN history.order_items i ON i.order_id = o.id ${conditions}
      ORDER BY o.placed_at DESC, o.id DESC, i.line`,
    values,
  };
}

export interface OneOrderRow extends OrderRow {
  message_id: string;
  /** Whether Redis has it in its totals. */
  is_counted: boolean;
  items: ItemRow[];
  again: {
    counted_at: string;
    received_at: string;
    minor_units: number;
    message_id: string;
    is_same: boolean;
  }[];
}

/** One order, all of its lines, and each further time that it counted. */
export const oneOrder = (userId: string, orderId: string): Question<OneOrderRow> => ({
  sql: `SELECT ${ORDER}, o.message_id, o.seq IS NOT NULL AS is_counted,
      (SELECT coalesce(json_agg(${ITEM} ORDER BY line), '[]') FROM history.order_items i WHERE i.order_id = o.id) AS items,
      (SELECT coalesce(json_agg(json_build_object(
          'counted_at', a.counted_at, 'received_at', a.received_at, 'minor_units', a.minor_units,
          'message_id', a.message_id, 'is_same', a.digest = o.digest) ORDER BY a.counted_at, a.seq), '[]')
        FROM history.counted_again a WHERE a.user_id = o.user_id AND a.order_id = o.order_id) AS again
    FROM history.orders o WHERE o.user_id = $1 AND o.order_id = $2`,
  values: [userId, orderId],
});

function conditionsOf(filter: OrderFilter, values: unknown[]): string[] {
  const { userId, productId, paymentMethod, leastMinorUnits, mostMinorUnits, range } = filter;
  const conditions: string[] = [];
  if (userId !== undefined) conditions.push(`o.user_id = ${given(values, userId)}`);
  if (productId !== undefined)
    conditions.push(
      `EXISTS (SELECT FROM history.order_items p WHERE p.order_id = o.id AND p.product_id = ${given(values, productId)})`,
    );
  if (paymentMethod !== undefined) conditions.push(`o.payment_method = ${given(values, paymentMethod)}`);
  if (leastMinorUnits !== undefined) conditions.push(`o.minor_units >= ${given(values, leastMinorUnits)}`);
  if (mostMinorUnits !== undefined) conditions.push(`o.minor_units <= ${given(values, mostMinorUnits)}`);
  if (range)
    conditions.push(placedOn(given(values, range.startDay), given(values, range.endDay), 'o.placed_at'));
  return conditions;
}

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;

/** Adds a value, and names its place. */
const given = (values: unknown[], value: unknown): string => `$${values.push(value)}`;

/** UTC, whatever the session's zone is. */
const placedOn = (from: string, to: string, column = 'placed_at'): string =>
  `${column} >= ${from}::date::timestamp AT TIME ZONE 'UTC' AND ${column} < (${to}::date + 1)::timestamp AT TIME ZONE 'UTC'`;

const ofDays = (column: string, range: Days | undefined, values: unknown[]): string =>
  range === undefined
    ? ''
    : `WHERE ${column} BETWEEN ${given(values, range.startDay)} AND ${given(values, range.endDay)}`;

const ofMonths = (column: string, range: Days | undefined, values: unknown[]): string =>
  range === undefined
    ? ''
    : ofDays(column, { startDay: `${range.startDay.slice(0, 7)}-01`, endDay: range.endDay }, values);

/** What makes up a range: its whole months, and the days before and after them. */
function overMonths(
  range: Days | undefined,
  values: unknown[],
  { months, edge }: { months(where: string): string; edge(from: string, to: string): string },
): string {
  if (range === undefined) return months('');
  const { whole, edges } = wholeMonths(range);
  return [
    ...(whole ? [months(ofDays('month', whole, values))] : []),
    ...edges.map(({ startDay, endDay }) => edge(given(values, startDay), given(values, endDay))),
  ].join(' UNION ALL ');
}

/** First days of the first and of the last whole month, and what lies outside of them. */
export function wholeMonths({ startDay, endDay }: Days): { whole: Days | undefined; edges: Days[] } {
  const startsWhole = startDay.endsWith('-01');
  const endsWhole = shifted(endDay, 1).endsWith('-01');
  const first = monthNumber(startDay) + (startsWhole ? 0 : 1);
  const last = monthNumber(endDay) - (endsWhole ? 0 : 1);
  if (last < first) return { whole: undefined, edges: [{ startDay, endDay }] };
  return {
    whole: { startDay: firstDayOf(first), endDay: firstDayOf(last) },
    edges: [
      ...(startsWhole ? [] : [{ startDay, endDay: shifted(firstDayOf(first), -1) }]),
      ...(endsWhole ? [] : [{ startDay: firstDayOf(last + 1), endDay }]),
    ],
  };
}

/** Past the year 9999 it only ends as it should. */
const shifted = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().split('T')[0] as string;

const monthNumber = (day: string): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;

const firstDayOf = (month: number): string =>
  `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}-01`;
