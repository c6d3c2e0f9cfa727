import { refuseOtherSchema } from '../../history/migrate.ts';
import { type Cut, daysAt, gapsAt, untilReached } from '../../history/read/atCut.ts';
import type { Totals } from '../../stats/figures.ts';
import { type Check, equalCounts, noneWrong } from './check.ts';
import { ledgerAgainst } from './historyLedger.ts';
import { strangersIn, usersAgainst } from './historyUsers.ts';
import { type HistoryParts, type Moment, momentOf, totalsIn } from './moment.ts';

/** Redis against the history, up to the entry that each archive ends with at one moment. */
export async function checksOfHistory(parts: HistoryParts): Promise<Check[]> {
  const { client, redis, partitions, ledgerRetentionDays, progress } = parts;
  await refuseOtherSchema(client);
  const moments = await Promise.all(partitions.all.map((each) => momentOf(redis, each, ledgerRetentionDays)));
  const cut: Cut = new Map(moments.map(({ partition, seq }) => [partition.tag, seq]));
  if (!(await untilReached(client, cut))) return [waiting(moments)];

  progress.begin('users and orders of the history held against Redis');
  const gaps = await gapsAt(client, cut);
  for (const { untold } of moments) add(gaps, untold);
  // Whose orders they are and of which days, nobody knows.
  const isWhole = gaps.orders === 0 && gaps.minorUnits === 0;
  const agrees = (kept: Totals, counted: Totals) =>
    isWhole
      ? kept.orders === counted.orders && kept.minorUnits === counted.minorUnits
      : kept.orders <= counted.orders && kept.minorUnits <= counted.minorUnits;

  const keptDays = await daysAt(client, cut);
  const kept = { orders: 0, minorUnits: 0 };
  for (const day of keptDays.values()) add(kept, day);
  const counted = { orders: 0, minorUnits: 0 };
  const days = new Map<string, Totals>();
  for (const moment of moments) {
    add(counted, moment.global);
    for (const [day, totals] of moment.days) add(totalsIn(days, day), totals);
  }
  const everyDay = [...new Set([...days.keys(), ...keptDays.keys()])];
  const wrongDays = everyDay.filter((day) => !agrees(keptDays.get(day) ?? NOTHING, days.get(day) ?? NOTHING));
  const users = await usersAgainst(parts, cut, agrees);
  const here = moments.reduce((sum, { users }) => sum + users, 0);
  const strangers = users.kept !== here && isWhole ? await strangersIn(parts) : [];
  return [
    equalCounts('orders in the history = global', counted.orders, kept.orders + gaps.orders),
    {
      ...equalCounts(
        'revenue in the history = global',
        counted.minorUnits,
        kept.minorUnits + gaps.minorUnits,
      ),
      unit: 'minor_units',
    },
    noneWrong('days right in the history', everyDay.length, wrongDays.sort()),
    equalCounts('users in the history', here, isWhole ? users.kept : here, { wrong: strangers }),
    noneWrong('users right in the history', users.kept, users.wrong),
    ...(await ledgerAgainst(parts, moments, cut)),
  ];
}

const NOTHING: Totals = { orders: 0, minorUnits: 0 };

const waiting = (moments: readonly Moment[]): Check => ({
  ...equalCounts('archives that are in the history', moments.length, 0),
  verdict: 'inconclusive',
  note: 'entries wait in Redis: is an archiver running?',
});

function add(sum: Totals, more: Totals): void {
  sum.orders += more.orders;
  sum.minorUnits += more.minorUnits;
}
