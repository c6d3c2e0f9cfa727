import type { AuditChange } from '../../audit/changes.ts';
import { formatMinorUnits, toJsonAmount } from '../../orders/money.ts';
import type { Delivery, Story } from './story.ts';

/** The story as the API and the command tell it. */
export function storyAnswer(story: Story) {
  const { names, ledger, countedAt, deliveries } = story;
  return {
    order_id: names?.orderId ?? null,
    user_id: names?.userId ?? null,
    kept: deliveries.length > 0,
    counted: ledger?.counted ?? null,
    money: ledger?.minorUnits === undefined ? null : toJsonAmount(ledger.minorUnits),
    counted_at: countedAt ?? null,
    ledger_remembers_days: ledger?.remembersDays ?? null,
    duplicates: deliveries.filter(({ ended }) => ended?.outcome === 'duplicate').length,
    sentence: sentence(story),
    deliveries: deliveries.map(deliveryAnswer),
  };
}

export const changeAnswer = (change: AuditChange) => ({
  id: change.id,
  at: change.at,
  who: change.who,
  action: change.action,
  partition: change.partition ?? null,
  job: change.job ?? null,
  filter: change.filter ?? null,
  count: change.count ?? null,
  reason: change.reason ?? null,
  run: change.run ?? null,
  before: change.before ?? null,
  after: change.after ?? null,
  result: change.result ?? null,
  why: change.why ?? null,
  ended_at: change.endedAt ?? null,
});

function deliveryAnswer(delivery: Delivery) {
  const { refused, edits, now, ended } = delivery;
  return {
    job: delivery.job,
    partition: delivery.partition,
    state: delivery.state,
    received_at: delivery.receivedAt,
    message: delivery.message ?? null,
    tries: delivery.tries,
    refused: refused
      ? { first_at: refused.firstAt ?? null, sentence: refused.sentence, issues: refused.issues }
      : null,
    edits: edits.map(({ by, ...edit }) => ({ ...edit, by: by as AuditChange['who'] })),
    now: now ? { outcome: now.outcome, issues: 'issues' in now ? now.issues : [] } : null,
    ended: ended ? { outcome: ended.outcome as Ending, at: ended.at ?? null } : null,
    same_as_counted: delivery.sameAsCounted ?? null,
    data: delivery.data ?? null,
    original: delivery.original ?? null,
    changes: delivery.changes.map(changeAnswer),
  };
}

type Ending = 'counted' | 'duplicate' | 'moved' | 'completed' | 'gone';

function sentence({ names, ledger, countedAt, deliveries }: Story): string {
  if (names === undefined || ledger === undefined) {
    return deliveries.length === 0
      ? 'Not kept: no job and no repair of this id is there. Ask by user and order id what the ledger says.'
      : 'Nobody can read which order this is, so the ledger cannot be asked.';
  }
  const order = `Order ${names.orderId} of user ${names.userId}`;
  if (ledger.counted) {
    const value = ledger.minorUnits === undefined ? '' : ` for ${formatMinorUnits(ledger.minorUnits)}`;
    const when = countedAt === undefined ? '; when is not kept' : ` on ${inWords(countedAt)}`;
    return `${order} was counted${value}${when}.`;
  }
  if (countedAt !== undefined) {
    return `${order} was counted on ${inWords(countedAt)}; the ledger has forgotten it, after ${ledger.remembersDays} days.`;
  }
  const waits = deliveries.filter(({ ended }) => ended === undefined).map(({ state }) => state);
  const rest =
    deliveries.length === 0
      ? 'and nothing of it is kept'
      : waits.length === 0
        ? 'and none of its messages waits'
        : waits.every((state) => state === 'failed' || state === 'aside')
          ? 'and waits for an operator'
          : 'and is on its way';
  return `${order} was not counted in the last ${ledger.remembersDays} days, ${rest}.`;
}

/** `2026-05-01T10:00:00.000Z` → `2026-05-01 at 10:00:00 UTC` */
const inWords = (iso: string): string => `${iso.slice(0, 10)} at ${iso.slice(11, 19)} UTC`;
