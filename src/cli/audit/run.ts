import type { AuditEntry, KeptEntry } from '../../audit/auditEntry.ts';
import { entryOf } from '../../audit/changes.ts';
import { auditEnds, auditEntries, checkChain } from '../../audit/readAudit.ts';
import { helpOf, readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { columns } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { readWhen } from '../kit/when.ts';
import { type OpenRedis, withRedis } from '../kit/withRedis.ts';

type Wanted =
  | { do: 'show'; since: number; job: string | undefined; json: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

const USAGE: Usage = {
  name: 'audit',
  does: 'Who changed what by hand: the audit log, oldest first, and whether it is whole.',
  examples: ['audit --since 7d', 'audit --job ID'],
  options: [
    ['--since <WHEN>', '90d for so many days back, or the first day, YYYY-MM-DD, UTC (all that is kept)'],
    ['--job <ID>', 'only changes of this job'],
    ['--json', 'every entry as it is kept, one JSON value a line'],
  ],
  notes: `A change without an outcome was begun by a process that ended in between: look at the job. Which Redis is set by
the same variables as for the roles.

Exit code: 0 the log is whole, 1 entries were changed or are missing, 2 wrong use or no Redis.`,
};

function readWanted(args: readonly string[], now: number): Wanted {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') return { do: 'help' };
  const { values, problems } = read;
  const text = values.get('since');
  const since = text === undefined ? 0 : timeOf(text, now);
  if (since === undefined) {
    problems.push(`--since must be days such as 90d or a day, YYYY-MM-DD, got ${JSON.stringify(text)}`);
  }
  if (problems.length > 0 || since === undefined) return { do: 'nothing', problems };
  return { do: 'show', since, job: values.get('job'), json: values.has('json') };
}

function timeOf(text: string, now: number): number | undefined {
  const when = readWhen(text);
  if (when === undefined) return undefined;
  return Math.max(0, 'daysMs' in when ? now - when.daysMs : when.dayStartsAt);
}

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
    .map((each) => ({ id: each.id, ...entryOf(each) }))
    .filter(({ at }) => at !== '')
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
      const { at, who, action, partition, job, person, role, reason, count, result, why } = {
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
        job ?? (role === undefined ? person : `${person}: ${role}`) ?? reason ?? '',
        count === undefined ? '' : String(count),
        result === undefined ? 'no outcome' : [result, why].filter(Boolean).join(': '),
      ];
    });
  if (rows.length === 0) return 'Nobody changed anything by hand';
  return columns([
    ['when', 'by', 'who', 'from', 'what', 'partition', 'job or person', 'orders', 'outcome'],
    ...rows,
  ]);
}
