import { createHash } from 'node:crypto';
import type { Finding, Severity } from '../finding.ts';
import type { FlaggedOrder } from '../flagged.ts';
import type { CallOutcome, Opinion } from '../model/opinion.ts';
import { steerKey } from '../steering.ts';

/* What the quality stage keeps: who groups, reads or shows it shares no more. */

/** Findings of one rule about one key: one level shift, one broken sender. Money is minor units, times are ms since 1970. */
export interface Group {
  id: string;
  rule: string;
  version: number;
  key: string;
  severity: Severity;
  orders: number;
  findings: number;
  minorUnits: number;
  firstSeen: number;
  lastSeen: number;
  /** The newest. */
  finding: Finding;
  /** The newest messages with it, the newest last. */
  examples: string[];
  /** The newest observations, the newest last: when, what, where what was expected. */
  seen: [at: number, observed: string, expected: string][];
  /** What came of showing it to a language model; undefined where none was asked. */
  told?: Told;
  /** False while too few orders are in it. */
  isOpen: boolean;
  /** Of some of its orders, as they were sent: what the model is shown. */
  samples: { ref: string; order: unknown }[];
}

export interface Told {
  outcome: CallOutcome;
  opinion?: Opinion;
  /** ISO, UTC. */
  at: string;
}

/** A flagged order as it is kept: what was found in it. */
export type KeptFlagged = Omit<FlaggedOrder, 'order'>;

/** Groups that are kept, and as many that are not open; those not seen for longest go first. */
export const MOST_GROUPS = 1_000;
/**
 * Orders with a finding that open its group, where the finding is not plain by itself. Two that agree are mostly life: a new
 * price that two buyers paid is learned, and not told a third time.
 */
export const OPENS_WITH = 3;
/** Flagged orders that are kept with their findings. */
export const MOST_FLAGGED = 10_000;
/** A group that nothing was added to for so long is over. */
export const QUIET_MS = 7 * 86_400_000;

/** 48 bits of what is grouped together. */
export const groupId = ({ rule, key }: Pick<Finding, 'rule' | 'key'>): string =>
  createHash('sha1').update(`${rule}\n${key}`).digest('hex').slice(0, 12);

export const STATES = ['open', 'rare', 'quiet', 'muted'] as const;
export type GroupState = (typeof STATES)[number];

/** What is muted and has no group among all that are kept. It is shown by itself: nobody could lift what nobody sees. */
export function mutedAlone(
  muted: ReadonlyMap<string, Pick<Group, 'rule' | 'key'>>,
  groups: readonly Pick<Group, 'rule' | 'key'>[],
): Pick<Group, 'id' | 'rule' | 'key'>[] {
  const kept = new Set(groups.map(steerKey));
  return [...muted].flatMap(([name, { rule, key }]) =>
    kept.has(name) ? [] : { id: groupId({ rule, key }), rule, key },
  );
}

/** `rare`: too few orders are in it; `quiet`: over, so that what comes begins it anew. `now` by Redis's clock, ms. */
export const groupState = (
  group: Pick<Group, 'rule' | 'key' | 'lastSeen' | 'isOpen'>,
  muted: { has(key: string): boolean },
  now: number,
): GroupState => {
  if (muted.has(steerKey(group))) return 'muted';
  if (group.lastSeen < now - QUIET_MS) return 'quiet';
  return group.isOpen ? 'open' : 'rare';
};
