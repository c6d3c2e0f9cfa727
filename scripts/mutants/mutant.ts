/** A change that breaks the promise, and where the suite should notice. */
export interface Mutant {
  name: string;
  edits: readonly Edit[];
  /** Run one after the other until one is red; the quick ones first. */
  tests: readonly string[];
}

/** `from` stands in the file exactly once, and the result still compiles: otherwise the mutant proves nothing. */
export interface Edit {
  file: string;
  from: string;
  to: string;
}

/** Slow, and the last resort: whatever crashes there, totals and job sets are compared. */
export const CHAOS = 'test/chaos.test.ts';
