import { createHash } from 'node:crypto';

/** What the oldest entry of all continues. */
export const NOTHING_BEFORE = '';

/**
 * Who changed something. `name` is a user, the id of a key, or a user of the machine; of `auto`, what a standing recipe does
 * by itself, it is whoever declared that.
 */
export interface Author {
  kind: 'user' | 'key' | 'command' | 'open' | 'auto';
  name?: string;
  /** Where the request came from. */
  address?: string;
}

/** What somebody wants to change. Never an order's contents: of those the digests only. */
export interface Change {
  action: string;
  partition?: number;
  job?: string;
  /** Whose access changes, and to which role. */
  person?: string;
  role?: string;
  /** Which jobs, where it is more than one. */
  filter?: string;
  count?: number;
  reason?: string;
  /** The run of repairs that it is part of. */
  run?: string;
  /** SHA-256 of the recipe, JSON, hex. */
  recipe?: string;
  /** The jobs of a change of many: id, and the digests of their data before and after. */
  jobs?: readonly (readonly [id: string, before: string, after?: string])[];
  /** SHA-256 of the job's data as it was and as it is to be, hex. */
  before?: string;
  after?: string;
}

/** One entry: the intent, written before the change, or the outcome, which names its intent. */
export interface AuditEntry extends Change {
  /** ISO, by the clock of Redis. */
  at: string;
  phase: 'intent' | 'outcome';
  who: Author;
  /** The id of the intent. */
  of?: string;
  result?: 'done' | 'refused' | 'failed';
  /** Why it was refused or failed. */
  why?: string;
}

/** An entry as it is kept. `text` is the AuditEntry as JSON, as it was hashed. */
export interface KeptEntry {
  id: string;
  /** The hash of the entry before. */
  prev: string;
  hash: string;
  text: string;
}

/** Covers the entry and, by way of `prev`, all before it. */
export const hashOf = (prev: string, text: string): string =>
  createHash('sha256').update(`${prev}\n${text}`).digest('hex');
