import { element } from '../kit/element.ts';
import type { Loadable } from '../kit/loadable.ts';
import { kindOf } from '../kit/problem.ts';
import { inline } from '../kit/prose.ts';
import { viewOf } from '../kit/stateView.ts';

/** Every kind of problem, each at an address of its own: where the `type` of an answer leads. */
export function problemList(kinds: Loadable<readonly ProblemKind[]>, retry: () => void): HTMLElement {
  return element(
    'section',
    { class: 'problems', id: 'problems', 'aria-labelledby': 'problems-title', tabindex: -1 },
    element('h2', { id: 'problems-title' }, 'Problems'),
    element('p', { class: 'lead' }, 'What cannot be answered says why. These names never change.'),
    viewOf(kinds, {
      what: 'the kinds of problems',
      retry,
      ready: (all) => element('dl', {}, ...all.map(entry)),
    }),
  );
}

const entry = ({ kind, statuses, means }: ProblemKind): HTMLElement =>
  element(
    'div',
    { id: `problem-${kind}`, tabindex: -1 },
    element('dt', {}, element('code', {}, kind), element('span', { class: 'quiet' }, statuses.join(', '))),
    element('dd', {}, ...inline(means)),
  );

/** A kind of problem as `/problems` explains it. */
export interface ProblemKind {
  kind: string;
  statuses: readonly number[];
  means: string;
}

export const readProblemKinds = (
  answer: readonly { type: string; statuses: number[]; means: string }[],
): ProblemKind[] => answer.map(({ type, statuses, means }) => ({ kind: kindOf(type), statuses, means }));
