import type { Cluster, Redis } from 'ioredis';
import { AUDIT_HEAD_KEY, AUDIT_KEY } from '../store/keys.ts';
import type { KeptEntry } from './auditEntry.ts';
import type { ChainEnds } from './checkChain.ts';

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
