import { ask, askJson, Trouble } from '../kit/ask.ts';
import { chartView } from '../kit/chartView.ts';
import { download } from '../kit/download.ts';
import { element } from '../kit/element.ts';
import { dayAndTime, milliseconds, rate, whole } from '../kit/format.ts';
import { failure } from '../kit/stateView.ts';
import { table } from '../kit/table.ts';
import { CHARTS, drawnFrom } from './charts.ts';
import { orderDays } from './orderDays.ts';
import { type History, type Point, SPANS, type Span } from './pulse.ts';

/** How often each span is asked for again: no oftener than it has a new step. */
const AGAIN_MS: Record<Span, number> = { hour: 10_000, day: 60_000, month: 300_000 };

export interface ChartPanel {
  section: HTMLElement;
  /** Asks again, with the key there is now. */
  restart(): void;
}

/** What went on, over a span that stands in the address; as charts, as a table and as a file. */
export function chartPanel(
  root: string,
  keyOf: () => string,
  onHour: (history: History) => void,
  nowOf: () => string,
  isOpen: () => boolean,
): ChartPanel {
  const charts = CHARTS.map((chart) => ({
    chart,
    view: chartView({ ...chart, empty: 'Nothing in this time.' }),
  }));
  const days = orderDays(root, keyOf, nowOf, isOpen);
  const trouble = element('div', {});
  const rows = element('div', {});
  const details = element(
    'details',
    { class: 'numbers' },
    element('summary', {}, 'The same as a table'),
    rows,
  );
  const segments = Object.entries(SPANS).map(([span, title]) => {
    const input = element('input', {
      type: 'radio',
      name: 'span',
      value: span,
      on: { change: () => choose(span as Span) },
    });
    return { span, input, label: element('label', {}, input, title) };
  });
  const file = element(
    'button',
    { type: 'button', class: 'small', on: { click: () => void save() } },
    'Download CSV',
  );
  let history: History | undefined;

  const spanNow = (): Span => {
    const asked = new URLSearchParams(location.search).get('span') ?? '';
    return Object.hasOwn(SPANS, asked) ? (asked as Span) : 'hour';
  };
  const pathOf = (span: Span) => `${root}pulse/history?span=${span}`;

  const choose = (span: Span) => {
    const address = new URL(location.href);
    address.searchParams.set('span', span);
    window.history.replaceState(null, '', address);
    void look(true);
  };

  const look = async (isNew: boolean) => {
    const span = spanNow();
    for (const segment of segments) segment.input.checked = segment.span === span;
    try {
      const found = await askJson<History>(pathOf(span), { key: keyOf() });
      if (spanNow() !== span) return;
      history = found;
      trouble.replaceChildren();
      for (const { chart, view } of charts) view.show(drawnFrom(chart, found), isNew);
      if (details.open) list();
      if (span === 'hour') onHour(found);
      else onHour(await askJson<History>(pathOf('hour'), { key: keyOf() }));
    } catch (error) {
      // What went on before is still true; only where there is nothing yet, it is said.
      if (!history) trouble.replaceChildren(failure(error as Trouble, () => void look(true)));
    }
  };

  const list = () => {
    if (history) rows.replaceChildren(tableOf(history));
  };
  const save = async () => {
    try {
      const answer = await ask(pathOf(spanNow()), { accept: 'text/csv', key: keyOf() });
      if (!answer.ok)
        throw new Trouble(`${answer.status} ${answer.statusText}`, 'The file could not be made.');
      download(
        `order-pipeline-${spanNow()}-${new Date().toISOString().slice(0, 16)}.csv`,
        'text/csv',
        answer.text,
      );
    } catch (error) {
      trouble.replaceChildren(failure(error as Trouble, () => void save()));
    }
  };

  details.addEventListener('toggle', list);
  let due = 0;
  setInterval(() => {
    if (document.hidden || performance.now() < due || !isOpen()) return;
    due = performance.now() + AGAIN_MS[spanNow()];
    void look(false);
  }, 1_000);

  const section = element(
    'section',
    { 'aria-labelledby': 'lately' },
    element(
      'div',
      { class: 'head' },
      element('h2', { id: 'lately' }, 'Lately'),
      element(
        'fieldset',
        { class: 'choice spans' },
        element('legend', { class: 'unseen' }, 'How far back'),
        element('div', { class: 'segments' }, ...segments.map(({ label }) => label)),
      ),
      file,
    ),
    trouble,
    element('div', { class: 'charts' }, ...charts.map(({ view }) => view.figure), ...days.figures),
    days.trouble,
    details,
    days.details,
  );
  return {
    section,
    restart() {
      void look(!history);
      days.restart();
    },
  };
}

/** Steps in which nothing happened say nothing. */
const isBusy = (point: Point): boolean =>
  point.received + point.counted + point.duplicate + point.refused > 0;

function tableOf({ points }: History): HTMLElement {
  const orDash = (value: number | null, write: (value: number) => string) =>
    value === null ? '–' : write(value);
  return table<Point>({
    label: 'What went on, step by step, newest first',
    rows: points.filter(isBusy).reverse(),
    empty: 'Nothing in this time.',
    columns: [
      { title: 'From (UTC)', cell: ({ time }) => `${dayAndTime(time)}:${time.slice(17, 19)}` },
      { title: 'Received', isNumber: true, cell: ({ received }) => whole(received) },
      { title: 'Counted', isNumber: true, cell: ({ counted }) => whole(counted) },
      { title: 'Duplicates', isNumber: true, cell: ({ duplicate }) => whole(duplicate) },
      { title: 'Refused', isNumber: true, cell: ({ refused }) => whole(refused) },
      { title: 'Revenue', isNumber: true, cell: ({ revenue }) => rate(revenue) },
      {
        title: '99 % within',
        isNumber: true,
        cell: ({ latency_p99_ms }) => orDash(latency_p99_ms, milliseconds),
      },
      { title: 'In the queue', isNumber: true, cell: ({ waiting }) => orDash(waiting, whole) },
    ],
  });
}
