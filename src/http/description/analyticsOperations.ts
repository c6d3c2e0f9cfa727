import * as z from 'zod';
import { ITEMS_IN_LIST, PRODUCT_ORDERS } from '../../history/read/questions.ts';
import type { IdCase } from '../../orders/ids.ts';
import * as answers from './analyticsAnswers.ts';
import { fileAnswer, NO_FILE, operation } from './operation.ts';
import {
  amount,
  csvFormat,
  cursor,
  idOf,
  limit,
  months,
  noParameters,
  oneOf,
  paymentMethod,
  userId,
  withOptionalRange,
} from './parameters.ts';

const base = {
  tag: 'History' as const,
  pathParameters: z.object({}),
};
const problems = ['history-off', 'history-unavailable'] as const;
const FILES = ['text/csv', 'application/vnd.apache.parquet'];
const PARQUET =
  'In Parquet, money is DECIMAL(18, 2), times are TIMESTAMP_MILLIS, and quantities and prices the exact text.';

const EACH_ONCE =
  'From the history, where every order is once: one that Redis counted again, or has lost since, counts once here. An order ' +
  'is there about a second after it counted.';
const RANGE =
  'Over all orders, or with start_date and end_date those of a range of days, by the time in the order (UTC).';
const MONTHS = 'Whole months are added up already; the days at the edges of a range are added up when asked.';

const by = oneOf(PRODUCT_ORDERS)
  .default('revenue')
  .meta({ description: 'Which of them comes first.', examples: ['revenue'] });

const fileFormat = oneOf(['csv', 'parquet'])
  .default('csv')
  .meta({ description: 'The form of the file.', examples: ['csv'] });

const AT = '2026-05-01T10:00:00.000Z';
const ORDER = {
  user_id: 'U123',
  order_id: 'ORD1237',
  order_value: 39.98,
  currency: 'USD',
  payment_method: 'CREDITCARD',
  placed_at: AT,
  received_at: AT,
  counted_at: AT,
};
const ITEM = { product_id: 'P1', quantity: '2', price_per_unit: '19.99' };

export const ORDER_COLUMNS = Object.keys(ORDER);
export const LINE_COLUMNS = [...ORDER_COLUMNS, 'line', ...Object.keys(ITEM)];
export const PRODUCT_COLUMNS = Object.keys(answers.soldProduct.shape);
const COHORT_COLUMNS = ['first_month', 'months_since', 'users', 'orders', 'revenue'];

