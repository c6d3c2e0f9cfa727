import { toJsonAmount } from '../../orders/money.ts';
import type { Checked } from '../edit/editOrder.ts';
import type { Standing } from '../story/standing.ts';

/** Nobody mends more at once, and an order may hold a hundred thousand lines. */
export const MOST_ISSUES = 100;

export const standingAnswer = ({ outcome, issues, ledger, minorUnits }: Standing) => ({
  outcome,
  issues: issues.slice(0, MOST_ISSUES),
  wrong: issues.length,
  ledger: ledger ?? null,
  money: minorUnits === undefined ? null : toJsonAmount(minorUnits),
});

export const checkAnswer = ({ unsaved, ...standing }: Checked, currency: string) => ({
  ...standingAnswer(standing),
  currency,
  unsaved: unsaved ?? null,
});

export const editAnswer = (
  { job, queue }: { job: string; queue: boolean },
  { revision, ...standing }: Standing & { revision: number },
  currency: string,
) => ({ job, queued: queue, revision, ...standingAnswer(standing), currency });
