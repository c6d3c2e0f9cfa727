import type { AuditEntry, Author, Change, KeptEntry } from './auditEntry.ts';

/** A change: what was meant, and what came of it as far as that is known. */
export interface AuditChange extends Change {
  /** Of the intent. */
  id: string;
  /** ISO, UTC. */
  at: string;
  who: Author;
  /** Undefined when nobody knows: the process ended in between. */
  result?: AuditEntry['result'];
  why?: string;
  endedAt?: string;
}

/**
 * What somebody who writes to Redis has put there, or made of an entry, and nobody can read, tells of no change: it shows
 * as a gap, and hides none of the others.
 */
export function entryOf({ text }: KeptEntry): AuditEntry {
  try {
    const entry = JSON.parse(text) as AuditEntry;
    const isOne = [entry.at, entry.action, entry.who.kind].every((each) => typeof each === 'string');
    if (isOne && Number.isFinite(Date.parse(entry.at))) return entry;
  } catch {
    // Told below.
  }
  return { at: '', phase: 'outcome', action: '', who: { kind: 'command' } };
}

/** Intents with their outcomes, in the order of the intents; `known` are outcomes that were read before. */
export function changesIn(
  entries: readonly KeptEntry[],
  known: ReadonlyMap<string, AuditEntry> = new Map(),
): AuditChange[] {
  const outcomes = new Map([...known, ...outcomesIn(entries)]);
  return entries.flatMap((kept) => {
    const { phase, of: _, ...intent } = entryOf(kept);
    if (phase !== 'intent') return [];
    const { at: endedAt, phase: __, of: ___, ...outcome } = outcomes.get(kept.id) ?? {};
    return [
      {
        ...intent,
        ...outcome,
        id: kept.id,
        at: intent.at,
        who: intent.who,
        ...(endedAt === undefined ? {} : { endedAt }),
      },
    ];
  });
}

/** Outcomes by the id of their intent. */
export const outcomesIn = (entries: readonly KeptEntry[]): Map<string, AuditEntry> =>
  new Map(
    entries.map(entryOf).flatMap((entry) => (entry.of === undefined ? [] : [[entry.of, entry] as const])),
  );

/** Whether a change touched a job, alone or among others. */
export const touches = ({ job, jobs }: Pick<Change, 'job' | 'jobs'>, id: string): boolean =>
  job === id || jobs?.some(([each]) => each === id) === true;
