import { digestOf, identityOf } from '../../orders/identity.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import type { Order } from '../../orders/order.ts';
import { judgeJob } from '../../queue/judgeJob.ts';
import { digestsInLedger, type InLedger } from '../../stats/read/lookInLedger.ts';
import { conflictOf, type TryParts } from '../runs/tryRecipe.ts';
import type { KeptIssue } from './keptOrder.ts';

/** What data would end with if it ran now. */
export type Outcome =
  | { outcome: 'would count' | 'duplicate' }
  | { outcome: 'still fails'; issues: KeptIssue[] };

export type Judged = { order: Order } | { issues: KeptIssue[] };

/** By the rules as they are today. */
export function judge(data: unknown, addedAt: number, { rules }: Pick<TryParts, 'rules'>): Judged {
  try {
    return { order: judgeJob(data, addedAt, rules) };
  } catch (error) {
    if (!(error instanceof InvalidOrder)) throw error;
    return { issues: error.issues.map(({ code: reason, path, message }) => ({ reason, path, message })) };
  }
}

/** By the ledger too: `isSame` says whether it holds what was counted under its name; undefined when nothing was. */
export function outcomeOf(judged: Judged, isSame: boolean | undefined): Outcome {
  if ('issues' in judged) return { outcome: 'still fails', issues: judged.issues };
  if (isSame !== false) return { outcome: isSame ? 'duplicate' : 'would count' };
  const { reason, path, why: message } = CONFLICT;
  return { outcome: 'still fails', issues: [{ reason: reason as KeptIssue['reason'], path, message }] };
}

const CONFLICT = conflictOf('other') as NonNullable<ReturnType<typeof conflictOf>>;

export interface Standing {
  outcome: Outcome['outcome'];
  /** All that is wrong, each at its place. */
  issues: KeptIssue[];
  /** What the ledger of its user's partition says; undefined when it does not pass the rules. */
  ledger: InLedger | undefined;
  /** What it counts for, when it passes the rules. */
  minorUnits: number | undefined;
}

/** What would become of data that ran now, by the rules and by the ledger. Reads only. */
export async function standingOf(
  parts: Pick<TryParts, 'redis' | 'partitions' | 'rules' | 'ledgerRetentionDays'>,
  data: unknown,
  addedAt: number,
): Promise<Standing> {
  const judged = judge(data, addedAt, parts);
  const order = 'order' in judged ? judged.order : undefined;
  const isSame = order && (await isCounted(parts, order));
  const ended = outcomeOf(judged, isSame);
  return {
    outcome: ended.outcome,
    issues: 'issues' in ended ? ended.issues : [],
    ledger: order && (isSame === undefined ? 'absent' : isSame ? 'same' : 'other'),
    minorUnits: order?.minorUnits,
  };
}

/** Undefined when nothing was counted under its name. */
async function isCounted(
  { redis, partitions, ledgerRetentionDays: retentionDays }: Parameters<typeof standingOf>[0],
  order: Order,
): Promise<boolean | undefined> {
  const home = partitions.of(order.userId);
  const [counted] = await digestsInLedger(redis, home, [identityOf(order)], { retentionDays });
  return counted?.equals(digestOf(order));
}
