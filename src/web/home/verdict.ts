import { element } from '../kit/element.ts';
import { redrawn } from '../kit/redraw.ts';
import { asSentence, clock, dayAndTime, duration } from './format.ts';
import type { Live } from './live.ts';
import type { Condition, Level, Pulse } from './pulse.ts';

const WORDS: Record<Level, string> = { green: 'All is well', amber: 'Look at this', red: 'Act now' };

/** The first thing to read: whether orders flow, what waits, and what to do. */
export function verdictView() {
  const words = element('span', { class: 'level' });
  const sentences = element('div', { class: 'sentences' });
  const note = element('p', { class: 'note', hidden: true });
  const conditions = element('ul', { class: 'conditions' });
  // What is read out loud changes with the level, or the reason for none, not with every second.
  const spoken = element('p', { class: 'unseen', role: 'status' });
  const section = element(
    'section',
    { class: 'verdict', 'data-level': 'none', 'aria-label': 'Whether orders flow' },
    element('div', { class: 'headline' }, words, note, sentences),
    conditions,
    spoken,
  );
  const showConditions = redrawn(conditions, (all: Condition[]) => all.map(conditionItem));
  let level: string | undefined;
  let why: string | undefined;
  return {
    section,
    show(live: Live) {
      const pulse = 'pulse' in live ? live.pulse : undefined;
      note.hidden = live.state !== 'stale';
      if (live.state === 'stale') note.replaceChildren(noteOf(live));
      const shown = live.state === 'ready' ? live.pulse.status.level : live.state;
      section.dataset.level = shown;
      words.replaceChildren(live.state === 'ready' ? wordOf(live.pulse) : 'Stale');
      words.hidden = !pulse;
      sentences.replaceChildren(...sentencesOf(live));
      showConditions(pulse ? unsaid(pulse) : []);
      const reason = live.state === 'stale' ? live.why : undefined;
      if (shown === level && reason === why) return;
      [level, why] = [shown, reason];
      spoken.replaceChildren((live.state === 'stale' ? note : sentences).textContent ?? '');
    },
  };
}

function sentencesOf(live: Live): HTMLElement[] {
  switch (live.state) {
    case 'loading':
      return [element('p', {}, 'Looking …')];
    case 'failed':
      return [
        element('p', {}, live.trouble.title),
        element('p', {}, `${asSentence(live.trouble.message)} This page tries again by itself.`),
      ];
    case 'locked':
      return [];
    default:
      return [
        ...(live.state === 'stale' ? timed(live.pulse) : live.pulse.status.sentences),
        ...(isNew(live.pulse)
          ? ['Put orders into the inbox, or let order-pipeline send put some there.']
          : []),
      ].map((sentence) => element('p', {}, sentence));
  }
}

/** Why nothing comes, and how old is what stands below: that goes on, whatever else stands still. */
function noteOf({ why, pulse, ageMs }: Extract<Live, { state: 'stale' }>): string {
  const reason = why === undefined ? '' : `${asSentence(why)} `;
  return `${reason}Nothing new since ${clock(pulse.at)} UTC, for ${duration(ageMs / 1_000)}. What follows is how it was then.`;
}

/** Sentences that hold later too. All ages in them are those of the newest order that was counted. */
function timed({ at, status, counted: { newest_at } }: Pulse): string[] {
  if (newest_at === null) return status.sentences;
  const [day = ''] = newest_at.split('T');
  const time = `at ${at.startsWith(day) ? '' : `${day} `}${clock(newest_at)} UTC`;
  return status.sentences.map((sentence) => sentence.replace(/\d+ (?:s|min|h|days) ago/, time));
}

/** Neither well nor wrong before anything has come. */
const wordOf = (pulse: Pulse): string =>
  isNew(pulse) && pulse.status.level === 'green' ? 'Waiting for the first order' : WORDS[pulse.status.level];

/** No order has ever ended here. */
export const isNew = ({ counted, failed }: Pulse): boolean => counted.orders === 0 && failed.orders === 0;

/** What the headline says already is not said twice. */
function unsaid({ status }: Pulse): Condition[] {
  const said = status.sentences.join(' ');
  return status.conditions.map((each) => (said.includes(each.sentence) ? { ...each, sentence: '' } : each));
}

const conditionItem = ({ level, sentence, advice, since }: Condition): HTMLElement =>
  element(
    'li',
    { 'data-level': level },
    sentence !== '' && element('strong', {}, sentence),
    ' ',
    advice,
    since !== null && element('span', { class: 'quiet' }, ` Since ${dayAndTime(since)} UTC.`),
  );
