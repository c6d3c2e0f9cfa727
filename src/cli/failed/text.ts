import type { Looked } from '../../desk/causes/proposal.ts';
import type { autoAnswer } from '../../desk/orders/autoAnswers.ts';
import type { checkAnswer, editAnswer } from '../../desk/orders/editAnswers.ts';
import type { attempt, failureAnswer, groups } from '../../desk/orders/reads.ts';
import type { receiptAnswer, runAnswer } from '../../desk/orders/runAnswers.ts';
import type { Recipe } from '../../desk/recipes/recipe.ts';
import type { SavedRecipe } from '../../desk/saved/savedRecipes.ts';
import { columns, money, whole } from '../kit/print.ts';

/** Units of the currency, as the answers have them. */
const amount = (units: number): string => money(Math.round(units * 100));
const day = (at: string): string => `${at.slice(0, 16)}Z`;

export function groupsText(found: Awaited<ReturnType<typeof groups>>): string {
  if (found.orders === 0) return 'Nothing has failed';
  const rows = found.groups.map((each) => [
    each.cause,
    each.reason,
    each.path,
    each.shape,
    whole(each.orders),
    whole(each.users),
    amount(each.money),
    `${day(each.first_seen)}${each.new ? ' new' : ''}`,
    day(each.last_seen),
    each.hold === null ? '' : `${each.hold.over ? 'was held' : 'on hold'}: ${each.hold.because}`,
  ]);
  const head = ['cause', 'reason', 'at', 'looks like', 'orders', 'users', 'money', 'first', 'last', ''];
  const held = found.held === 0 ? '' : `\n${whole(found.held)} causes are on hold: --held only shows them`;
  return `${columns([head, ...rows], [4, 5, 6])}\n\n${whole(found.orders)} orders have failed, worth ${amount(found.money)}${held}`;
}

export function listText(orders: readonly ReturnType<typeof failureAnswer>[]): string {
  if (orders.length === 0) return 'None matches';
  const rows = orders.map((each) => [
    each.job,
    each.order_id,
    each.user_id,
    each.money === null ? '' : amount(each.money),
    day(each.first_failed_at),
    each.issues.map(({ reason, path }) => `${reason} at ${path || 'the order'}`).join('; ') || 'fault',
  ]);
  return columns([['job', 'order', 'user', 'money', 'first failed', 'why'], ...rows], [3]);
}

export function proposedText({ proposal, features }: Looked): string {
  const rows = features.map(({ name, value, orders, of }) => [name, value, `${orders} of ${of}`]);
  return [
    proposal
      ? `Recipe: ${JSON.stringify(proposal.recipe)}\nOf ${proposal.of} orders looked at ${proposal.passes} pass with it`
      : 'No recipe is known that would help',
    rows.length === 0
      ? 'Most of them share nothing'
      : `Most of them share:\n${columns([['what', 'value', 'orders'], ...rows], [2])}`,
  ].join('\n');
}

export function triedText(
  recipe: Recipe | undefined,
  { orders, would_count, duplicates, still_fail, diffs }: Awaited<ReturnType<typeof attempt>>,
): string {
  return [
    ...(recipe ? [`Recipe: ${JSON.stringify(recipe)}`] : []),
    `Of ${whole(orders)} orders ${whole(would_count.orders)} would count, worth ${amount(would_count.money)}; ` +
      `${whole(duplicates.orders)} are duplicates; ${whole(still_fail.orders)} would fail again`,
    ...still_fail.reasons.map(
      ({ reason, path, orders: count, example }) =>
        `  ${whole(count)}  ${reason} at ${path || 'the order'}: ${example}`,
    ),
    ...diffs.flatMap(({ order_id, changes, outcome }) => [
      `order ${order_id}, ${outcome}:`,
      ...changes.map(
        ({ path, before, after }) => `  ${path}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`,
      ),
    ]),
  ].join('\n');
}

type RunAnswer = ReturnType<typeof runAnswer>;

