import { element } from '../kit/element.ts';
import { counted, duration, money, percent, rate, whole } from '../kit/format.ts';
import type { History, Point, Pulse } from './pulse.ts';
import { sparkline } from './sparkline.ts';

interface Stage {
  name: string;
  /** The figure, and what it counts. */
  figure(pulse: Pulse): [figure: string, of: string];
  details(pulse: Pulse): (string | false)[];
  /** Of the last hour. */
  line(point: Point, minutes: number): number | null;
  /** Conditions that are about it. */
  concerns: readonly string[];
  /** Nobody does it at present. */
  isGone?(pulse: Pulse): string | undefined;
}

const STAGES: readonly Stage[] = [
  {
    name: 'Inbox',
    figure: ({ inbox }) =>
      inbox.seen_at === null ? ['–', 'not seen'] : [whole(inbox.visible), 'messages wait'],
    details: ({ inbox }) => [
      inbox.seen_at !== null && `${whole(inbox.in_flight)} in flight`,
      inbox.oldest_seconds !== null && `oldest ${duration(inbox.oldest_seconds)}`,
      inbox.dead_letters !== null && `${whole(inbox.dead_letters)} dead letters`,
    ],
    line: ({ inbox_visible }) => inbox_visible,
    concerns: ['dead_letters', 'oldest_message'],
  },
  {
    name: 'Bridge',
    figure: ({ bridge }) => [`${rate(bridge.per_second)}/s`, 'received'],
    details: ({ bridge }) => [
      bridge.paused_by.length > 0 && `paused: ${bridge.paused_by.join(', ')}`,
      bridge.calls_per_1000_orders !== null && `${whole(bridge.calls_per_1000_orders)} SQS calls per 1,000`,
      bridge.dollars_per_million_orders !== null &&
        `$${bridge.dollars_per_million_orders.toFixed(2)} per million`,
    ],
    line: ({ received }, minutes) => received / minutes,
    concerns: [
      'no_bridge',
      'bridge_blind',
      'bridge_unwell',
      'jobs_unsafe',
      'durability_lowered',
      'redis_memory',
    ],
    isGone: (pulse) => lastSeen(pulse, pulse.bridge.processes, ['bridge', 'all']),
  },
  {
    name: 'Queue',
    figure: ({ queue }) => [whole(queue.waiting), 'orders wait'],
    details: ({ queue }) => [
      queue.paused_since !== null && `paused by hand since ${queue.paused_since.slice(11, 16)}`,
      `${whole(queue.active)} in hand`,
      queue.delayed > 0 && `${whole(queue.delayed)} wait to be retried`,
      queue.oldest_seconds !== null && `oldest ${duration(queue.oldest_seconds)}`,
    ],
    line: ({ waiting }) => waiting,
    concerns: ['queue_paused', 'backlog_growing', 'nothing_counted'],
  },
  {
    name: 'Workers',
    figure: ({ workers }) => [percent(workers.busy_share), 'busy'],
    details: ({ workers }) => [
      counted(workers.processes, 'process', 'processes'),
      `${whole(workers.concurrency)} orders at once`,
      workers.retried_per_minute > 0 && `${counted(workers.retried_per_minute, 'retry', 'retries')} a minute`,
    ],
    line: ({ counted: all, duplicate, refused }, minutes) => (all + duplicate + refused) / minutes,
    concerns: ['no_worker', 'process_gone', 'refused_share', 'clock_wrong'],
    isGone: (pulse) => lastSeen(pulse, pulse.workers.processes, ['worker', 'all']),
  },
  {
    name: 'Counted',
    figure: ({ counted: { per_second } }) => [`${rate(per_second)}/s`, 'counted'],
    details: ({ counted: all, currency }) => [
      `${counted(all.orders, 'order')} in all`,
      money(all.revenue, currency),
      `${counted(all.users, 'user')}`,
    ],
    line: ({ counted: all }, minutes) => all / minutes,
    concerns: ['total_room'],
  },
];

/** The way of an order as boxes: what each stage does now, how it went in the last hour, and what is wrong with it. */
export function pathView() {
  const boxes = STAGES.map((stage) => {
    const figure = element('p', { class: 'figure' });
    const of = element('p', { class: 'of' });
    const line = element('div', { class: 'line' });
    const details = element('ul', { class: 'details' });
    const wrong = element('p', { class: 'wrong' });
    const box = element(
      'li',
      { class: 'box' },
      element('h3', {}, stage.name),
      element('div', { class: 'now' }, figure, of),
      line,
      details,
      wrong,
    );
    return { stage, box, figure, of, line, details, wrong };
  });
  return {
    section: element(
      'section',
      { 'aria-label': 'The way of an order' },
      element('ol', { class: 'path' }, ...boxes.map(({ box }) => box)),
    ),
    show(pulse: Pulse | undefined) {
      for (const { stage, box, figure, of, details, wrong } of boxes) {
        const [text, what] = pulse ? stage.figure(pulse) : ['–', ''];
        const gone = pulse && stage.isGone?.(pulse);
        const concern = pulse?.status.conditions.find(({ name }) => stage.concerns.includes(name));
        box.dataset.level = gone === undefined ? (concern?.level ?? 'none') : 'gone';
        figure.replaceChildren(text);
        of.replaceChildren(what);
        details.replaceChildren(
          ...(pulse ? stage.details(pulse) : [])
            .filter((each) => each !== false)
            .map((each) => element('li', {}, each)),
        );
        wrong.replaceChildren(gone ?? concern?.sentence ?? '');
      }
    },
    showHour({ points, step_seconds }: History) {
      for (const { stage, line } of boxes)
        line.replaceChildren(sparkline(points.map((point) => stage.line(point, step_seconds / 60))));
    },
  };
}

function lastSeen({ processes }: Pulse, running: number, roles: readonly string[]): string | undefined {
  if (running > 0) return undefined;
  const last = processes
    .filter(({ role }) => roles.includes(role))
    .map(({ last_seen_at }) => last_seen_at)
    .sort()
    .at(-1);
  return last === undefined ? 'None runs.' : `None runs, last seen ${last.slice(11, 19)} UTC.`;
}
