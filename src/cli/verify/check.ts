/** One comparison. `inconclusive`: it differs, but orders were counted meanwhile. */
export interface Check {
  name: string;
  unit: 'count' | 'minor_units';
  expected: number;
  found: number;
  verdict: 'ok' | 'differs' | 'inconclusive';
  /** Said beside a difference. */
  note?: string;
}

/** Two counts that must be equal. `wrong` names what makes them differ, `moved` tells that something counted meanwhile. */
export const equalCounts = (
  name: string,
  expected: number,
  found: number,
  { wrong = [], moved = false }: { wrong?: readonly string[]; moved?: boolean } = {},
): Check => ({
  name,
  unit: 'count',
  expected,
  found,
  verdict: expected === found ? 'ok' : moved ? 'inconclusive' : 'differs',
  ...(wrong.length === 0 ? {} : { note: firstOf(wrong) }),
});

/** Of `all` things, that none is among the wrong ones. */
export const noneWrong = (name: string, all: number, wrong: readonly string[], moved = false): Check =>
  equalCounts(name, all, all - wrong.length, { wrong, moved });

/** What a note has room for. */
export const SHOWN = 5;

const firstOf = (wrong: readonly string[]): string =>
  wrong.slice(0, SHOWN).join(', ') + (wrong.length > SHOWN ? ', …' : '');
