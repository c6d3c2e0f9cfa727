import { formatMinorUnits } from '../../orders/money.ts';
import { visible } from '../../runtime/visibleText.ts';
import { columns, whole } from '../kit/print.ts';
import type { Check } from './check.ts';
import { differingPlaces, type UserRecord } from './differences.ts';
import type { Verified } from './verifyAll.ts';

/** The checks as one aligned table, the first differing users, and a sentence. */
export function reportText(verified: Verified): string {
  const { checks, first, differingUsers } = verified;
  const rows = checks.map(({ name, unit, expected, found, verdict, note }) => {
    const show = unit === 'count' ? count : money;
    return [name, show(expected), show(found), note === undefined ? verdict : `${verdict}: ${note}`];
  });
  const parts = [columns([['check', 'expected', 'found', ''], ...rows], [1, 2])];
  if (first.length > 0) {
    const which =
      differingUsers > first.length ? `, the first ${first.length} of ${whole(differingUsers)}` : '';
    parts.push(`users that differ${which}\n${userTable(first)}`);
  }
  parts.push(sentence(verified));
  return `${parts.join('\n\n')}\n`;
}

/** The same as one JSON value; money in minor units. */
export function reportJson({ first, ...verified }: Verified): string {
  const users = first.map((user) => ({ ...user, wrong: differingPlaces(user) }));
  const lines = JSON.stringify({ ...verified, first: users }, undefined, 2).split('\n');
  return `${lines.map(visible).join('\n')}\n`;
}

function userTable(users: readonly UserRecord[]): string {
  const head = ['user', 'partition', 'orders', 'in list', 'spend', 'in list', 'over months', 'wrong in'];
  const rows = users.map((user) => [
    user.userId,
    String(user.partition),
    count(user.orders),
    count(user.byCount),
    money(user.minorUnits),
    money(user.bySpend),
    money(user.overMonths),
    differingPlaces(user).join(', '),
  ]);
  return columns([head, ...rows], [1, 2, 3, 4, 5, 6]);
}

function sentence({ result, checks, orders, users, partitions, busy }: Verified): string {
  const extent = `${whole(orders)} orders of ${whole(users)} users in ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`;
  const wrong = checks.filter(({ verdict }: Check) => verdict === 'differs').length;
  if (result === 'right') return `All ${checks.length} checks hold: ${extent}.`;
  if (result === 'differs') return `${wrong} of ${checks.length} checks differ: ${extent}.`;
  if (busy.length === 0) return 'Inconclusive: see above.';
  return (
    `Inconclusive: orders were counted during every pass over partition ${busy.join(', ')}, so sums read one after ` +
    'the other differ without anything being wrong. Every user was compared. Run it again when it is quieter.'
  );
}

const count = (value: number | undefined): string => (value === undefined ? '-' : whole(value));

/** Damaged data may hold what is no number. */
const money = (minorUnits: number | undefined): string => {
  if (minorUnits === undefined) return '-';
  if (!Number.isFinite(minorUnits)) return String(minorUnits);
  return formatMinorUnits(minorUnits).replace(/\B(?=(\d{3})+\.)/g, ',');
};
