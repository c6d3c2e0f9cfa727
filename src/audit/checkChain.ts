import { hashOf, type KeptEntry, NOTHING_BEFORE } from './auditEntry.ts';

/** What the log says of its own ends. */
export interface ChainEnds {
  /** The hash that the oldest kept entry continues: what was older has been dropped. */
  from?: string;
  /** The hash of the newest entry. */
  hash?: string;
}

/** A place where entries were changed, taken out or put in. */
export interface Gap {
  /** The entry at which it shows; undefined at the end of the log. */
  id?: string;
  problem: string;
}

/** Every place at which the entries, oldest first, do not continue each other. Empty when the log is whole. */
export function checkChain(entries: readonly KeptEntry[], ends: ChainEnds): Gap[] {
  const gaps: Gap[] = [];
  let before = ends.from ?? NOTHING_BEFORE;
  for (const [index, { id, prev, hash, text }] of entries.entries()) {
    if (prev !== before) {
      gaps.push({
        id,
        problem: index === 0 ? 'entries before it are missing' : 'it does not continue the entry before it',
      });
    }
    if (hashOf(prev, text) !== hash) gaps.push({ id, problem: 'it was changed after it was written' });
    before = hash;
  }
  if (before !== (ends.hash ?? NOTHING_BEFORE)) gaps.push({ problem: 'the newest entries are missing' });
  return gaps;
}
