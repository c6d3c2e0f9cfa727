import { writeAddress } from '../kit/address.ts';
import { askJson } from '../kit/ask.ts';
import { element } from '../kit/element.ts';
import { clock, dayAndTime, money, whole } from '../kit/format.ts';
import { type Loadable, load } from '../kit/loadable.ts';
import { redrawn } from '../kit/redraw.ts';
import { viewOf } from '../kit/stateView.ts';
import { table } from '../kit/table.ts';
import type { CountedOrder, Process, Pulse, RefusedOrder } from './pulse.ts';

const TOP = 5;
const AGAIN_MS = 15_000;
const NEWEST = 8;

interface Spender {
  user_id: string;
  total_spend: number;
}
interface Buyer {
  user_id: string;
  order_count: number;
}

/** Who spends, what came last and who is at work. */
export function listsView(root: string, keyOf: () => string, isOpen: () => boolean) {
  const average = element('p', { class: 'quiet' });
  const counted = element('div', {});
  const refused = element('div', {});
  const processes = element('div', {});
  const showCounted = redrawn(counted, (rows: CountedOrder[]) => [countedTable(rows)]);
  const showRefused = redrawn(refused, (rows: RefusedOrder[]) => [refusedTable(root, rows)]);
  const showProcesses = redrawn(processes, (rows: Process[]) => [processTable(rows)]);
  const spenders = topList<Spender>(root, keyOf, 'top-spenders', 'spenders', 'Spent', ({ total_spend }) =>
    total_spend.toLocaleString('en-US', { minimumFractionDigits: 2 }),
  );
  const buyers = topList<Buyer>(root, keyOf, 'top-buyers', 'buyers', 'Orders', ({ order_count }) =>
    whole(order_count),
  );
  const panel = (title: string, ...content: HTMLElement[]) =>
    element('section', { class: 'panel list', 'aria-label': title }, element('h3', {}, title), ...content);
  setInterval(() => {
    if (!document.hidden && isOpen()) restart();
  }, AGAIN_MS);
  const restart = () => {
    spenders.look();
    buyers.look();
  };
  return {
    sections: element(
      'div',
      { class: 'lists' },
      panel('Top spenders', spenders.place, average),
      panel('Top buyers', buyers.place),
      panel('Newest counted', counted),
      panel('Newest refused', refused),
      panel('Processes', processes),
    ),
    restart,
    show({ newest, counted: all, currency, processes: known }: Pulse) {
      average.replaceChildren(
        all.orders === 0 ? '' : `An order is worth ${money(all.average_order_value, currency)} on average.`,
      );
      showCounted(newest.counted.slice(0, NEWEST));
      showRefused(newest.refused.slice(0, NEWEST));
      // One that lives is seen each second.
      showProcesses(known.map((each) => (each.gone ? each : { ...each, last_seen_at: '' })));
    },
  };
}

function topList<Row extends { user_id: string }>(
  root: string,
  keyOf: () => string,
  path: string,
  what: string,
  title: string,
  cell: (row: Row) => string,
) {
  const place = element('div', {});
  let known = false;
  const show = (state: Loadable<Row[]>) => {
    // A list that was there stays until there is a newer one.
    if (known && state.state !== 'ready') return;
    known = state.state === 'ready';
    const ready = (rows: Row[]) =>
      table<Row>({
        label: `Top ${what}`,
        rows,
        empty: 'Nobody yet.',
        columns: [
          { title: 'User', cell: ({ user_id }) => idCell(user_id) },
          { title, isNumber: true, cell },
        ],
      });
    place.replaceChildren(viewOf(state, { what, ready, retry: () => look() }) || '');
  };
  const look = () =>
    void load(() => askJson<Row[]>(`${root}stats/${path}?limit=${TOP}`, { key: keyOf() }), show);
  return { place, look };
}

const countedTable = (rows: CountedOrder[]): HTMLElement =>
  table<CountedOrder>({
    label: 'Newest counted orders',
    rows,
    empty: 'None since the pulse began.',
    columns: [
      { title: 'Order', cell: ({ order_id }) => idCell(order_id) },
      { title: 'User', cell: ({ user_id }) => idCell(user_id) },
      {
        title: 'Worth',
        isNumber: true,
        cell: ({ value }) => value.toLocaleString('en-US', { minimumFractionDigits: 2 }),
      },
      { title: 'At (UTC)', isNumber: true, cell: ({ at }) => clock(at) },
    ],
  });

const refusedTable = (root: string, rows: RefusedOrder[]): HTMLElement =>
  table<RefusedOrder>({
    label: 'Newest refused orders',
    rows,
    empty: 'None.',
    columns: [
      {
        title: 'Order',
        cell: ({ order_id, job_id }) =>
          element(
            'a',
            { href: `${root}desk${writeAddress({ name: 'order', values: { job: job_id } })}` },
            idCell(order_id || 'without an id'),
          ),
      },
      { title: 'Why', cell: ({ reason }) => reason.replaceAll('_', ' ') },
      { title: 'At (UTC)', isNumber: true, cell: ({ at }) => clock(at) },
    ],
  });

const processTable = (rows: Process[]): HTMLElement =>
  table<Process>({
    label: 'Processes',
    rows,
    empty: 'None has been seen.',
    columns: [
      { title: 'Role', cell: ({ role, gone }) => element('span', { class: gone ? 'gone' : '' }, role) },
      { title: 'Version', cell: ({ version, node }) => `${version}, Node ${node.replace('v', '')}` },
      {
        title: 'Since (UTC)',
        isNumber: true,
        cell: ({ gone, started_at, last_seen_at }) =>
          gone ? `last seen ${clock(last_seen_at)}` : dayAndTime(started_at),
      },
    ],
  });

/** Ids may be 128 characters long: cut in the middle of a list, whole for whoever points at it. */
const idCell = (id: string): HTMLElement => element('code', { class: 'id', title: id }, id);
