import { element, group } from '../kit/element.ts';
import { counted, money, whole } from '../kit/format.ts';
import { table } from '../kit/table.ts';
import type { Receipt, ReceiptRow } from './deskApi.ts';
import { linkTo } from './view.ts';
import { causeInWords, changesList, idText } from './words.ts';

const LEDGER: Record<string, string> = {
  same: 'counted',
  other: 'another order of this name',
  absent: 'not counted',
};

/** What became of each order, what the ledger says now, and money that adds up. */
export function receiptView({ run, currency, money: sums, states, orders: rows }: Receipt): HTMLElement {
  const there = Object.entries(states).filter(([, orders]) => orders > 0);
  const all = there.reduce((sum, [, orders]) => sum + orders, 0);
  return element(
    'section',
    { class: 'panel receipt', 'aria-label': 'Receipt' },
    element('h3', {}, 'Receipt'),
    element(
      'p',
      { class: 'sum' },
      there.map(([state, orders]) => `${whole(orders)} ${state.replaceAll('_', ' ')}`).join(', ') ||
        'Nothing was sent yet',
      '.',
    ),
    element(
      'dl',
      { class: 'equation', 'aria-label': 'Money in the ledger' },
      term('', 'Counted before', sums.before, currency),
      term('+', 'Repaired', sums.repaired, currency),
      sums.elsewhere > 0 && term('+', 'Counted otherwise', sums.elsewhere, currency),
      term('=', 'In the ledger now', sums.after, currency),
    ),
    rows.length < all &&
      element(
        'p',
        { class: 'quiet' },
        `${counted(rows.length, 'order')} of ${whole(all)} are shown. All of them: `,
        element('code', {}, `order-pipeline failed receipt --run ${run.run} --json`),
      ),
    table<ReceiptRow>({
      label: 'Orders of the run',
      rows,
      empty: 'No order has had its turn yet.',
      columns: [
        {
          title: 'Order',
          cell: ({ job, order_id }) => element('a', { href: linkTo('order', { job }) }, idText(order_id)),
        },
        { title: 'User', cell: ({ user_id }) => idText(user_id) },
        { title: 'State', cell: ({ state }) => state.replaceAll('_', ' ') },
        { title: 'Ledger now', cell: ({ ledger_now: now }) => (now === null ? '' : (LEDGER[now] ?? now)) },
        {
          title: 'Counts for',
          isNumber: true,
          cell: ({ money: amount }) => (amount === null ? '' : amount.toFixed(2)),
        },
        {
          title: 'Before → after',
          cell: ({ changes, fault }) =>
            fault ? group('Left as it is: ', causeInWords(fault)) : changesList(changes),
        },
      ],
    }),
  );
}

const term = (sign: string, title: string, value: number, currency: string): HTMLElement =>
  element('div', { 'data-sign': sign }, element('dt', {}, title), element('dd', {}, money(value, currency)));
