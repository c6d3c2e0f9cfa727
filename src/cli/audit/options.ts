import { readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { readWhen } from '../kit/when.ts';

export type Wanted =
  | { do: 'show'; since: number; job: string | undefined; json: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
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

export function readWanted(args: readonly string[], now: number): Wanted {
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
