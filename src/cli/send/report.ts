import { basename } from 'node:path';
import { REASONS } from '../../orders/invalidOrder.ts';
import { visible } from '../../runtime/visibleText.ts';
import { money, whole } from '../kit/print.ts';
import { type Expected, refusedCount, topSpenders } from './expected.ts';
import type { GenerateOptions } from './generate.ts';
import type { SendReport } from './send.ts';

type Row = [label: string, value?: string, note?: string];

const TOP = 5;

/** What was sent, how to send it again, and what the API must show for it, as aligned lines. */
export function generatedTable({ seed, until }: GenerateOptions, expected: Expected): string {
  const refusals = REASONS.filter((reason) => expected.refused[reason] > 0);
  const spenders = topSpenders(expected, TOP);
  return alignRows([
    ['messages sent', whole(expected.messages)],
    ['distinct orders', whole(expected.distinctOrders)],
    ['expected counted', whole(expected.counted.orders)],
    ['expected revenue', money(expected.counted.cents)],
    ['expected duplicates', whole(expected.duplicates)],
    ['expected refused', whole(refusedCount(expected))],
    ...refusals.map((reason): Row => [`  ${reason}`, whole(expected.refused[reason])]),
    ...(spenders.length > 0 ? [[`top ${spenders.length} spenders`] as Row] : []),
    ...spenders.map(({ userId, cents, orders }): Row => {
      return [`  ${userId}`, money(cents), `${whole(orders)} ${orders === 1 ? 'order' : 'orders'}`];
    }),
    ['seed', String(seed)],
    ['until', until],
  ]);
}

/** How many records of a file were sent. */
export function fileTable(path: string, { sent, unsent }: Pick<SendReport, 'sent' | 'unsent'>): string {
  return alignRows([
    ['file', basename(path)],
    ['records', whole(sent + unsent)],
    ['messages sent', whole(sent)],
    ['not sent', whole(unsent)],
  ]);
}

/** Labels to the left, values to the right, notes after them. */
function alignRows(cells: readonly Row[]): string {
  const rows = cells.map((row) => row.map((cell = '') => visible(cell)) as Row);
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const valueWidth = Math.max(...rows.map(([, value = '']) => value.length));
  return rows
    .map(([label, value = '', note = '']) => {
      return `${label.padEnd(labelWidth)}  ${value.padStart(valueWidth)}  ${note}`.trimEnd();
    })
    .join('\n');
}

/** The same as JSON; money in minor units. */
export function generatedJson(
  { seed, until }: GenerateOptions,
  { messages, distinctOrders, counted, duplicates, refused, users }: Expected,
  { sent, unsent }: Pick<SendReport, 'sent' | 'unsent'>,
): string {
  const perUser = Object.fromEntries(users);
  return jsonOf({
    sent,
    unsent,
    messages,
    distinctOrders,
    counted,
    duplicates,
    refused,
    users: perUser,
    seed,
    until,
  });
}

export function fileJson(path: string, { sent, unsent }: Pick<SendReport, 'sent' | 'unsent'>): string {
  return jsonOf({ file: basename(path), records: sent + unsent, sent, unsent });
}

const jsonOf = (value: unknown): string => JSON.stringify(value, undefined, 2);
