import * as z from 'zod';
import { writeExactly } from '../../orders/exactJson.ts';
import type { InLedger } from '../../stats/read/lookInLedger.ts';
import type { FieldChange } from '../recipes/changeAt.ts';
import type { Fault } from './prepare.ts';

/** A change for people: values as JSON text, with all their digits, clipped; null for none. */
export interface ShownChange {
  path: string;
  before: string | null;
  after: string | null;
}

/** What became of one order of a run, as it is kept. */
export interface Row {
  /** `left`: it would have failed again; `gone`: somebody else was there first. */
  result: 'sent' | 'left' | 'gone';
  /** ms since 1970, by Redis. */
  at: number;
  /** As sent. */
  orderId: string;
  userId: string;
  /** SHA-256 of the data, hex. */
  before: string;
  after?: string;
  /** The first 20 of `changed`. */
  changes: ShownChange[];
  changed: number;
  /** What it said it was worth, in minor units. */
  stated?: number;
  /** What it counts for, in minor units, and what names it in the ledger; of orders that pass the rules. */
  minorUnits?: number;
  user?: string;
  identity?: string;
  digest?: string;
  /** What the ledger said when it was sent. */
  was?: InLedger;
  fault?: Fault;
}

const amount = z.number().optional();
const text = z.string().optional();
const hex = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .optional();
/** Of Row: what is read back cannot be known to be what was written. */
export const rowShape = z.looseObject({
  result: z.enum(['sent', 'left', 'gone']),
  at: z.number().min(0).max(8.64e15),
  orderId: z.string(),
  userId: z.string(),
  before: z.string(),
  after: text,
  changes: z.array(
    z.looseObject({ path: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
  ),
  changed: z.number(),
  stated: amount,
  minorUnits: amount,
  user: text,
  identity: hex,
  digest: hex,
  was: z.enum(['absent', 'same', 'other']).optional(),
  fault: z.looseObject({ reason: z.string(), path: z.string(), why: z.string() }).optional(),
});

const MOST_CHANGES = 20;
const LONGEST_VALUE = 200;

export const shownChanges = (changes: readonly FieldChange[]): ShownChange[] =>
  changes
    .slice(0, MOST_CHANGES)
    .map(({ path, before, after }) => ({ path, before: shown(before), after: shown(after) }));

function shown(value: unknown): string | null {
  if (value === undefined) return null;
  const text = writeExactly(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
