import { element } from '../kit/element.ts';
import { counted, dayAndTime, whole } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import { table } from '../kit/table.ts';
import type { Aside, DeskApi, Run, Who } from './deskApi.ts';
import { linkTo } from './view.ts';
import { idText } from './words.ts';

/** What was set aside, by whom and why. */
export function asideList(api: DeskApi, signal: AbortSignal): HTMLElement {
  return listOf('Set aside', signal, api.aside, ({ orders, rows }) =>
    orders === 0
      ? undefined
      : table<Aside>({
          label: `Set aside: ${counted(orders, 'order')}`,
          rows,
          empty: '',
          columns: [
            {
              title: `Order (${whole(orders)} in all)`,
              cell: ({ job, order_id }) => element('a', { href: linkTo('order', { job }) }, idText(order_id)),
            },
            { title: 'Why', cell: ({ because }) => element('bdi', {}, because) },
            { title: 'By', cell: ({ by }) => element('bdi', {}, whoInWords(by)) },
            { title: 'Since (UTC)', isNumber: true, cell: ({ at }) => dayAndTime(at) },
          ],
        }),
  );
}

/** What was repaired lately, by whom and why. */
export const runsList = (api: DeskApi, signal: AbortSignal): HTMLElement =>
  listOf('Latest repairs', signal, api.runs, (rows) => (rows.length === 0 ? undefined : runsTable(rows)));

/** Without anything in it there is nothing to see; and that nothing can be asked for is said above it. */
function listOf<T>(
  title: string,
  signal: AbortSignal,
  ask: () => Promise<T>,
  draw: (found: T) => HTMLElement | undefined,
): HTMLElement {
  const section = element('section', { class: 'panel', hidden: true, 'aria-label': title });
  void load(ask, (state) => {
    const drawn = state.state === 'ready' && !signal.aborted && draw(state.value);
    if (!drawn) return;
    section.hidden = false;
    section.replaceChildren(element('h3', {}, title), drawn);
  });
  return section;
}

const runsTable = (rows: Run[]): HTMLElement =>
  table<Run>({
    label: 'Runs, the newest first',
    rows,
    empty: '',
    columns: [
      {
        title: 'Begun (UTC)',
        cell: ({ run, at }) => element('a', { href: linkTo('run', { run }) }, dayAndTime(at)),
      },
      { title: 'Why', cell: ({ because }) => element('bdi', {}, because) },
      { title: 'By', cell: ({ who }) => element('bdi', {}, whoInWords(who)) },
      { title: 'Orders', isNumber: true, cell: ({ orders }) => whole(orders) },
      {
        title: 'State',
        cell: ({ state, counts }) =>
          counts.failed_again + counts.left > 0
            ? `${state}, ${counted(counts.failed_again + counts.left, 'order')} not repaired`
            : state,
      },
    ],
  });

export const whoInWords = ({ kind, name }: Who): string =>
  name === undefined ? 'whoever could reach it' : kind === 'user' ? name : `${kind} ${name}`;
