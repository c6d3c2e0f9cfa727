import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { PARTITIONS_KEY, REPARTITION_KEY } from '../../store/keys.ts';
import { changing } from '../verify/layout.ts';
import type { LedgerSizes } from './copyLedger.ts';

/**
 * What is being done: `clear` what is left at the new places, `count` the ledgers, `copy`, `check` the copy against
 * the original, `delete` the original. `cancel` clears the new places for good. Until `delete` the original is
 * complete and untouched; from `delete` on the copy is, and there is no way back.
 */
export type Phase = 'clear' | 'count' | 'copy' | 'check' | 'delete' | 'cancel';

export interface Entry {
  from: number;
  to: number;
  phase: Phase;
  /** Items copied, of `total`. */
  done: number;
  total: number;
  /** What each new ledger will hold, once counted. */
  ledgers: LedgerSizes;
}

/** Another run of the command writes the journal now; this one must not touch anything any more. */
export class TakenOver extends Error {}

export interface Journal {
  readonly entry: Entry;
  /** Written down before it returns. Throws TakenOver. */
  record(changes: Partial<Entry>): Promise<void>;
  /** Throws TakenOver unless this run still holds the journal. */
  hold(): Promise<void>;
  /** Keeps the product from starting: with this record no number of partitions is the right one. */
  block(): Promise<void>;
  /** Lets it start with `count` partitions, and ends the journal. */
  close(count: number): Promise<void>;
}

const RECORD = `
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then return 0 end
if #ARGV > 1 then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
return 1`;

const BEGIN = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1`;

const TAKE_OVER = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'run', ARGV[1])
return 1`;

const REPLACE = `
local value = redis.call('GET', KEYS[1])
if value ~= ARGV[1] and value ~= ARGV[2] then return value end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

export async function readJournal(redis: Redis | Cluster): Promise<Entry | undefined> {
  const fields = await redis.hgetall(REPARTITION_KEY);
  if (fields.from === undefined) return undefined;
  return {
    from: Number(fields.from),
    to: Number(fields.to),
    phase: fields.phase as Phase,
    done: Number(fields.done),
    total: Number(fields.total),
    ledgers: JSON.parse(fields.ledgers ?? '[]') as LedgerSizes,
  };
}

/** Begins a journal. Throws TakenOver when there is one. */
export async function beginJournal(redis: Redis | Cluster, from: number, to: number): Promise<Journal> {
  const run = randomUUID();
  const entry: Entry = { from, to, phase: 'clear', done: 0, total: 0, ledgers: [] };
  const begun = await redis.eval(BEGIN, 1, REPARTITION_KEY, 'run', run, ...fieldsOf(entry));
  if (begun !== 1) throw new TakenOver('another run began at the same moment');
  return journal(redis, run, entry);
}

/** Goes on with a journal. A run that is still alive somewhere finds out at its next step. */
export async function takeOverJournal(redis: Redis | Cluster, entry: Entry): Promise<Journal> {
  const run = randomUUID();
  const taken = await redis.eval(TAKE_OVER, 1, REPARTITION_KEY, run);
  if (taken !== 1) throw new TakenOver('another run has just ended it');
  return journal(redis, run, entry);
}

function journal(redis: Redis | Cluster, run: string, first: Entry): Journal {
  let entry = first;
  const record = async (changes: Partial<Entry>) => {
    const held = await redis.eval(RECORD, 1, REPARTITION_KEY, run, ...fieldsOf(changes));
    if (held !== 1) throw new TakenOver('another run of order-pipeline repartition has taken over');
    entry = { ...entry, ...changes };
  };
  const replace = async (expected: string, value: string) => {
    const found = await redis.eval(REPLACE, 1, PARTITIONS_KEY, expected, value);
    if (found !== 1) throw new Error(`${PARTITIONS_KEY} should be ${expected} and is ${found}`);
  };
  return {
    get entry() {
      return entry;
    },
    record,
    hold: () => record({}),
    block: () => replace(String(entry.from), changing(entry.from, entry.to)),
    async close(count) {
      await record({});
      // In this order: without a journal, a record that is no number could not be told from damage.
      await replace(changing(entry.from, entry.to), String(count));
      await redis.del(REPARTITION_KEY);
    },
  };
}

function fieldsOf(changes: Partial<Entry>): string[] {
  return Object.entries(changes).flatMap(([name, value]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
}
