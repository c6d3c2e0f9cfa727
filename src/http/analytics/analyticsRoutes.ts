import Big from 'big.js';
import { type ErrorRequestHandler, Router } from 'express';
import { type HistoryReads, HistoryUnavailable, type Question } from '../../history/read/historyPool.ts';
import * as questions from '../../history/read/questions.ts';
import type { IdCase } from '../../orders/ids.ts';
import {
  averageOf,
  formatMinorUnits,
  roundToMinorUnits,
  TOTAL_ROOM,
  toJsonAmount,
} from '../../orders/money.ts';
import { type CsvRow, csvParts } from '../../runtime/csv.ts';
import { TotalOutOfRange } from '../../stats/read/errors.ts';
import {
  analyticsOperations,
  LINE_COLUMNS,
  ORDER_COLUMNS,
  PRODUCT_COLUMNS,
} from '../description/analyticsOperations.ts';
import type { SentFile } from '../description/operation.ts';
import { cursorOf, positionIn } from '../stats/cursor.ts';
import { fileRoute, operationRoutes } from '../stats/operationRoutes.ts';
import { rangeOf } from '../stats/routes.ts';
import { HttpProblem } from '../transport/problem.ts';
import { CSV_TYPE } from '../transport/send.ts';
import { customerSteps, percentilesOf, valueSteps } from './distributions.ts';
import { PARQUET_TYPE, parquetParts } from './parquet.ts';

type Left = () => AbortSignal;

/** What only the orders themselves can tell. `reads` is undefined while no history is kept. */
export function analyticsRoutes(reads: HistoryReads | undefined, idCase: IdCase): Router {
  const router = Router();
  const operations = analyticsOperations(idCase);
  const route = operationRoutes(router);
  const ask = async <Row>(question: Question<Row>, left: Left): Promise<Row[]> =>
    kept(reads).ask(question, left());

  route(operations.productsSold, async ({ by, limit, ...query }, left) => {
    const rows = await ask(questions.productsSold(rangeOf(query), by, limit), left);
    return rows.map(productOf);
  });

  fileRoute(router, operations.productsFile, async ({ by, ...query }, left) =>
    fileOf(
      'products',
      query,
      PRODUCT_COLUMNS,
      kept(reads).stream(questions.productsSold(rangeOf(query), by), left()),
      productOf,
    ),
  );

  route(operations.paymentMethods, async (query, left) => {
    const rows = await ask(questions.byPaymentMethod(rangeOf(query)), left);
    return rows.map(({ payment_method, ...sums }) => ({ payment_method, ...sumsOf(sums) }));
  });

  route(operations.weekHours, async (query, left) => {
    const rows = await ask(questions.byHour(rangeOf(query)), left);
    const found = new Map(rows.map((row) => [`${row.weekday} ${row.hour}`, row]));
    return WEEK.map(({ weekday, hour }) => ({
      weekday,
      hour,
      ...sumsOf(found.get(`${weekday} ${hour}`) ?? NOTHING),
    }));
  });

  route(operations.orderValues, async (query, left) => {
    const rows = await ask(questions.byValue(rangeOf(query)), left);
    const values = rows.map((row) => ({
      value: Number(row.value),
      orders: Number(row.orders),
      minorUnits: Number(row.minor_units),
    }));
    const orders = values.reduce((sum, row) => sum + row.orders, 0);
    const minorUnits = values.reduce((sum, row) => sum + row.minorUnits, 0);
    return {
      orders,
      revenue: amountOf(minorUnits),
      average_order_value: toJsonAmount(averageOf({ orders, minorUnits })),
      percentiles: percentilesOf(values, orders).map(({ percent, value }) => ({
        percent,
        value: toJsonAmount(value),
      })),
      histogram: valueSteps(values).map((step) => ({
        from: toJsonAmount(step.from),
        to: toJsonAmount(step.to),
        orders: step.orders,
        revenue: amountOf(step.minorUnits),
      })),
    };
  });

  route(operations.repeatCustomers, async (query, left) => {
    const rows = await ask(questions.usersByOrders(rangeOf(query)), left);
    const steps = customerSteps(
      rows.map((row) => ({
        orders: Number(row.orders),
        users: Number(row.users),
        minorUnits: Number(row.minor_units),
      })),
    );
    const sum = (of: (step: (typeof steps)[number]) => number, from = 1) =>
      steps.filter((step) => step.from >= from).reduce((all, step) => all + of(step), 0);
    const [users, repeating] = [sum((step) => step.users), sum((step) => step.users, 2)];
    return {
      users,
      repeat_users: repeating,
      repeat_share: users === 0 ? null : Math.round((repeating / users) * 1e4) / 1e4,
      revenue: amountOf(sum((step) => step.minorUnits)),
      repeat_revenue: amountOf(sum((step) => step.minorUnits, 2)),
      steps: steps.map((step) => ({
        from_orders: step.from,
        to_orders: step.to,
        users: step.users,
        revenue: amountOf(step.minorUnits),
      })),
    };
  });

  route(operations.cohorts, async ({ months, ...query }, left) => {
    const rows = await ask(questions.cohorts(rangeOf(query), months), left);
    return rows
      .filter(({ months_since }) => months_since === 0)
      .map(({ first_month, users }) => ({
        first_month,
        users: Number(users),
        months: rows
          .filter((cell) => cell.first_month === first_month)
          .map((cell) => ({
            months_since: cell.months_since,
            users: Number(cell.users),
            ...sumsOf(cell),
          })),
      }));
  });

  const page = async (
    filter: questions.OrderFilter,
    limit: number,
    cursor: string | undefined,
    left: Left,
  ) => {
    const list = `orders ${JSON.stringify(filter)}`;
    const after = cursor === undefined ? undefined : positionOf(positionIn(list, cursor));
    // One more than asked for tells whether there is another page.
    const rows = await ask(questions.ordersPage(filter, limit + 1, after), left);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      orders: shown.map((row) => ({
        ...orderOf(row),
        item_count: row.item_count,
        items: row.items.map(itemOf),
      })),
      next_cursor: last && rows.length > limit ? cursorOf(list, `${last.placed} ${last.id}`) : null,
    };
  };

  route(operations.orders, async ({ limit, cursor, format: _, ...filter }, left) =>
    page(filterOf(filter), limit, cursor, left),
  );
  route(operations.userOrders, async ({ user_id, limit, cursor }, left) =>
    page({ userId: user_id }, limit, cursor, left),
  );

  fileRoute(router, operations.ordersFile, async ({ rows, ...query }, left) => {
    const filter = filterOf(query);
    if (rows === 'orders') {
      const orders = kept(reads).stream(questions.allOrders(filter), left());
      return fileOf('orders', query, ORDER_COLUMNS, orders, orderOf);
    }
    const lines = kept(reads).stream(questions.allLines(filter), left());
    return fileOf(
      'order-items',
      query,
      LINE_COLUMNS,
      lines,
      ({ line, product_id, quantity, price_per_unit, ...order }) => ({
        ...orderOf(order),
        line,
        product_id,
        quantity,
        price_per_unit,
      }),
    );
  });

  route(operations.order, async ({ user_id, order_id }, left) => {
    const [row] = await ask(questions.oneOrder(user_id, order_id), left);
    if (!row)
      throw new HttpProblem(404, {
        kind: 'unknown-order',
        detail: `The history has no order ${order_id} of user ${user_id}`,
      });
    return {
      ...orderOf(row),
      message_id: row.message_id,
      in_totals: row.is_counted,
      items: row.items.map(itemOf),
      counted_again: row.again.map((again) => ({
        counted_at: new Date(again.counted_at).toISOString(),
        received_at: new Date(again.received_at).toISOString(),
        order_value: toJsonAmount(again.minor_units),
        message_id: again.message_id,
        same_content: again.is_same,
      })),
    };
  });

  router.use(historyProblems);
  return router;
}

