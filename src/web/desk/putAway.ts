import { action, labelled } from '../kit/action.ts';
import { Trouble } from '../kit/ask.ts';
import { element } from '../kit/element.ts';
import { whole } from '../kit/format.ts';
import type { Moved, Where } from './deskApi.ts';
import type { Desk } from './view.ts';

interface Away {
  /** How many there were when they were last looked at. */
  orders?: number | undefined;
  isAside?: boolean;
  done: () => void;
}

/** Out of the way: set aside with a reason and restored, or deleted by typing how many orders that is. */
export function putAway({ api }: Desk, where: Where, { orders, isAside = false, done }: Away): HTMLElement {
  const because = element('input', { id: 'because', maxlength: 500, autocomplete: 'off', dir: 'auto' });
  const typed = element('input', { id: 'typed', inputmode: 'numeric', autocomplete: 'off' });
  const act = (title: string, work: (why: string) => Promise<Moved>) =>
    action(title, async () => {
      const why = because.value.trim();
      if (why === '') throw new Trouble('Nothing was done', 'Say why first.');
      const moved = await work(why);
      if (moved.orders === 0) throw new Trouble('Nothing was done', 'Somebody else was there first.');
      done();
    });
  const away = isAside
    ? act('Restore', (why) => api.restore(where.jobs ?? [], why))
    : act('Set aside', (why) => api.setAside(where, why));
  const remove = act('Delete for good', (why) => {
    const count = Number(typed.value.replaceAll(/[,\s]/g, ''));
    if (!Number.isSafeInteger(count) || count < 1)
      throw new Trouble('Nothing was deleted', 'Type how many orders that deletes.');
    return api.remove(where, isAside, count, why);
  });
  return element(
    'details',
    { class: 'panel act' },
    element('summary', {}, isAside ? 'Restore or delete' : 'Set aside or delete'),
    labelled('Why: kept in the audit log', because),
    element('div', { class: 'actions' }, away.button),
    away.said,
    labelled(
      `Type how many orders that deletes${orders === undefined ? '' : `: ${whole(orders)}`}`,
      typed,
      'They are gone then. Their digests stay in the audit log.',
    ),
    remove.button,
    remove.said,
  );
}
