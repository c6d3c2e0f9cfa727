import type { Cluster, Redis } from 'ioredis';
import type { AuditChange } from '../../audit/changes.ts';
import { readChain } from '../../audit/readAudit.ts';
import { type AuditFilter, auditPage, changesThatMatch, entriesThatMatch } from '../../audit/searchAudit.ts';
import { csvParts } from '../../runtime/csv.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { Refused } from '../refused.ts';
import { changeAnswer } from '../story/storyAnswer.ts';

/** As asked for: days are UTC, the last one counts. */
export interface AuditAsked {
  who?: string | undefined;
  what?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  order?: string | undefined;
  batches?: 'with' | 'without' | undefined;
}

/** A stream has no place for what was before 1970. */
const filterOf = ({ since, until, batches, ...rest }: AuditAsked): AuditFilter => ({
  ...rest,
  ...(batches === undefined ? {} : { batches: batches === 'with' }),
  ...(since === undefined ? {} : { since: Math.max(0, Date.parse(since)) }),
  ...(until === undefined ? {} : { until: Math.max(0, Date.parse(until) + DAY_MS - 1) }),
});

/** @throws Refused for a cursor that was not given out here */
export async function auditAnswer(
  redis: Redis | Cluster,
  { limit, cursor, ...asked }: AuditAsked & { limit: number; cursor?: string | undefined },
) {
  const before = cursor?.replace('_', '-');
  if (before !== undefined && !/^\d{1,15}-\d{1,15}$/.test(before)) {
    throw new Refused('The cursor is none that was given out here.', 'missing');
  }
  const { changes, next } = await auditPage(redis, filterOf(asked), { limit, before });
  return { changes: changes.map(changeAnswer), next_cursor: next?.replace('-', '_') ?? null };
}

export async function chainAnswer(redis: Redis | Cluster, keptDays: number) {
  const { entries, gaps, busy, oldest } = await readChain(redis);
  const state: 'whole' | 'broken' | 'busy' = gaps.length === 0 ? 'whole' : busy ? 'busy' : 'broken';
  return {
    state,
    entries,
    oldest: oldest ?? null,
    kept_days: keptDays,
    gaps: gaps.map(({ id = null, problem }) => ({ id, problem })),
    sentence: SENTENCES[state](entries, gaps.length),
  };
}

const SENTENCES = {
  whole: (entries: number) =>
    entries === 0
      ? 'Nobody has changed anything by hand, as far as the log goes back.'
      : `The log is whole: each of its ${entries.toLocaleString('en')} entries continues the one before it.`,
  busy: () => 'The log was written to during every look at it, so nobody can tell just now. Look again.',
  broken: (_: number, gaps: number) =>
    `The log is not whole: in ${gaps === 1 ? 'one place' : `${gaps} places`} entries were changed, taken out or put in.`,
};

/** The whole log as a file, in parts. */
export async function* auditFile(
  redis: Redis | Cluster,
  { format, ...asked }: AuditAsked & { format: 'csv' | 'jsonl' },
): AsyncGenerator<string, void, undefined> {
  const filter = { ...filterOf(asked), batches: true };
  if (format === 'jsonl') {
    for await (const page of entriesThatMatch(redis, filter)) {
      yield page.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    }
    return;
  }
  yield* csvParts(COLUMNS, changesThatMatch(redis, filter), rowOf);
}

const COLUMNS = [
  ...[
    'id',
    'at',
    'kind',
    'name',
    'address',
    'action',
    'partition',
    'job',
    'filter',
    'count',
    'reason',
    'run',
  ],
  ...['before', 'after', 'result', 'why', 'ended_at'],
];

function rowOf(change: AuditChange) {
  const { who, ...rest } = changeAnswer(change);
  const cells = { ...rest, kind: who.kind, name: who.name ?? '', address: who.address ?? '' };
  return Object.fromEntries(Object.entries(cells).map(([name, value]) => [name, value ?? '']));
}
