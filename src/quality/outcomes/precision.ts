/* What people's answers say of a rule. Pure. */

export const VERDICTS = ['right', 'wrong', 'unsure'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What somebody thinks of a group or of one finding. */
export interface Label {
  verdict: Verdict;
  rule: string;
  key: string;
  /** Tells who it is from others: of one person only the newest label of a target is kept. */
  by: { kind: string; name?: string; address?: string };
  /** ISO, UTC. */
  at: string;
  because?: string;
}

/** Labels of one target, a person each. */
export type Target = readonly Label[];

export interface Precision {
  /** Targets that more people call right than wrong; and the other way round. */
  right: number;
  wrong: number;
  unsure: number;
  /** Targets that as many call right as call wrong: they count as neither. */
  disputed: number;
  /** Share of right ones, and where it lies with 95 % confidence (Wilson); undefined without any. */
  share?: { value: number; low: number; high: number };
}

/** A rule is as often wrong as right when even the upper end of its interval is below this. */
export const FLOOR = 0.5;
/** Fewer are an opinion. */
const LEAST_LABELS = 5;

/** What a target is taken for: contradicting labels are weighed by how many people gave them. */
export function judged(target: Target): Verdict | 'disputed' {
  const of = (verdict: Verdict) => target.filter((label) => label.verdict === verdict).length;
  const [right, wrong] = [of('right'), of('wrong')];
  if (right === 0 && wrong === 0) return 'unsure';
  if (right === wrong) return 'disputed';
  return right > wrong ? 'right' : 'wrong';
}

export function precisionOf(targets: Iterable<Target>): Precision {
  const counts = { right: 0, wrong: 0, unsure: 0, disputed: 0 };
  for (const target of targets) counts[judged(target)] += 1;
  const told = counts.right + counts.wrong;
  return told === 0 ? counts : { ...counts, share: wilson(counts.right, told) };
}

/** Whether enough people's answers say that a rule is wrong more often than right. */
export const isBelowFloor = ({ right, wrong, share }: Precision): boolean =>
  right + wrong >= LEAST_LABELS && share !== undefined && share.high < FLOOR;

/** The interval of Wilson at 95 %: it stays within 0 and 1, and is honest about few. */
export function wilson(right: number, of: number): { value: number; low: number; high: number } {
  const Z = 1.959964;
  const value = right / of;
  const spread = Z * Math.sqrt((value * (1 - value)) / of + Z ** 2 / (4 * of ** 2));
  const scale = 1 + Z ** 2 / of;
  const middle = value + Z ** 2 / (2 * of);
  return {
    value,
    low: Math.max(0, (middle - spread) / scale),
    high: Math.min(1, (middle + spread) / scale),
  };
}
