import type { AuditEntry, KeptEntry } from '../../audit/auditEntry.ts';
import { auditEnds, auditEntries, checkChain } from '../../audit/readAudit.ts';
import { helpOf } from '../kit/commandLine.ts';
import { columns } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** The audit command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args, Date.now());
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, ({ redis }) => show(redis, wanted, around));
}

async function show(
  redis: OpenRedis['redis'],
  wanted: Wanted & { do: 'show' },
  around: Surroundings,
): Promise<number> {
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
  for (const { id = 'at the end', problem } of gaps) complain(`gap: ${id}: ${problem}`, around);
  return gaps.length === 0 ? EXIT.done : EXIT.no;
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