function kept(reads: HistoryReads | undefined): HistoryReads {
  if (reads) return reads;
  throw new HttpProblem(404, {
    kind: 'history-off',
    detail:
      'No history is kept here: set DATABASE_URL, or HISTORY=embedded, and orders are kept from then on',
  });
}

const historyProblems: ErrorRequestHandler = (error, _request, _response, next) => {
  if (!(error instanceof HistoryUnavailable)) return next(error);
  const kind = error.kind === 'away' ? 'history-unavailable' : 'overloaded';
  next(new HttpProblem(503, { kind, detail: error.message }));
};

const WEEK = Array.from({ length: 7 * 24 }, (_, at) => ({ weekday: 1 + Math.floor(at / 24), hour: at % 24 }));
const NOTHING: questions.SumRow = { orders: '0', minor_units: '0' };

/** Throws TotalOutOfRange where a double would not carry the cent. */
function amountOf(minorUnits: string | number): number {
  const units = Number(minorUnits);
  if (units > TOTAL_ROOM) throw new TotalOutOfRange(formatMinorUnits(units), formatMinorUnits(TOTAL_ROOM));
  return toJsonAmount(units);
}

const sumsOf = ({ orders, minor_units }: questions.SumRow) => ({
  orders: Number(orders),
  revenue: amountOf(minor_units),
});

const productOf = ({ product_id, orders, quantity, minor_units }: questions.ProductRow) => ({
  product_id,
  orders: Number(orders),
  quantity,
  revenue: amountOf(minor_units),
});

const orderOf = (row: questions.OrderRow) => ({
  user_id: row.user_id,
  order_id: row.order_id,
  order_value: toJsonAmount(Number(row.minor_units)),
  currency: row.currency,
  payment_method: row.payment_method,
  placed_at: row.placed_at.toISOString(),
  received_at: row.received_at.toISOString(),
  counted_at: row.counted_at.toISOString(),
});

const itemOf = ([product_id, quantity, price_per_unit]: questions.ItemRow) => ({
  product_id,
  quantity,
  price_per_unit,
});

interface FilterQuery {
  user_id?: string | undefined;
  product_id?: string | undefined;
  payment_method?: string | undefined;
  min_value?: string | undefined;
  max_value?: string | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
}

const filterOf = (query: FilterQuery): questions.OrderFilter => ({
  userId: query.user_id,
  productId: query.product_id,
  paymentMethod: query.payment_method,
  leastMinorUnits: unitsOf(query.min_value),
  mostMinorUnits: unitsOf(query.max_value),
  range: rangeOf(query),
});

const unitsOf = (amount: string | undefined): number | undefined =>
  amount === undefined ? undefined : Number(roundToMinorUnits(new Big(amount)));

/** What a cursor holds was written here: its digest says so. */
function positionOf(position: string): questions.OrderPosition {
  const [placedAt = '', id = ''] = position.split(' ');
  return { placedAt, id };
}

interface AskedFile {
  format: 'csv' | 'parquet';
  start_date?: string | undefined;
  end_date?: string | undefined;
}

function fileOf<Row>(
  what: string,
  { format, start_date, end_date }: AskedFile,
  columns: readonly string[],
  portions: AsyncGenerator<Row[], void, undefined>,
  rowOf: (row: Row) => CsvRow,
): SentFile {
  const name = `${[what, start_date, end_date].filter(Boolean).join('-')}.${format}`;
  return format === 'csv'
    ? { type: CSV_TYPE, name, parts: csvParts(columns, portions, rowOf) }
    : { type: PARQUET_TYPE, name, parts: parquetParts(columns, portions, rowOf) };
}
