import * as z from 'zod';

/** What is answered from the history. */

const orders = z
  .int()
  .min(0)
  .meta({ description: 'Orders, each once.', examples: [3] });
const money = z
  .number()
  .min(0)
  .meta({ description: 'Money with two decimals at most.', examples: [299.99] });
const users = z
  .int()
  .min(0)
  .meta({ description: 'Users.', examples: [3] });
const exact = (description: string, example: string) =>
  z.string().meta({ description: `${description} Exact decimal text.`, examples: [example] });
const time = (description: string) => z.iso.datetime().meta({ description });
const month = z.string().meta({ description: 'A month, UTC.', examples: ['2026-01'] });
const paymentMethod = z
  .string()
  .nullable()
  .meta({ description: 'As it is counted; null for none.', examples: ['CREDITCARD'] });

export const soldProduct = z.object({
  product_id: z.string(),
  orders: orders.meta({ description: 'Orders that have it.' }),
  quantity: exact('How much of it.', '12'),
  revenue: money.meta({ description: 'Quantity by price of its lines, rounded once, half up.' }),
});
export const soldProducts = z.array(soldProduct).meta({ description: 'Products, the most first.' });

export const paymentShare = z.object({ payment_method: paymentMethod, orders, revenue: money });
export const paymentShares = z
  .array(paymentShare)
  .meta({ description: 'Payment methods, the largest revenue first.' });

export const weekHour = z.object({
  weekday: z.int().min(1).max(7).meta({ description: '1 is Monday, UTC.' }),
  hour: z.int().min(0).max(23).meta({ description: 'UTC.' }),
  orders,
  revenue: money,
});
export const weekHours = z.array(weekHour).meta({
  description: 'All 168 hours of a week by the time in the order, zeros where nothing was ordered.',
});

const share = z.number().min(0).max(1).nullable();
export const customerStep = z.object({
  from_orders: z.int().min(1).meta({ description: 'Those with as many orders at least.' }),
  to_orders: z.int().nullable().meta({ description: 'And as many at most; null for any number.' }),
  users,
  revenue: money,
});
export const repeatCustomers = z
  .object({
    users,
    repeat_users: users.meta({ description: 'Users with two orders or more.' }),
    repeat_share: share.meta({ description: 'Their share, four decimals; null without users.' }),
    revenue: money,
    repeat_revenue: money,
    steps: z.array(customerStep),
  })
  .meta({ description: 'Who came back.' });

const cohortMonth = z.object({
  months_since: z.int().min(0).meta({ description: 'Months since the first; 0 is the first itself.' }),
  users: users.meta({ description: 'Of the cohort, who ordered in that month.' }),
  orders,
  revenue: money,
});
export const cohort = z.object({
  first_month: month,
  users: users.meta({ description: 'Whose first order lies in that month.' }),
  months: z.array(cohortMonth).meta({ description: 'Those months in which somebody of it ordered.' }),
});
export const cohortGrid = z
  .array(cohort)
  .meta({ description: 'Users by the month of their first order, the earliest first.' });

export const valueStep = z.object({
  from: money.meta({ description: 'The least value of this step.' }),
  to: money.meta({ description: 'The first value beyond it.' }),
  orders,
  revenue: money,
});
export const valueSpread = z
  .object({
    orders,
    revenue: money,
    average_order_value: money.meta({ description: 'Revenue by orders, rounded half up to the cent.' }),
    percentiles: z
      .array(
        z.object({
          percent: z.int().min(1).max(99),
          value: money.meta({
            description:
              'So many percent of the orders are worth that or less, rounded down to three digits.',
          }),
        }),
      )
      .meta({ description: 'Empty without orders.' }),
    histogram: z
      .array(valueStep)
      .meta({ description: 'Steps of 1, 2 and 5, from the first with orders to the last.' }),
  })
  .meta({ description: 'What orders are worth.' });

const item = z.object({
  product_id: z.string(),
  quantity: exact('How many.', '2'),
  price_per_unit: exact('What each costs.', '19.99'),
});
const order = z.object({
  user_id: z.string(),
  order_id: z.string(),
  order_value: money,
  currency: z.string(),
  payment_method: paymentMethod,
  placed_at: time('By the order itself; where it says none, when it was received.'),
  received_at: time('When SQS received it.'),
  counted_at: time('By the clock of Redis.'),
});
export const listedOrder = z.object({
  ...order.shape,
  item_count: z.int().min(0),
  items: z.array(item).meta({ description: 'Its first 100 lines.' }),
});
export const orderPage = z
  .object({
    orders: z.array(listedOrder),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'The `cursor` of the next page; null on the last one.' }),
  })
  .meta({ description: 'Orders, the newest first.' });

export const historyOrder = z
  .object({
    ...order.shape,
    message_id: z.string().meta({ description: 'Of the message that it came with.' }),
    in_totals: z.boolean().meta({
      description: 'False where Redis was set back since, and has lost that it counted this order.',
    }),
    items: z.array(item),
    counted_again: z
      .array(
        z.object({
          counted_at: time('By the clock of Redis.'),
          received_at: time('When SQS received it.'),
          order_value: money,
          message_id: z.string(),
          same_content: z.boolean().meta({ description: 'Whether it says the same as the first.' }),
        }),
      )
      .meta({
        description:
          'Each further time that Redis counted it, because it came beyond the window of the ledger.',
      }),
  })
  .meta({ description: 'One order, and how it was counted.' });
