import { toJsonAmount } from '../../orders/money.ts';
import type { Aside } from '../aside/readAside.ts';
import type { Receipt, ReceiptRow } from '../runs/receipt.ts';
import type { Run } from '../runs/runs.ts';

export const runAnswer = ({
  id,
  who,
  at,
  reason,
  where,
  recipe,
  recipeName,
  rate,
  stopPercent,
  state,
  why,
  endedAt,
  orders,
  counts,
}: Run) => ({
  run: id,
  state,
  why: why ?? null,
  who,
  at,
  ended_at: endedAt ?? null,
  because: reason,
  where,
  recipe: recipe ?? null,
  recipe_name: recipeName ?? null,
  rate: rate ?? null,
  stop_percent: stopPercent,
  orders,
  counts: {
    todo: counts.todo,
    sent: counts.sent,
    under_way: counts.underWay,
    ended: counts.ended,
    failed_again: counts.failed,
    left: counts.left,
    gone: counts.gone,
  },
});

const amountOf = (minorUnits: number | undefined) =>
  minorUnits === undefined ? null : toJsonAmount(minorUnits);

const rowAnswer = (row: ReceiptRow) => ({
  job: row.job,
  partition: row.partition,
  order_id: row.orderId,
  user_id: row.userId,
  state: row.state,
  at: new Date(row.at).toISOString(),
  stated: amountOf(row.stated),
  money: amountOf(row.minorUnits),
  ledger_before: row.was ?? null,
  ledger_now: row.now ?? null,
  before: row.before,
  after: row.after ?? null,
  changes: row.changes,
  changed: row.changed,
  fault: row.fault ?? null,
});

export const receiptAnswer = (run: Run, { money, states, rows }: Receipt) => ({
  run: runAnswer(run),
  money: {
    before: toJsonAmount(money.before),
    repaired: toJsonAmount(money.repaired),
    elsewhere: toJsonAmount(money.elsewhere),
    after: toJsonAmount(money.after),
  },
  states: {
    counted: states.counted,
    duplicate: states.duplicate,
    failed_again: states['failed again'],
    under_way: states['under way'],
    left: states.left,
    gone: states.gone,
  },
  orders: rows.map(rowAnswer),
});

export const asideAnswer = ({ orders, rows }: { orders: number; rows: Aside[] }) => ({
  orders,
  rows: rows.map(({ job, partition, orderId, userId, minorUnits, failedReason, at, by, reason }) => ({
    job,
    partition,
    order_id: orderId,
    user_id: userId,
    money: amountOf(minorUnits),
    failed_reason: failedReason,
    at,
    by,
    because: reason,
  })),
});
