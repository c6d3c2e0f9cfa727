import { element } from '../kit/element.ts';
import { counted, money, percent, whole } from '../kit/format.ts';
import { emptiness } from '../kit/stateView.ts';
import { type Column, table } from '../kit/table.ts';
import type { Answers } from './analyticsApi.ts';
import type { Filters } from './filters.ts';
import { bars, heatGrid } from './pictures.ts';

/** What is drawn of one answer: the picture, and the same as a table where the picture is none. */
export interface Panel<What extends keyof Answers> {
  what: What;
  title: string;
  /** What its question has besides the range. */
  query?(filters: Filters): Record<string, string>;
  isWide?: true;
  draw(answer: Answers[What], filters: Filters): { picture: Node; numbers?: Node };
}

const NOTHING = 'No order in this time.';
/** The API says what is worth how much, and not in which currency: an installation has one. */
const amount = (value: number): string => money(value, '').trim();

const of = <Row>(
  label: string,
  rows: readonly Row[],
  columns: readonly Column<NoInfer<Row>>[],
): HTMLElement => table({ label: `Figures: ${label}`, rows, columns, empty: NOTHING });
const number = <Row>(title: string, cell: (row: Row) => string): Column<Row> => ({
  title,
  cell,
  isNumber: true,
});
const ORDERS = number<{ orders: number }>('Orders', ({ orders }) => whole(orders));
const REVENUE = number<{ revenue: number }>('Revenue', ({ revenue }) => amount(revenue));

const products: Panel<'products'> = {
  what: 'products',
  title: 'Products sold',
  query: ({ by }) => ({ by, limit: '12' }),
  draw: (rows, { by }) => ({
    picture: bars(
      `Products by ${by}`,
      rows.map((row) => ({
        name: row.product_id,
        value: Number(row[by]),
        text: by === 'revenue' ? amount(row.revenue) : whole(Number(row[by])),
      })),
      NOTHING,
    ),
    numbers: of('Products sold', rows, [
      { title: 'Product', cell: ({ product_id }) => element('bdi', {}, product_id) },
      ORDERS,
      number('Quantity', ({ quantity }) => quantity),
      REVENUE,
    ]),
  }),
};

const payments: Panel<'payment-methods'> = {
  what: 'payment-methods',
  title: 'Payment methods',
  draw: (rows) => {
    const nameOf = ({ payment_method }: (typeof rows)[number]) => payment_method ?? 'none given';
    return {
      picture: bars(
        'Revenue by payment method',
        rows
          .slice(0, 10)
          .map((row) => ({ name: nameOf(row), value: row.revenue, text: amount(row.revenue) })),
        NOTHING,
      ),
      numbers: of('Payment methods', rows, [
        { title: 'Payment method', cell: (row) => element('bdi', {}, nameOf(row)) },
        ORDERS,
        REVENUE,
      ]),
    };
  },
};

const PERCENTS = [5, 50, 95];

const values: Panel<'order-values'> = {
  what: 'order-values',
  title: 'What orders are worth',
  draw: ({ orders, average_order_value, percentiles, histogram }) => {
    const nameOf = ({ from, to }: (typeof histogram)[number]) => `${whole(from)} to ${whole(to)}`;
    const shown = percentiles.filter((each) => PERCENTS.includes(each.percent));
    return {
      picture: element(
        'div',
        {},
        orders > 0 &&
          element(
            'p',
            { class: 'facts' },
            element('span', {}, `${counted(orders, 'order')}, ${amount(average_order_value)} on average`),
            ...shown.map((each) => element('span', {}, `${each.percent} % at most ${amount(each.value)}`)),
          ),
        bars(
          'Orders by their value',
          histogram.map((step) => ({ name: nameOf(step), value: step.orders, text: whole(step.orders) })),
          NOTHING,
        ),
      ),
      numbers: of('What orders are worth', histogram, [{ title: 'Value', cell: nameOf }, ORDERS, REVENUE]),
    };
  },
};

