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
    if (page.length > 0) yield page.map(([id, fields]) => kept(id, fields));
    const last = page.at(-1);
    if (last === undefined || page.length < ENTRIES_AT_ONCE) return;
    from = `(${last[0]}`;
  }
}

export async function auditEnds(redis: Redis | Cluster): Promise<ChainEnds> {
  const [from, hash] = await redis.hmget(AUDIT_HEAD_KEY, 'from', 'hash');
  return { ...(from == null ? {} : { from }), ...(hash == null ? {} : { hash }) };
}

function kept(id: string, fields: readonly string[]): KeptEntry {
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
