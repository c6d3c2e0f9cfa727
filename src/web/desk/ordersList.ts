import { action } from '../kit/action.ts';
import { download } from '../kit/download.ts';
import { element, group } from '../kit/element.ts';
import { dayAndTime } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import { table } from '../kit/table.ts';
import { type FailedOrder, ROWS, type Where } from './deskApi.ts';
import { type Desk, linkTo } from './view.ts';
import { causeInWords, idText, reasonInWords } from './words.ts';

/** Failed orders, a page at a time, and all of them as a file for whoever sent them. */
export function ordersList({ api, signal }: Desk, where: Where): HTMLElement {
  const rows = element('div', {});
  const more = element('div', { class: 'actions' });
  const found: FailedOrder[] = [];
  const next = (cursor?: string) =>
    void load(
      () => api.search(where, cursor),
      (state) => {
        if (signal.aborted) return;
        more.replaceChildren(
          group(
            viewOf(state, {
              what: 'orders',
              retry: () => next(cursor),
              ready({ orders, next_cursor, looked_back_to }) {
                found.push(...orders);
                // Where nothing is found yet, that is what is said.
                if (found.length > 0 || next_cursor === null) rows.replaceChildren(ordersTable(found));
                return (
                  next_cursor !== null &&
                  group(
                    element(
                      'p',
                      { role: 'status' },
                      found.length === 0 ? 'None found so far. ' : '',
                      `Looked back to ${dayAndTime(looked_back_to ?? '')} UTC.`,
                    ),
                    element(
                      'button',
                      { type: 'button', on: { click: () => next(next_cursor) } },
                      orders.length < ROWS ? 'Go on looking' : 'Show more',
                    ),
                  )
                );
              },
            }),
          ),
        );
      },
    );
  const csv = action('Download CSV', async () =>
    download('failed-orders.csv', 'text/csv', await api.csv(where)),
  );
  next();
  return element(
    'section',
    { class: 'panel list', 'aria-label': 'Orders' },
    element('div', { class: 'head' }, element('h3', {}, 'Orders'), csv.button),
    csv.said,
    rows,
    more,
  );
}

const ordersTable = (rows: FailedOrder[]): HTMLElement =>
  table<FailedOrder>({
    label: 'Failed orders',
    rows,
    empty: 'No failed order is like that.',
    columns: [
      {
        title: 'Order',
        cell: ({ order_id, job }) => element('a', { href: linkTo('order', { job }) }, idText(order_id)),
      },
      { title: 'User', cell: ({ user_id }) => idText(user_id) },
      {
        title: 'Worth',
        isNumber: true,
        cell: ({ money }) =>
          money === null ? 'unknown' : money.toLocaleString('en-US', { minimumFractionDigits: 2 }),
      },
      {
        title: 'Why',
        cell: ({ issues: [first, ...others] }) =>
          first === undefined
            ? reasonInWords('fault')
            : group(causeInWords(first), others.length > 0 && `, and ${others.length} more`),
      },
      { title: 'Failed (UTC)', isNumber: true, cell: ({ first_failed_at }) => dayAndTime(first_failed_at) },
    ],
  });
