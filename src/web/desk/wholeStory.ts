import { element, group } from '../kit/element.ts';
import { counted, dayAndTime } from '../kit/format.ts';
import { table } from '../kit/table.ts';
import type { AuditChange, Delivery, OrderStory } from './deskApi.ts';
import { whoInWords } from './lists.ts';
import { linkTo } from './view.ts';
import { idText } from './words.ts';

/** Where the pages begin. This script is at <root>/desk/desk.js. */
const { href: root } = new URL('..', import.meta.url);

const STATES: Record<Delivery['state'], string> = {
  failed: 'failed, waits for you',
  aside: 'set aside',
  completed: 'ended',
  delayed: 'waits for its next try',
  active: 'worked on just now',
  waiting: 'waits for its turn',
  gone: 'ended, only its edits are kept',
};

/** What the order's other messages became, and what the audit log says of this one. */
export function wholeStory({ job, story }: OrderStory): DocumentFragment {
  const others = story.deliveries.filter((each) => each.job !== job);
  const changes = story.deliveries.find((each) => each.job === job)?.changes ?? [];
  return group(
    element(
      'section',
      { class: 'panel list', 'aria-label': 'The whole story' },
      element('h3', {}, 'The whole story'),
      element('p', {}, element('bdi', {}, story.sentence)),
      others.length === 0
        ? element('p', { class: 'quiet' }, 'No other message of this order is kept.')
        : messagesTable(others),
    ),
    changes.length > 0 &&
      element(
        'section',
        { class: 'panel list', 'aria-label': 'What was done by hand' },
        element(
          'div',
          { class: 'head' },
          element('h3', {}, 'What was done by hand'),
          element(
            'a',
            { href: `${root}desk/audit#changes?${new URLSearchParams({ order: job })}` },
            'In the audit log',
          ),
        ),
        changesTable(changes),
      ),
  );
}

const messagesTable = (rows: Delivery[]): HTMLElement =>
  table<Delivery>({
    label: `${counted(rows.length, 'other message')} of this order`,
    rows,
    empty: '',
    columns: [
      {
        title: 'Other message',
        cell: ({ job }) => element('a', { href: linkTo('order', { job }) }, idText(job)),
      },
      { title: 'Received (UTC)', isNumber: true, cell: ({ received_at }) => dayAndTime(received_at) },
      { title: 'Is', cell: ({ state, ended }) => ended?.outcome ?? STATES[state] },
      {
        title: 'Why it failed',
        cell: ({ refused }) => refused !== null && element('bdi', {}, refused.sentence),
      },
    ],
  });

const changesTable = (rows: AuditChange[]): HTMLElement =>
  table<AuditChange>({
    label: 'Changes by hand',
    rows,
    empty: '',
    columns: [
      { title: 'When (UTC)', isNumber: true, cell: ({ at }) => dayAndTime(at) },
      { title: 'Who', cell: ({ who }) => element('bdi', {}, whoInWords(who)) },
      { title: 'What', cell: ({ action }) => action },
      { title: 'Because', cell: ({ reason }) => reason !== null && element('bdi', {}, reason) },
      {
        title: 'Outcome',
        cell: ({ result, why }) =>
          element(
            'bdi',
            {},
            [result ?? 'unknown: the process ended in between', why].filter(Boolean).join(': '),
          ),
      },
    ],
  });
