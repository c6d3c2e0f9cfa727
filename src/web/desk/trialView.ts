import { element } from '../kit/element.ts';
import { counted, money, whole } from '../kit/format.ts';
import { table } from '../kit/table.ts';
import type { Tried } from './deskApi.ts';
import { linkTo } from './view.ts';
import { causeInWords, changesList, idText } from './words.ts';

/** What a recipe would do: counts, money, why some would still fail, and three orders before and after. */
export function trialView(tried: Tried): HTMLElement {
  const { orders, currency, would_count, duplicates, still_fail, diffs } = tried;
  return element(
    'div',
    { class: 'trial', role: 'status' },
    element(
      'dl',
      { class: 'counts' },
      count('Would count', would_count.orders, money(would_count.money, currency), 'good'),
      count('Duplicates', duplicates.orders, 'counted before, no money'),
      count('Still fail', still_fail.orders, 'left alone', still_fail.orders > 0 ? 'bad' : undefined),
    ),
    element(
      'p',
      { class: 'quiet' },
      `${counted(orders, 'order')} tried by the rules and the ledger as they are now. Nothing was written.`,
    ),
    still_fail.orders > 0 &&
      table<Tried['still_fail']['reasons'][number]>({
        label: 'Why orders would still fail',
        rows: still_fail.reasons,
        empty: '',
        columns: [
          { title: 'Orders', isNumber: true, cell: (row) => whole(row.orders) },
          {
            title: 'Still fail because',
            cell: causeInWords,
          },
          { title: 'For example', cell: ({ example }) => element('bdi', {}, example) },
        ],
      }),
    diffs.length > 0 &&
      element(
        'ul',
        { class: 'diffs', 'aria-label': 'Orders before and after' },
        ...diffs.map(({ job, order_id, outcome, changes }) =>
          element(
            'li',
            {},
            element(
              'p',
              {},
              element('a', { href: linkTo('order', { job }) }, idText(order_id)),
              ` ${outcome}`,
            ),
            changesList(changes),
          ),
        ),
      ),
  );
}

const count = (title: string, orders: number, note: string, kind?: string): HTMLElement =>
  element(
    'div',
    { class: kind },
    element('dt', {}, title),
    element('dd', {}, whole(orders)),
    element('dd', {}, note),
  );
