import type { Total } from '../../src/cli/send/expected.ts';
import type { Api } from './api.ts';
import type { Cast } from './cast.ts';
import type { Model, Refusal } from './model.ts';
import { messageOf } from './operator.ts';
import type { JobsFound, Reality } from './reality.ts';
import type { Repairer, RepairRun } from './repairer.ts';

/** Something that is not as the model says. `orders` is how many are concerned, 0 where only an amount is off. */
export interface Difference {
  kind: 'lost' | 'double' | 'wrong';
  orders: number;
  what: string;
}

export interface CompareOptions {
  model: Model;
  cast: Pick<Cast, 'history'>;
  api: Api;
  reality: Reality;
  repairer: Repairer;
  /** No failover has undone anything. */
  isOneRedis: boolean;
  /** Completed jobs that are kept: all of them, or too few to tell by. */
  keepsCompleted: boolean;
  /** UTC days of the run: the one it began on and the one it ended on. Undated orders are on either. */
  today: readonly [string, string];
}

/** Everything in which the product differs from the model. */
export async function compare(options: CompareOptions): Promise<Difference[]> {
  const { model, api, reality, keepsCompleted, today } = options;
  const { counted, users, days, undated, duplicates } = model.expected;
  const found: Difference[] = [];
  const same = (what: string, expected: Total, actual: Total | undefined) => {
    found.push(...totalsDiffer(what, expected, actual ?? { orders: 0, cents: 0 }));
  };

  same('global', counted, await api.global());

  const told = await api.users();
  for (const userId of new Set([...users.keys(), ...told.totals.keys()])) {
    const expected = users.get(userId) ?? { orders: 0, cents: 0 };
    same(`user ${userId} in the top lists`, expected, told.totals.get(userId));
    same(`user ${userId}`, expected, await api.user(userId));
  }
  sameOrder(found, 'top spenders', ranked(users, 'cents'), told.spenders);
  sameOrder(found, 'top buyers', ranked(users, 'orders'), told.buyers);

  const byDay = [...days].map(async ([day, expected]) =>
    same(`day ${day}`, expected, await api.days(day, day)),
  );
  await Promise.all(byDay);
  same('days without a timestamp', undated, await api.days(...today));
  same('all days', counted, await api.days('0001-01-01', '9999-12-31'));

  const ledger = await reality.ledger();
  same('ledger', { orders: counted.orders, cents: 0 }, { orders: ledger.entries, cents: 0 });
  if (ledger.duplicates < duplicates) {
    found.push(wrong(`${duplicates} re-sent orders, but ${ledger.duplicates} recognised duplicates`));
  }
  for (const difference of await reality.unlike()) found.push(wrong(`verify: ${difference}`));
  const kept = await options.cast.history.read();
  same('history', counted, kept);
  if (kept.strange > 0)
    found.push(wrong(`${kept.strange} rows of the history say that it is not what counted`));
  if (kept.withoutItems > 0) found.push(wrong(`${kept.withoutItems} orders of the history have no items`));
  if (options.isOneRedis) {
    for (const run of await options.repairer.runs()) found.push(...runDiffers(run, keepsCompleted));
  }
  found.push(...jobsDiffer(model, await reality.jobs(), keepsCompleted));
  return found;
}

const wrong = (what: string, orders = 0): Difference => ({ kind: 'wrong', orders, what });

function totalsDiffer(what: string, expected: Total, actual: Total): Difference[] {
  if (expected.orders === actual.orders && expected.cents === actual.cents) return [];
  const text = `${what}: expected ${expected.orders} orders of ${expected.cents} cents, found ${actual.orders} of ${actual.cents}`;
  const missing = expected.orders - actual.orders;
  if (missing === 0) return [wrong(text)];
  return [{ kind: missing > 0 ? 'lost' : 'double', orders: Math.abs(missing), what: text }];
}

/** Ties go by the bytes of the user id, descending, as Redis has them. */
function ranked(users: ReadonlyMap<string, Total>, by: 'orders' | 'cents'): string[] {
  return [...users]
    .sort(([oneId, one], [otherId, other]) => other[by] - one[by] || (oneId < otherId ? 1 : -1))
    .map(([userId]) => userId);
}

function sameOrder(found: Difference[], what: string, expected: string[], actual: string[]): void {
  if (expected.join() !== actual.join()) found.push(wrong(`${what}: expected ${expected}, found ${actual}`));
}

function jobsDiffer(model: Model, jobs: JobsFound, keepsCompleted: boolean): Difference[] {
  const found = jobs.limbo.map((id) => wrong(`job ${id} is neither completed nor failed`, 1));
  const failed = jobs.failed.map(({ id, reason }) => ({ message: messageOf(id), reason }));
  const expected = new Set(model.refusals.flatMap(({ messages }) => messages));
  for (const { message, reason } of failed) {
    if (!expected.has(message)) found.push(wrong(`message ${message} failed: ${reason}`, 1));
  }
  for (const refusal of model.refusals) {
    found.push(...refusalDiffers(refusal, failed, keepsCompleted));
  }
  if (!keepsCompleted) return found;
  const ended = new Set([...failed.map(({ message }) => message), ...jobs.completed.map(messageOf)]);
  for (const message of model.bodies.keys()) {
    if (!ended.has(message)) found.push({ kind: 'lost', orders: 1, what: `message ${message} has no job` });
  }
  return found;
}

/** One whose beginning was cut short is ended by those who drive runs: it has sent nothing. */
function runDiffers(run: RepairRun, keepsCompleted: boolean): Difference[] {
  const { todo, sent, under_way, ended, failed_again, left, gone } = run.counts;
  if (run.state === 'cancelled' && sent + under_way + ended + failed_again + left + gone === 0) return [];
  const told = `run of repairs ${run.run}: ${JSON.stringify(run)}`;
  if (run.state === 'preparing') return sent > 0 ? [wrong(`${told} has sent`, sent)] : [];
  const isWhole =
    todo + under_way === 0 && sent + left + gone === run.orders && ended + failed_again === sent;
  // What is delivered again after its job is forgotten fails under the same name.
  const mayFail = !keepsCompleted;
  return run.state === 'done' && isWhole && (mayFail || failed_again === 0) ? [] : [wrong(told)];
}

/**
 * Once its completed job is forgotten, a message delivered again is refused again, whatever was made of it before:
 * then a repaired one may stand there a second time, which counts nothing.
 */
function refusalDiffers(
  { messages, repaired }: Refusal,
  failed: { message: string; reason: string }[],
  keepsCompleted: boolean,
): Difference[] {
  const times = failed.filter(({ message }) => messages.includes(message)).length;
  const most = repaired && keepsCompleted ? 0 : 1;
  const least = repaired ? 0 : 1;
  if (times >= least && times <= most) return [];
  const what = `message ${messages.join(' or ')} is refused ${times} times, ${repaired ? 'though repaired' : 'not once'}`;
  return [times < least ? { kind: 'lost', orders: 1, what } : wrong(what, 1)];
}