const customers: Panel<'customers'> = {
  what: 'customers',
  title: 'Who came back',
  draw: ({ users, repeat_users, repeat_share, revenue, repeat_revenue, steps }) => {
    const nameOf = ({ from_orders: from, to_orders: to }: (typeof steps)[number]) =>
      from === to ? counted(from, 'order') : to === null ? `${from} and more` : `${from} to ${to}`;
    const some = steps.filter((step) => step.users > 0);
    return {
      picture: element(
        'div',
        {},
        repeat_share !== null &&
          element(
            'p',
            { class: 'facts' },
            element(
              'span',
              {},
              `${whole(repeat_users)} of ${counted(users, 'user')} (${percent(repeat_share)}) have two orders or more, and ${percent(revenue === 0 ? 0 : repeat_revenue / revenue)} of the revenue`,
            ),
          ),
        bars(
          'Users by their orders',
          some.map((step) => ({ name: nameOf(step), value: step.users, text: whole(step.users) })),
          NOTHING,
        ),
      ),
      numbers: of('Who came back', some, [
        { title: 'Orders each', cell: nameOf },
        number('Users', (step) => whole(step.users)),
        REVENUE,
      ]),
    };
  },
};

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const hours: Panel<'hours'> = {
  what: 'hours',
  title: 'Orders by weekday and hour (UTC)',
  isWide: true,
  draw: (cells) => {
    const most = Math.max(1, ...cells.map(({ orders }) => orders));
    return {
      picture: heatGrid({
        label: 'A row for each weekday',
        corner: 'UTC',
        columns: Array.from({ length: 24 }, (_, hour) => String(hour)),
        rows: DAYS.map((name, at) => ({
          name,
          cells: cells
            .filter(({ weekday }) => weekday === at + 1)
            .map(({ orders, revenue }) => ({
              text: orders === 0 ? '' : orders.toLocaleString('en-US', { notation: 'compact' }),
              share: orders / most,
              title: `${counted(orders, 'order')}, ${amount(revenue)}`,
            })),
        })),
      }),
      numbers: of(
        'Orders by weekday and hour',
        cells.filter(({ orders }) => orders > 0),
        [
          { title: 'Weekday', cell: ({ weekday }) => DAYS[weekday - 1] },
          { title: 'Hour (UTC)', cell: ({ hour }) => `${String(hour).padStart(2, '0')}:00` },
          ORDERS,
          REVENUE,
        ],
      ),
    };
  },
};

const cohorts: Panel<'cohorts'> = {
  what: 'cohorts',
  title: 'Cohorts',
  isWide: true,
  draw: (all, { show }) => {
    const span = Math.max(0, ...all.flatMap(({ months }) => months.map(({ months_since }) => months_since)));
    const most = Math.max(1, ...all.flatMap(({ months }) => months.map(({ revenue }) => revenue)));
    const picture = heatGrid({
      label: 'Users by the month of their first order',
      corner: 'First order',
      columns: ['Users', ...Array.from({ length: span + 1 }, (_, month) => String(month))],
      rows: all.map(({ first_month, users, months }) => ({
        name: first_month,
        cells: [
          { text: whole(users), share: 0 },
          ...Array.from({ length: span + 1 }, (_, since) => {
            const month = months.find(({ months_since }) => months_since === since);
            if (!month) return undefined;
            const share = month.users / users;
            return {
              text: { share: percent(share), users: whole(month.users), revenue: whole(month.revenue) }[show],
              share: show === 'revenue' ? month.revenue / most : share,
              title: `${counted(month.users, 'user')}, ${counted(month.orders, 'order')}, ${amount(month.revenue)}`,
            };
          }),
        ],
      })),
    });
    return {
      picture:
        all.length === 0
          ? emptiness(NOTHING)
          : element(
              'div',
              {},
              element(
                'p',
                { class: 'facts' },
                'Users by the month of their first order, and who of them ordered in the months since',
              ),
              picture,
            ),
    };
  },
};

export const PANELS: readonly Panel<keyof Answers>[] = [
  products,
  payments,
  values,
  customers,
  hours,
  cohorts,
];
