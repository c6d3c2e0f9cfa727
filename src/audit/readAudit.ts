import type { Cluster, Redis } from 'ioredis';
import { AUDIT_HEAD_KEY, AUDIT_KEY } from '../store/keys.ts';
import { hashOf, type KeptEntry, NOTHING_BEFORE } from './auditEntry.ts';

const ENTRIES_AT_ONCE = 1_000;

/** Entries from an instant on (ms since 1970), oldest first, in pages. */
export async function* auditEntries(
  redis: Redis | Cluster,
  since = 0,
): AsyncGenerator<KeptEntry[], void, undefined> {
  for (let from = String(since); ; ) {
    const page = await redis.xrange(AUDIT_KEY, from, '+', 'COUNT', ENTRIES_AT_ONCE);
    if (page.length > 0) yield page.map(([id, fields]) => keptEntry(id, fields));
    const last = page.at(-1);
    if (last === undefined || page.length < ENTRIES_AT_ONCE) return;
    from = `(${last[0]}`;
  }
}

export async function auditEnds(redis: Redis | Cluster): Promise<ChainEnds> {
  const [from, hash] = await redis.hmget(AUDIT_HEAD_KEY, 'from', 'hash');
  return { ...(from == null ? {} : { from }), ...(hash == null ? {} : { hash }) };
}

export function keptEntry(id: string, fields: readonly string[]): KeptEntry {
  const of = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
  return { id, prev: of('prev'), hash: of('hash'), text: of('entry') };
}

/** What the log says of its own ends. */
interface ChainEnds {
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
  const chain = chainFrom(ends.from);
  for (const entry of entries) chain.add(entry);
  return chain.endAt(ends.hash);
}

function chainFrom(from = NOTHING_BEFORE) {
  const gaps: Gap[] = [];
  let entries = 0;
  let before = from;
  return {
    add({ id, prev, hash, text }: KeptEntry): void {
      if (prev !== before) {
        gaps.push({
          id,
          problem:
            entries === 0 ? 'entries before it are missing' : 'it does not continue the entry before it',
        });
      }
      if (hashOf(prev, text) !== hash) gaps.push({ id, problem: 'it was changed after it was written' });
      before = hash;
      entries += 1;
    },
    endAt(hash = NOTHING_BEFORE): Gap[] {
      return before === hash ? gaps : [...gaps, { problem: 'the newest entries are missing' }];
    },
  };
}

/** Times the log is read before it counts as too busy. */
const MAX_PASSES = 3;

export interface Chain {
  entries: number;
  gaps: Gap[];
  /** Somebody wrote during every pass, so that gaps may be none. */
  busy: boolean;
  /** ISO, by Redis; undefined without entries. */
  oldest: string | undefined;
}

/** Reads the whole log, and checks that every entry continues the one before it. */
export async function readChain(redis: Redis | Cluster): Promise<Chain> {
  for (let pass = 1; ; pass += 1) {
    const ends = await auditEnds(redis);
    const chain = chainFrom(ends.from);
    let entries = 0;
    let first: string | undefined;
    for await (const page of auditEntries(redis)) {
      for (const entry of page) chain.add(entry);
      entries += page.length;
      first ??= page[0]?.id;
    }
    const after = await auditEnds(redis);
    const busy = ends.hash !== after.hash || ends.from !== after.from;
    if (busy && pass < MAX_PASSES) continue;
    const oldest = first === undefined ? undefined : new Date(Number(first.split('-')[0])).toISOString();
    return { entries, gaps: chain.endAt(after.hash), busy, oldest };
  }
}
