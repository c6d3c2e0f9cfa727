import { action, labelled } from '../kit/action.ts';
import { element, group } from '../kit/element.ts';
import { counted, money, whole } from '../kit/format.ts';
import { lineAt, type Places, placesIn } from '../kit/jsonPlaces.ts';
import { asTrouble } from '../kit/loadable.ts';
import { failure } from '../kit/stateView.ts';
import type { Checked, Issue, OrderStory } from './deskApi.ts';
import type { Desk } from './view.ts';
import { quoted, reasonInWords } from './words.ts';

/** So long after the last key; the answer to what was typed before is dropped. */
const PAUSE_MS = 250;

/** What somebody has typed and not saved, while the page is open: another view and Back must not cost it. */
const drafts = new Map<string, string>();

/**
 * One failed order as text. What is wrong is told by the server, by its rules and its ledger, while somebody types, and
 * stands at its line. `done` hears that it was saved.
 */
export function orderEditor(
  { api, signal }: Desk,
  { job, text: stored, revision }: OrderStory,
  done: () => void,
): HTMLElement {
  const asItIs = stored ?? '';
  const draft = `${job} ${revision}`;
  const area = element('textarea', {
    id: 'order-text',
    wrap: 'off',
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'none',
    dir: 'ltr',
    'aria-describedby': 'verdict',
    on: { input: () => typed() },
  });
  area.value = drafts.get(draft) ?? asItIs;
  const gutter = element('div', { class: 'gutter', 'aria-hidden': 'true' });
  area.addEventListener('scroll', () => {
    gutter.scrollTop = area.scrollTop;
  });
  const verdict = element('p', { class: 'verdict', id: 'verdict', role: 'status' });
  const list = element('ul', { class: 'issues', 'aria-label': 'What is wrong' });
  const trouble = element('div', {});
  const because = element('input', {
    id: 'edit-because',
    maxlength: 500,
    autocomplete: 'off',
    dir: 'auto',
    on: { input: () => mark() },
  });
  /** What the server says of the text as it is; undefined while it is not known. */
  let known: Checked | undefined;

  const save = (queue: boolean) => async () => {
    await api.edit(job, {
      text: area.value,
      revision: revision ?? 0,
      queue,
      because: because.value.trim(),
    });
    drafts.delete(draft);
    done();
  };
  const missing = element('p', { class: 'hint', id: 'edit-missing' });
  const described = { 'aria-describedby': 'edit-missing' };
  const queue = action('Save and queue', save(true), { class: 'main', ...described });
  const keep = action('Save only', save(false), described);
  const reset = element(
    'button',
    {
      type: 'button',
      on: {
        click: () => {
          area.value = asItIs;
          typed();
          area.focus();
        },
      },
    },
    'Undo all changes',
  );

  function mark(): void {
    const isChanged = area.value !== asItIs;
    const why = because.value.trim() === '' ? 'Say why first.' : '';
    const unqueued =
      known === undefined
        ? 'It is being checked.'
        : known.outcome === 'still fails'
          ? 'It can be queued once it passes.'
          : why;
    const unsaved = isChanged ? (known?.unsaved ?? why) : 'Nothing was changed.';
    queue.button.setAttribute('aria-disabled', String(unqueued !== ''));
    keep.button.setAttribute('aria-disabled', String(unsaved !== ''));
    reset.hidden = !isChanged;
    missing.replaceChildren(
      unqueued === unsaved
        ? unqueued
        : [unqueued, !isChanged || unsaved === why ? '' : unsaved].join(' ').trim(),
    );
  }

  function draw(): void {
    const places = placesIn(area.value);
    const found = (known?.issues ?? [])
      .map((issue) => ({ issue, line: lineOf(issue, places) }))
      .sort((a, b) => a.line - b.line);
    const wrong = new Set(found.map(({ line }) => line));
    const lines = area.value.split('\n').length;
    gutter.replaceChildren(
      ...Array.from({ length: lines }, (_, line) =>
        element('span', { class: wrong.has(line) && 'wrong' }, String(line + 1)),
      ),
    );
    area.rows = Math.min(Math.max(lines, FEWEST_ROWS), MOST_ROWS);
    area.setAttribute('aria-invalid', String(found.length > 0));
    verdict.replaceChildren(known ? inWords(known) : 'Checking …');
    verdict.dataset.outcome = known?.outcome ?? '';
    list.replaceChildren(...found.map(({ issue, line }) => issueItem(issue, line, () => goTo(line))));
    mark();
  }

  function goTo(line: number): void {
    const before = area.value.split('\n').slice(0, line + 1);
    const end = before.join('\n').length;
    area.focus();
    area.setSelectionRange(end - (before.at(-1)?.length ?? 0), end);
  }

  let asked = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  function typed(): void {
    known = undefined;
    drafts.set(draft, area.value);
    mark();
    clearTimeout(waiting);
    waiting = setTimeout(() => void check(), PAUSE_MS);
  }
  async function check(): Promise<void> {
    asked += 1;
    const mine = asked;
    const isMine = () => mine === asked && !signal.aborted;
    try {
      const found = await api.check(job, area.value);
      // What was typed meanwhile is asked for by itself.
      if (!isMine() || known) return;
      known = found;
      trouble.replaceChildren();
      draw();
    } catch (error) {
      if (!isMine()) return;
      verdict.replaceChildren('It could not be checked. Saving checks it again.');
      trouble.replaceChildren(failure(asTrouble(error), () => void check()));
    }
  }
  signal.addEventListener('abort', () => clearTimeout(waiting));
  draw();
  void check();

  return element(
    'form',
    {
      class: 'panel editor',
      'aria-label': 'Edit the order',
      on: { submit: (event) => event.preventDefault() },
    },
    element(
      'div',
      { class: 'head' },
      element('h3', {}, element('label', { for: area.id }, 'The order')),
      reset,
    ),
    element('div', { class: 'code' }, gutter, area),
    verdict,
    list,
    trouble,
    labelled('Why, or a ticket: kept in the audit log', because),
    element('div', { class: 'actions' }, queue.button, keep.button),
    missing,
    queue.said,
    keep.said,
  );
}

const FEWEST_ROWS = 6;
const MOST_ROWS = 32;

/** What is no JSON is wrong where it stops being that. */
const lineOf = ({ path }: Issue, places: Places): number =>
  path === '' && places.brokenAt !== undefined ? places.brokenAt : lineAt(places, path);

const issueItem = ({ reason, path, message }: Issue, line: number, go: () => void): HTMLElement =>
  element(
    'li',
    {},
    element('button', { type: 'button', class: 'small', on: { click: go } }, `Line ${line + 1}`),
    element(
      'span',
      {},
      path !== '' && group(quoted(path), ' '),
      element('bdi', {}, message === '' ? reasonInWords(reason) : withoutPath(message, path)),
    ),
  );

/** The path stands before it already. */
const withoutPath = (message: string, path: string): string =>
  path !== '' && message.startsWith(`${path} `) ? message.slice(path.length + 1) : message;

function inWords({ outcome, wrong, issues, money: amount, currency }: Checked): string {
  if (outcome === 'duplicate')
    return 'It passes. The ledger has counted this very order: it would end as a duplicate.';
  if (outcome === 'would count') return `It passes, and would count for ${money(amount ?? 0, currency)}.`;
  const more = wrong > issues.length ? `, of which the first ${whole(issues.length)} are told` : '';
  return `It would fail again: ${counted(wrong, 'thing')} ${wrong === 1 ? 'is' : 'are'} wrong${more}.`;
}
