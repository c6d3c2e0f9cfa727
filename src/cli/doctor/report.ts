import { columns } from '../kit/print.ts';
import type { Finding } from './finding.ts';

const WORDS = { good: 'good', look: 'look', bad: 'BAD', unknown: '?' } as const;

/** Lines for people: what is wrong first, with what to type below it. */
export function reportText(findings: readonly Finding[]): string {
  const lines = columns(
    [...findings]
      .sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level))
      .flatMap(({ about, level, says, type }) => [
        [WORDS[level], about, says],
        ...(type === undefined ? [] : [['', '', `→ ${type}`]]),
      ]),
  );
  const count = (level: Finding['level']) => findings.filter((each) => each.level === level).length;
  return `${lines}\n\n${count('bad')} bad, ${count('look')} to look at, ${count('unknown')} unknown, ${count('good')} good\n`;
}

const ORDER = ['bad', 'look', 'unknown', 'good'];

export const reportJson = (result: string, findings: readonly Finding[]): string =>
  `${JSON.stringify({ result, findings })}\n`;
