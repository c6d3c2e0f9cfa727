import type { Fix, Severity } from '../../quality/finding.ts';

/** How grave a finding is; `error` is a refusal. */
export type Grade = Severity | 'error';

/** The least grave first. */
export const GRADES: readonly Grade[] = ['info', 'warn', 'hold', 'error'];

export const isAtLeast = (grade: Grade, least: Grade): boolean =>
  GRADES.indexOf(grade) >= GRADES.indexOf(least);

/** One finding of a file, as `--json` prints it. */
export interface InspectedFinding {
  /** From 1; in a table the header is 1. */
  line: number;
  /** Where in the order; `''` for the order as a whole. */
  path: string;
  rule: string;
  severity: Grade;
  observed: string;
  expected: string;
  /** The edits that together would mend it; null where none is known that would. */
  fix: readonly Fix[] | null;
}

/** What is alike: findings of one rule that are grouped under one key. */
export interface InspectedGroup {
  rule: string;
  key: string;
  severity: Grade;
  count: number;
  fixes: number;
  /** The first few. */
  findings: InspectedFinding[];
  /** The orders of these as they were sent, by line. */
  orders: Map<number, unknown>;
}

export interface Inspected {
  /** Records of the file. */
  orders: number;
  /** Records with findings of this grade and none graver; the rest are clean. */
  worst: Record<Grade, number>;
  /** The same order once more: it would count once. */
  duplicates: number;
  /** Findings by grade. */
  findings: Record<Grade, number>;
  /** The most grave first, then those of the most findings. */
  groups: InspectedGroup[];
  /** Findings of groups for which there was no room. */
  ungrouped: number;
  /** Findings by rule. */
  rules: { rule: string; severity: Grade; orders: number; findings: number }[];
  /** Checks that threw, and how often. */
  faults: ReadonlyMap<string, number>;
  /** The command was stopped before the end of the file. */
  isPart: boolean;
  /** Lines of orders that were judged, and of them those whose product the file has often enough. */
  warmth: { lines: number; warmLines: number };
}

const noneOf = (): Record<Grade, number> => ({ info: 0, warn: 0, hold: 0, error: 0 });

const FINDINGS_KEPT = 5;
const MOST_GROUPS = 2_000;

/** Adds up what is found; memory is bounded, however much that is. */
export function tally() {
  const groups = new Map<string, InspectedGroup>();
  const rules = new Map<string, Inspected['rules'][number]>();
  const [worst, findings] = [noneOf(), noneOf()];
  let [orders, duplicates, ungrouped] = [0, 0, 0];

  const group = (key: string, found: InspectedFinding, sent: unknown) => {
    const name = `${found.rule}\0${key}`;
    let one = groups.get(name);
    if (!one) {
      if (groups.size >= MOST_GROUPS) {
        ungrouped += 1;
        return;
      }
      const { rule, severity } = found;
      one = { rule, key, severity, count: 0, fixes: 0, findings: [], orders: new Map() };
      groups.set(name, one);
    }
    one.count += 1;
    if (found.fix) one.fixes += 1;
    if (isAtLeast(found.severity, one.severity)) one.severity = found.severity;
    if (one.findings.length >= FINDINGS_KEPT) return;
    one.findings.push(found);
    one.orders.set(found.line, sent);
  };
  return {
    duplicate: () => {
      duplicates += 1;
    },
    /** Once per record. */
    add(found: readonly (InspectedFinding & { key: string })[], sent: unknown): void {
      orders += 1;
      const grade = GRADES.findLast((each) => found.some(({ severity }) => severity === each));
      if (grade) worst[grade] += 1;
      const told = new Set<string>();
      for (const { key, ...finding } of found) {
        findings[finding.severity] += 1;
        group(key, finding, sent);
        const rule = rules.get(finding.rule) ?? {
          rule: finding.rule,
          severity: finding.severity,
          orders: 0,
          findings: 0,
        };
        rule.findings += 1;
        if (isAtLeast(finding.severity, rule.severity)) rule.severity = finding.severity;
        if (!told.has(finding.rule)) rule.orders += 1;
        told.add(finding.rule);
        rules.set(finding.rule, rule);
      }
    },
    result: (
      faults: ReadonlyMap<string, number>,
      isPart: boolean,
      warmth: Inspected['warmth'],
    ): Inspected => ({
      orders,
      worst,
      duplicates,
      findings,
      groups: [...groups.values()].sort(gravest),
      ungrouped,
      rules: [...rules.values()].sort((a, b) => gravest(a, b) || b.findings - a.findings),
      faults,
      isPart,
      warmth,
    }),
  };
}

const gravest = (a: { severity: Grade; count?: number }, b: { severity: Grade; count?: number }): number =>
  GRADES.indexOf(b.severity) - GRADES.indexOf(a.severity) || (b.count ?? 0) - (a.count ?? 0);

/** How far silence may be taken for health. */
export const warmthInWords = ({ warmth: { lines, warmLines } }: Inspected): string =>
  `${warmLines} of ${lines} lines are of a product that the file has often enough to say what is usual of it`;
