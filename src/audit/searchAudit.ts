import type { Cluster, Redis } from 'ioredis';
import { AUDIT_KEY } from '../store/keys.ts';
import type { AuditEntry, KeptEntry } from './auditEntry.ts';
import { type AuditChange, changesIn, entryOf, outcomesIn, touches } from './changes.ts';
import { auditEntries, keptEntry } from './readAudit.ts';

/** Which changes are meant; all conditions hold together. Texts are looked for in any case. */
export interface AuditFilter {
  /** In the name or the address of who did it, or what kind of person that is. */
  who?: string | undefined;
  /** In the action. */
  what?: string | undefined;
  /** ms since 1970, both included. */
  since?: number | undefined;
  until?: number | undefined;
  /** A job's id, alone or among others; or a part of the filter, the reason or the run. */
  order?: string | undefined;
  /** The batches of runs too, which may be thousands; unless it is said, only where an order, a run or a batch is asked for. */
  batches?: boolean | undefined;
}

const BATCHES = ['repair batch', 'retry batch'];

function matches(
  change: AuditEntry | AuditChange,
  { who, what, order, batches = order !== undefined || /batch/i.test(what ?? '') }: AuditFilter,
): boolean {
  const { name, address, kind } = change.who;
  const has = (text: string | undefined, part: string) =>
    text?.toLowerCase().includes(part.toLowerCase()) === true;
  return (
    (batches || !BATCHES.includes(change.action)) &&
    (who === undefined || has(name, who) || has(address, who) || kind === who) &&
    (what === undefined || has(change.action, what)) &&
    (order === undefined ||
      touches(change, order) ||
      [change.filter, change.reason, change.run].some((text) => has(text, order)))
  );
}

const AT_ONCE = 500;
/** Of one page: whoever filters for what is rare goes on from where it ends. */
const MOST_STEPS = 40;
/** How far behind its intent the outcome of a change is looked for. */
const OUTCOMES_AHEAD = 1_000;

export interface AuditPage {
  changes: AuditChange[];
  /** The id to go on before; undefined at the end. */
  next: string | undefined;
}

/** Changes that match, the newest first. */
export async function auditPage(
  redis: Redis | Cluster,
  filter: AuditFilter,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<AuditPage> {
  const oldest = String(filter.since ?? 0);
  let from = before === undefined ? String(filter.until ?? '+') : `(${before}`;
  // Of what is just older than this, the outcome may be just newer.
  const outcomes =
    from === '+'
      ? new Map<string, AuditEntry>()
      : outcomesIn(await rangeOf(redis.xrange(AUDIT_KEY, from, '+', 'COUNT', OUTCOMES_AHEAD)));
  const changes: AuditChange[] = [];
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const entries = await rangeOf(redis.xrevrange(AUDIT_KEY, from, oldest, 'COUNT', AT_ONCE));
    for (const [id, outcome] of outcomesIn(entries)) outcomes.set(id, outcome);
    for (const change of changesIn(entries, outcomes)) {
      if (!matches(change, filter)) continue;
      if (changes.length === limit) return { changes, next: changes.at(-1)?.id };
      changes.push(change);
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < AT_ONCE) return { changes, next: undefined };
    from = `(${last.id}`;
  }
  return { changes, next: from.slice(1) };
}

const rangeOf = async (reading: Promise<[string, string[]][]>): Promise<KeptEntry[]> =>
  (await reading).map(([id, fields]) => keptEntry(id, fields));

/** Every entry of the changes that match, oldest first, in pages; as they are kept, so that they can be checked. */
export async function* entriesThatMatch(
  redis: Redis | Cluster,
  filter: AuditFilter,
): AsyncGenerator<KeptEntry[], void, undefined> {
  const open = new Set<string>();
  for await (const page of auditEntries(redis, filter.since)) {
    const found = page.filter((kept) => {
      const entry = entryOf(kept);
      if (entry.of !== undefined) return open.delete(entry.of);
      if (isAfter(kept.id, filter.until) || !matches(entry, filter)) return false;
      open.add(kept.id);
      return true;
    });
    if (found.length > 0) yield found;
    if (open.size === 0 && isAfter(page.at(-1)?.id ?? '', filter.until)) return;
  }
}

const isAfter = (id: string, until: number | undefined): boolean =>
  until !== undefined && Number(id.split('-')[0]) > until;

/** The same as changes, each once it has ended; those that never did at the end. */
export async function* changesThatMatch(
  redis: Redis | Cluster,
  filter: AuditFilter,
): AsyncGenerator<AuditChange[], void, undefined> {
  const open = new Map<string, KeptEntry>();
  for await (const page of entriesThatMatch(redis, filter)) {
    const ended: AuditChange[] = [];
    for (const kept of page) {
      const { of } = entryOf(kept);
      const intent = of === undefined ? undefined : open.get(of);
      if (intent === undefined) open.set(kept.id, kept);
      else {
        open.delete(intent.id);
        ended.push(...changesIn([intent, kept]));
      }
    }
    yield ended;
  }
  yield changesIn([...open.values()]);
}
