import { writeAddress } from '../kit/address.ts';
import { type Child, element, group } from '../kit/element.ts';
import { table } from '../kit/table.ts';
import type { Change } from './auditApi.ts';

/** A row for each change. What was written down before it happened and never after is told as that. */
export function changesTable(root: string, changes: readonly Change[], isFiltered: boolean): HTMLElement {
  const shown = table<Change>({
    label: 'Changes, the newest first',
    columns: [
      {
        title: 'When, UTC',
        cell: ({ at }) => element('time', { datetime: at }, `${at.slice(0, 10)} ${at.slice(11, 19)}`),
      },
      { title: 'Who', cell: whoOf },
      { title: 'What', cell: ({ action }) => action },
      { title: 'Which', cell: (change) => whichOf(root, change) },
      { title: 'Outcome', cell: outcomeOf },
    ],
    rows: changes,
    empty: isFiltered ? 'No change matches these filters.' : 'Nobody has changed anything by hand yet.',
  });
  shown.classList.add('changes');
  return shown;
}

const detail = (...text: Child[]) => element('div', { class: 'detail' }, ...text);

const whoOf = ({ who: { kind, name, address } }: Change): Child =>
  group(
    element('bdi', {}, name ?? (kind === 'open' ? 'anybody' : kind)),
    detail([kind, address].filter(Boolean).join(', ')),
  );

function whichOf(root: string, { job, filter, count, reason, run, partition, before, after }: Change): Child {
  return group(
    job !== null && element('a', { href: `${root}desk/api/orders/${encodeURIComponent(job)}` }, job),
    filter !== null && element('div', {}, filter),
    count !== null && element('div', {}, `${count.toLocaleString('en')} ${count === 1 ? 'order' : 'orders'}`),
    reason !== null && element('div', {}, element('q', {}, element('bdi', {}, reason))),
    run !== null &&
      detail('run ', element('a', { href: writeAddress({ name: 'changes', values: { order: run } }) }, run)),
    partition !== null && detail(`partition ${partition}`),
    before !== null &&
      detail(`data ${before.slice(0, 12)}${after === null ? '' : ` → ${after.slice(0, 12)}`}`),
  );
}

function outcomeOf({ result, why }: Change): Child {
  if (result === null) return element('span', { class: 'not-done' }, 'unknown: the process ended in between');
  const text = [result, why].filter(Boolean).join(': ');
  return result === 'done' ? text : element('span', { class: 'not-done' }, text);
}
