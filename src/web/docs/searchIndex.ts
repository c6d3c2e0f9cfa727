import type { Found } from '../kit/searchBox.ts';
import { type Api, operationsOf } from './apiDocument.ts';
import type { ProblemKind } from './problemList.ts';

interface Entry extends Found {
  /** What it is called; a word found here counts more than one found in `text`. */
  name: string;
  text: string;
}

const MOST_FOUND = 12;

/** Everything that can be looked for: operations, their parameters, kinds of problems. */
export function searchIndex(api: Api, kinds: readonly ProblemKind[]): (text: string) => readonly Found[] {
  const entries = [...entriesOf(api), ...kinds.map(entryOfKind)];
  return (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return entries
      .map((entry) => ({ entry, score: scoreOf(entry, words) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, MOST_FOUND)
      .map(({ entry: { title, detail, sort, href } }) => ({ title, detail, sort, href }));
  };
}

function entriesOf(api: Api): Entry[] {
  const operations = operationsOf(api);
  return [
    ...operations.map(({ id, path, summary, description }) => ({
      title: summary,
      detail: path,
      sort: 'operation',
      href: `#${id}`,
      name: `${path} ${id} ${summary}`,
      text: description,
    })),
    ...operations.flatMap(({ id, path, parameters }) =>
      parameters.map(({ name, description }) => ({
        title: name,
        detail: path,
        sort: 'parameter',
        href: `#${id}-${name}`,
        name,
        text: `${path} ${description}`,
      })),
    ),
  ];
}

const entryOfKind = ({ kind, means }: ProblemKind): Entry => ({
  title: kind,
  detail: means.replaceAll('`', ''),
  sort: 'problem',
  href: `#problem-${kind}`,
  name: kind,
  text: `problem error ${means}`,
});

/** Zero unless every word is somewhere in it. */
function scoreOf({ name, text, sort }: Entry, words: readonly string[]): number {
  const scores = words.map((word) => {
    const at = name.toLowerCase().indexOf(word);
    if (at === -1) return text.toLowerCase().includes(word) ? 1 : 0;
    const beginsAWord = at === 0 || /[^a-z]/.test(name.toLowerCase().charAt(at - 1));
    return beginsAWord ? 4 : 2;
  });
  if (scores.includes(0)) return 0;
  // Of equals, what can be sent comes first.
  return scores.reduce((sum, each) => sum + each, sort === 'operation' ? 0.5 : 0);
}