const countsText = ({ state, counts }: RunAnswer): string =>
  `${whole(counts.sent)} sent, ${whole(counts.ended)} ended, ${whole(counts.failed_again)} failed again, ` +
  `${whole(counts.left)} left alone, ${whole(counts.gone)} gone, ${whole(counts.todo)} ${state === 'cancelled' ? 'not sent' : 'to come'}`;

export const runText = (run: RunAnswer): string =>
  `Run ${run.run} is ${run.state}${run.why ? ` (${run.why})` : ''}: ${countsText(run)}`;

export function runsText(runs: readonly RunAnswer[]): string {
  if (runs.length === 0) return 'There was no run';
  const rows = runs.map((run) => [
    run.run,
    day(run.at),
    run.who.name ?? run.who.kind,
    run.state,
    whole(run.orders),
    countsText(run),
  ]);
  return columns([['run', 'when', 'who', 'state', 'orders', ''], ...rows], [4]);
}

export function receiptText({ run, money: sums, states }: ReturnType<typeof receiptAnswer>): string {
  return [
    runText(run),
    `${whole(states.counted)} counted, ${whole(states.duplicate)} were duplicates, ${whole(states.failed_again)} failed again, ` +
      `${whole(states.under_way)} are under way, ${whole(states.left)} were left alone`,
    `Money: ${amount(sums.before)} before + ${amount(sums.repaired)} repaired + ${amount(sums.elsewhere)} by others = ${amount(sums.after)} now`,
  ].join('\n');
}

export function recipesText(saved: readonly SavedRecipe[]): string {
  if (saved.length === 0) return 'No recipe is saved';
  const rows = saved.map(({ name, version, by, at, because, recipe }) => [
    `${name}@${version}`,
    day(at),
    by.name ?? by.kind,
    because,
    JSON.stringify(recipe),
  ]);
  return columns([['name', 'saved', 'who', 'because', 'recipe'], ...rows], []);
}

export function autoText(all: readonly ReturnType<typeof autoAnswer>[]): string {
  if (all.length === 0) return 'No recipe stands for a cause';
  const rows = all.map((each) => [
    each.cause,
    each.reason,
    each.path,
    each.recipe_name,
    each.state === 'stopped' ? `stopped: ${each.why}` : each.state,
    each.by.name ?? each.by.kind,
    each.because,
    `${whole(each.counted)} of ${whole(each.tried)}`,
    `${whole(each.sent_last_hour)} of ${whole(each.per_hour)}`,
    `${whole(each.sent_last_day)} of ${whole(each.per_day)}`,
  ]);
  const head = [
    'cause',
    'reason',
    'at',
    'recipe',
    'state',
    'who',
    'because',
    'counted',
    'this hour',
    'this day',
  ];
  return columns([head, ...rows], [7, 8, 9]);
}

export const movedText = (what: string, { orders, gone }: { orders: number; gone: number }): string =>
  `${whole(orders)} orders were ${what}${gone > 0 ? `; ${whole(gone)} were gone by then` : ''}`;

type Checked = ReturnType<typeof checkAnswer>;

/** What would become of one order, and each thing that is wrong with it. */
export function standingText({ outcome, issues, wrong, money }: Omit<Checked, 'unsaved'>): string {
  if (outcome !== 'still fails')
    return `It ${outcome === 'duplicate' ? 'is a duplicate' : `would count, for ${amount(money ?? 0)}`}`;
  const lines = issues.map(
    ({ reason, path, message }) => `  ${reason} at ${path || 'the order'}: ${message}`,
  );
  const more = wrong - issues.length;
  return ['It would fail again:', ...lines, ...(more > 0 ? [`  and ${whole(more)} more`] : [])].join('\n');
}

export const editedText = (edited: ReturnType<typeof editAnswer>): string =>
  edited.queued
    ? `Saved, and given to the workers: as it is, it counts for ${amount(edited.money ?? 0)}, or is a duplicate`
    : `Saved; it stays failed until it is retried. ${standingText(edited)}`;
