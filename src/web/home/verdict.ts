import { element } from '../kit/element.ts';
import { asSentence, clock, dayAndTime, duration } from '../kit/format.ts';
import { redrawn } from '../kit/redraw.ts';
import type { Live } from './live.ts';
import type { Condition, Level, Pulse } from './pulse.ts';

const WORDS: Record<Level, string> = { green: 'All is well', amber: 'Look at this', red: 'Act now' };

/** The first thing to read: whether orders flow, what waits, and what to do. */
/** `desk`: where what waits is repaired. */
export function verdictView(desk: string) {
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
      showSentences(sentences, sentencesOf(live), desk);
      showConditions(pulse ? unsaid(pulse) : []);
      const reason = live.state === 'stale' ? live.why : undefined;
      if (shown === level && reason === why) return;
      [level, why] = [shown, reason];
      spoken.replaceChildren((live.state === 'stale' ? note : sentences).textContent ?? '');
    },
  };
}

/** What waits leads to where it is repaired. A link that is there stays the one it was: somebody may be on it. */
function showSentences(place: HTMLElement, sentences: readonly string[], desk: string): void {
  for (const [at, sentence] of sentences.entries()) {
    const isLink = / for you\b/.test(sentence);
    const there = place.children[at];
    const drawn = there && (there.firstElementChild !== null) === isLink ? there : undefined;
    const line = drawn ?? element('p', {}, isLink && element('a', { href: desk }));
    const words = line.firstElementChild ?? line;
    if (words.textContent !== sentence) words.textContent = sentence;
    if (line === drawn) continue;
    if (there) there.replaceWith(line);
    else place.append(line);
  }
  while (place.children.length > sentences.length) place.lastElementChild?.remove();
}

function sentencesOf(live: Live): string[] {
  switch (live.state) {
    case 'loading':
      return ['Looking …'];
    case 'failed':
      return [live.trouble.title, `${asSentence(live.trouble.message)} This page tries again by itself.`];
    case 'locked':
      return [];
    default:
      return [
        ...(live.state === 'stale' ? timed(live.pulse) : live.pulse.status.sentences),
        ...(isNew(live.pulse)
          ? ['Put orders into the inbox, or let order-pipeline send put some there.']
          : []),
      ];
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
