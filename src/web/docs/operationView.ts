import { showAddress } from '../kit/address.ts';
import { download } from '../kit/download.ts';
import { element, group } from '../kit/element.ts';
import { problemOf } from '../kit/problem.ts';
import { prose } from '../kit/prose.ts';
import { emptiness, viewOf } from '../kit/stateView.ts';
import type { Store } from '../kit/store.ts';
import { answerView } from './answerView.ts';
import type { Operation } from './apiDocument.ts';
import { documentedAnswers } from './documentedAnswers.ts';
import { defaultsOf, type Values } from './filledIn.ts';
import type { Format } from './request.ts';
import { requestForm } from './requestForm.ts';
import type { Settings } from './settings.ts';
import { snippetPanel } from './snippetPanel.ts';
import { makeTrial, type Trial } from './trial.ts';

export interface Surroundings {
  /** Where the API begins, without a slash behind it and without a version. */
  origin: string;
  settings: Store<Settings>;
  askForKey(): void;
}

export interface OperationView {
  section: HTMLElement;
  /** Fills the form as an address says. Nothing is sent: only a reader does that. */
  fill(values: Values): void;
}

/** One operation: what it does, a form to try it, the request as a program, and what came back. */
export function operationView(
  operation: Operation,
  { origin, settings, askForKey }: Surroundings,
): OperationView {
  const { id } = operation;
  // What needs a body is not tried from here.
  const isRead = operation.method === 'GET';
  const trial = makeTrial(operation, origin, settings);
  const send = async (format?: Format) => {
    form.complain([]);
    const answer = await trial.send(format);
    form.complain(answer && problemOf(answer.headers.get('content-type') ?? '', answer.text)?.errors);
    return answer;
  };
  const form = requestForm(operation, {
    changed(values) {
      trial.change({ values });
      showAddress({ name: id, values });
    },
    formatChanged: (format) => trial.change({ format }),
    send: () => void send(),
    async downloadCsv() {
      const answer = await send('csv');
      if (answer?.ok) download(csvName(operation, trial.state.now.values), 'text/csv', answer.text);
    },
  });
  const snippets = snippetPanel(id, settings);
  const showing = answerPanel(id, trial, () => void send(), askForKey);

  trial.state.watch(({ values }) => values, form.fill);
  trial.state.watch(({ answer }) => answer.state === 'loading', form.setBusy);
  const showRequest = () => snippets.show(trial.request());
  trial.state.watch(({ values }) => values, showRequest);
  trial.state.watch(({ format }) => format, showRequest);
  settings.watch(({ prefix }) => prefix, showRequest);
  settings.watch(({ key }) => key === '', showRequest);

  const section = element(
    'section',
    { class: 'operation', id, 'aria-labelledby': `${id}-title`, tabindex: -1 },
    element(
      'div',
      { class: 'asking' },
      title(operation),
      ...prose(operation.description),
      ...(isRead ? [form.form] : []),
      documentedAnswers(operation),
    ),
    ...(isRead ? [element('div', { class: 'showing' }, snippets.panel, showing)] : []),
  );
  return {
    section,
    fill: (values) => trial.change({ values: { ...defaultsOf(operation, new Date()), ...values } }),
  };
}

/** The last answer in whatever state it is. */
function answerPanel(
  id: string,
  { state, change }: Trial,
  send: () => void,
  askForKey: () => void,
): HTMLElement {
  const panel = element('div', { class: 'panel' });
  const tab = { chosen: 'body' };
  const nextPage = (cursor: string) => {
    change({ values: { ...state.now.values, cursor } });
    send();
  };
  state.watch(
    ({ answer }) => answer,
    (answer) => {
      const shown = viewOf(answer, {
        what: 'the answer',
        idle: () => emptiness('Send, and the answer is shown here.'),
        ready: (value) => answerView(id, value, { nextPage, askForKey, tab }),
        retry: send,
      });
      panel.replaceChildren(group(shown));
      // On a narrow screen it stands below the form, out of sight of whoever pressed Send.
      if (answer.state !== 'idle') panel.scrollIntoView({ block: 'nearest' });
    },
  );
  return panel;
}

function title({ id, method, path, summary }: Operation): HTMLElement {
  const parts = path.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? element('b', {}, part) : part));
  return element(
    'div',
    { class: 'title' },
    element('h3', { id: `${id}-title` }, element('a', { href: `#${id}` }, summary)),
    element('p', { class: 'path' }, element('span', { class: 'method' }, method), ' ', ...parts),
  );
}

/** `top-spenders-2026-01-01-2026-01-31.csv`: what is in it can still be told when it lies in a folder of downloads. */
function csvName({ path }: Operation, { start_date, end_date }: Values): string {
  return `${[path.split('/').at(-1), start_date, end_date].filter(Boolean).join('-')}.csv`;
}
