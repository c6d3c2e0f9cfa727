import type { AuditEntry, KeptEntry } from '../../audit/auditEntry.ts';
import { checkChain } from '../../audit/checkChain.ts';
import { auditEnds, auditEntries } from '../../audit/readAudit.ts';
import { readConfig } from '../../config/config.ts';
import { columns } from '../kit/columns.ts';
import type { Surroundings } from '../send/surroundings.ts';
import { type OpenRedis, openRedis } from '../verify/openRedis.ts';
import { isMendable } from '../verify/run.ts';
import { readWanted, USAGE } from './options.ts';

/** Exit codes: the log is whole, it has gaps, wrong use or no Redis. */
export const EXIT = { whole: 0, gaps: 1, misuse: 2 } as const;

/** The audit command. Never throws for anything a user can mend; returns the exit code. */
export async function audit(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args, Date.now());
  if (wanted.do === 'help') {
    around.stdout.write(`${USAGE}\n`);
    return EXIT.whole;
  }
  if (wanted.do === 'nothing') {
    around.stderr.write(`${wanted.problem}\n`);
    return EXIT.misuse;
  }
  let open: OpenRedis | undefined;
  try {
    open = await openRedis(readConfig(around.env));
    const { redis } = open;
    const kept: KeptEntry[] = [];
    for await (const page of auditEntries(redis, wanted.since)) kept.push(...page);
    const ends = await auditEnds(redis);
    const from = wanted.since === 0 ? ends.from : kept[0]?.prev;
    const expected = {
      ...(from === undefined ? {} : { from }),
      ...(ends.hash === undefined ? {} : { hash: ends.hash }),
    };
    // Nothing since then says nothing about what was before.
    const gaps = wanted.since > 0 && kept.length === 0 ? [] : checkChain(kept, expected);
    const entries = kept
      .map(({ id, text }) => ({ id, ...(JSON.parse(text) as AuditEntry) }))
      .filter(({ job }) => wanted.job === undefined || job === wanted.job);
    around.stdout.write(
      wanted.json ? entries.map((entry) => `${JSON.stringify(entry)}\n`).join('') : `${table(entries)}\n`,
    );
    for (const { id = 'at the end', problem } of gaps) around.stderr.write(`gap: ${id}: ${problem}\n`);
    return gaps.length === 0 ? EXIT.whole : EXIT.gaps;
  } catch (error) {
    if (!isMendable(error)) throw error;
    around.stderr.write(`${error.message}\n`);
    return EXIT.misuse;
  } finally {
    await open?.close();
  }
}

/** A line for each change: what came of it, or that nobody knows. */
function table(entries: readonly (AuditEntry & { id: string })[]): string {
  const outcomes = new Map(entries.flatMap((entry) => (entry.of === undefined ? [] : [[entry.of, entry]])));
  const rows = entries
    .filter(({ phase }) => phase === 'intent')
    .map((intent) => {
      const { at, who, action, partition, job, reason, count, result, why } = {
        ...intent,
        ...outcomes.get(intent.id),
        at: intent.at,
      };
      return [
        `${at.slice(0, 19)}Z`,
        who.kind,
        who.name ?? '',
        who.address ?? '',
        action,
        partition === undefined ? '' : String(partition),
        job ?? reason ?? '',
        count === undefined ? '' : String(count),
        result === undefined ? 'no outcome' : [result, why].filter(Boolean).join(': '),
      ];
    });
  if (rows.length === 0) return 'Nobody changed anything by hand';
  return columns([['when', 'by', 'who', 'from', 'what', 'partition', 'job', 'orders', 'outcome'], ...rows]);
}
