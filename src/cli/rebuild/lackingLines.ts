import type { Lacking } from '../../history/read/lacking.ts';
import { money, whole } from '../kit/print.ts';

const WHY = {
  opening: 'counted before the history was kept',
  not_kept: 'counted by workers that kept none',
  entries_lost: 'lost before they were archived',
} as const;

/** What the history does not have, a sentence each. */
export function lackingLines({ gaps, lost }: Lacking): string[] {
  return [
    ...gaps.map(({ kind, orders, minorUnits, foundAt }) => {
      const which = orders === undefined ? 'orders' : `${whole(orders)} orders, ${money(minorUnits)},`;
      return `The history lacks ${which} ${WHY[kind]}; it is complete from ${foundAt} on.`;
    }),
    ...(lost.orders > 0
      ? [
          `${whole(lost.orders)} orders, ${money(lost.minorUnits)}, counted and were lost when Redis was set back: ` +
            'sent again, they count again, once.',
        ]
      : []),
  ];
}