/** What is read from the history. `idCase` decides how ids are spelled. */
export function analyticsOperations(idCase: IdCase) {
  const user = userId(idCase);
  const order = idOf('order', idCase, 'ORD1237');
  const filter = {
    user_id: user.optional(),
    product_id: idOf('product', 'preserve', 'P1').optional(),
    payment_method: paymentMethod.optional(),
    min_value: amount('Orders worth that or more.').optional(),
    max_value: amount('Orders worth that or less.').optional(),
  };
  const page = { limit: limit(50, 200), cursor: cursor.optional(), format: csvFormat };
  const PAGES = `The newest first, by the time in the order, page by page: hand \`next_cursor\` back as \`cursor\`, or follow the \`Link\` header. What comes in while you page is never listed twice, and nothing that was there is left out. Of an order with more than ${ITEMS_IN_LIST} lines the first are told.`;
  const pages = {
    answer: answers.orderPage,
    example: { orders: [{ ...ORDER, item_count: 1, items: [ITEM] }], next_cursor: null },
    csv: {
      columns: [...ORDER_COLUMNS, 'item_count'],
      rows: ({ orders }: z.output<typeof answers.orderPage>) => orders.map(({ items: _, ...row }) => row),
    },
    next: ({ next_cursor }: z.output<typeof answers.orderPage>) => next_cursor,
    problems,
  };
  return {
    productsSold: operation({
      ...base,
      path: '/analytics/products',
      summary: 'Products sold: orders, quantity, revenue',
      description: `${RANGE} ${MONTHS} ${EACH_ONCE}`,
      query: withOptionalRange({ by, limit: limit(10), format: csvFormat }),
      answer: answers.soldProducts,
      example: [{ product_id: 'P1', orders: 2, quantity: '3', revenue: 59.97 }],
      csv: { columns: PRODUCT_COLUMNS, rows: (products) => products },
      problems,
    }),
    productsFile: operation({
      ...base,
      path: '/analytics/products/export',
      summary: 'All products sold, as a file',
      description: `CSV or Parquet, sent as it is read. ${RANGE} ${PARQUET}`,
      query: withOptionalRange({ by, format: fileFormat }),
      answer: fileAnswer,
      example: NO_FILE,
      files: FILES,
      momentary: true,
      problems,
    }),
    paymentMethods: operation({
      ...base,
      path: '/analytics/payment-methods',
      summary: 'Orders and revenue by payment method',
      description: `${RANGE} The 1,000 of most revenue. ${EACH_ONCE}`,
      query: withOptionalRange({ format: csvFormat }),
      answer: answers.paymentShares,
      example: [{ payment_method: 'CREDITCARD', orders: 3, revenue: 299.99 }],
      csv: { columns: Object.keys(answers.paymentShare.shape), rows: (shares) => shares },
      problems,
    }),
    weekHours: operation({
      ...base,
      path: '/analytics/hours',
      summary: 'Orders and revenue by weekday and hour',
      description: `${RANGE} ${EACH_ONCE}`,
      query: withOptionalRange({ format: csvFormat }),
      answer: answers.weekHours,
      example: [{ weekday: 1, hour: 0, orders: 3, revenue: 299.99 }],
      csv: { columns: Object.keys(answers.weekHour.shape), rows: (hours) => hours },
      problems,
    }),
    orderValues: operation({
      ...base,
      path: '/analytics/order-values',
      summary: 'What orders are worth: average, percentiles, histogram',
      description: `${RANGE} ${MONTHS} Values are kept to three digits for that: below 10.00 percentiles are exact, above at most 1 % low. Sums, the average and the histogram are exact. ${EACH_ONCE}`,
      query: withOptionalRange({ format: csvFormat }),
      answer: answers.valueSpread,
      example: {
        orders: 3,
        revenue: 299.99,
        average_order_value: 100,
        percentiles: [{ percent: 50, value: 99.9 }],
        histogram: [{ from: 50, to: 100, orders: 3, revenue: 299.99 }],
      },
      csv: { columns: Object.keys(answers.valueStep.shape), rows: ({ histogram }) => histogram },
      problems,
    }),
    repeatCustomers: operation({
      ...base,
      path: '/analytics/customers',
      summary: 'Users by how many orders they have: who came back',
      description: `${RANGE} Of a range every user in it is added up when asked, so a long one may take too long. ${EACH_ONCE}`,
      query: withOptionalRange({ format: csvFormat }),
      answer: answers.repeatCustomers,
      example: {
        users: 3,
        repeat_users: 1,
        repeat_share: 0.3333,
        revenue: 299.99,
        repeat_revenue: 199.99,
        steps: [
          { from_orders: 1, to_orders: 1, users: 2, revenue: 100 },
          { from_orders: 2, to_orders: 2, users: 1, revenue: 199.99 },
        ],
      },
      csv: { columns: Object.keys(answers.customerStep.shape), rows: ({ steps }) => steps },
      problems,
    }),
    cohorts: operation({
      ...base,
      path: '/analytics/cohorts',
      summary: 'Cohorts: users by the month of their first order, and what they ordered since',
      description: `All cohorts, or with start_date and end_date those whose month the range touches. The first order is that of the earliest time, whenever it came. ${EACH_ONCE}`,
      query: withOptionalRange({ months, format: csvFormat }),
      answer: answers.cohortGrid,
      example: [
        {
          first_month: '2026-01',
          users: 3,
          months: [{ months_since: 0, users: 3, orders: 4, revenue: 299.99 }],
        },
      ],
      csv: {
        columns: COHORT_COLUMNS,
        rows: (cohorts) =>
          cohorts.flatMap(({ first_month, months: of }) => of.map((each) => ({ first_month, ...each }))),
      },
      problems,
    }),
    orders: operation({
      ...base,
      path: '/orders',
      summary: 'Orders with their items, by user, product, payment method, value and time',
      description: `${PAGES} What few orders have without being looked up by user, product or time may take too long to find.`,
      query: withOptionalRange({ ...filter, ...page }),
      ...pages,
    }),
    ordersFile: operation({
      ...base,
      path: '/orders/export',
      summary: 'All orders that match, as a file',
      description: `CSV or Parquet, sent as it is read, however long it is; the newest first. With \`rows=items\` a line for each line of an order, which repeats what the order says. A file that ends before its end breaks the connection. ${PARQUET}`,
      query: withOptionalRange({
        ...filter,
        format: fileFormat,
        rows: oneOf(['orders', 'items'])
          .default('orders')
          .meta({ description: 'What a line is of.', examples: ['items'] }),
      }),
      answer: fileAnswer,
      example: NO_FILE,
      files: FILES,
      momentary: true,
      problems,
    }),
    userOrders: operation({
      ...base,
      path: '/users/{user_id}/orders',
      summary: 'The orders of one user with their items',
      description: PAGES,
      pathParameters: z.object({ user_id: user }),
      query: z.strictObject(page),
      ...pages,
    }),
    order: operation({
      ...base,
      path: '/orders/{user_id}/{order_id}',
      summary: 'One order with its items, and how it was counted',
      description:
        'Two users may have orders of one id. Shipping addresses are told to operators alone, never here.',
      pathParameters: z.object({ user_id: user, order_id: order }),
      query: noParameters,
      answer: answers.historyOrder,
      example: {
        ...ORDER,
        message_id: '0f4c1f6e-8d0a-4c39-9d9f-0e7a1a2b3c4d',
        in_totals: true,
        items: [ITEM],
        counted_again: [],
      },
      problems: [...problems, 'unknown-order'],
    }),
  };
}
