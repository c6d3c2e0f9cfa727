import { readCommandLine, type Usage } from '../kit/commandLine.ts';

export type Wanted =
  | { do: 'migrate'; dryRun: boolean }
  | { do: 'adopt' }
  | { do: 'lacking'; accept: boolean }
  | { do: 'import'; file: string; neverCounted: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
  name: 'history',
  does: 'The history in PostgreSQL: its schema, whose it is, and old orders that shall be in it.',
  examples: [
    'history migrate --dry-run',
    'history migrate',
    'history adopt',
    'history import --file orders-2023.csv',
  ],
  options: [
    ['--dry-run', 'migrate: print the SQL that is still to run, and run none of it'],
    ['--file <PATH>', 'import: .csv, .json, .jsonl, .ndjson or .xlsx, as send reads it'],
    ['--accept', 'lacking: that is known; /health is quiet about it from then on'],
    ['--never-counted', 'import: none of these orders counted before the history was kept'],
  ],
  notes: `migrate brings the schema to this version, forward only; it needs a role that may create a schema and tables, the
archiver itself does not. adopt says that the history in DATABASE_URL is that of this Redis, after a backup of Redis from before
the history began was restored. import counts the orders of a file by the same rules as those of the inbox: each once, in Redis
and in the history, whatever of it was counted or imported before, and however often it is run; beside the running product. What it
refuses, it prints. lacking says what counted and is not in the history, and what Redis has lost of it. Which PostgreSQL and which Redis is set by the same variables as for the roles.

Exit code: 0 done, 1 there is no history to adopt, or orders of the file were refused, 2 wrong use, no PostgreSQL, or a schema of a newer version.`,
};

const COMMANDS = ['migrate', 'adopt', 'import', 'lacking'];

/** Reads the command line; every problem is found, not the first. */
export function readWanted(args: readonly string[]): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const [command, ...extra] = operands;
  for (const argument of extra) problems.push(`unexpected argument ${JSON.stringify(argument)}`);
  const dryRun = values.has('dry-run');
  const file = values.get('file');
  const neverCounted = values.has('never-counted');
  if (!COMMANDS.includes(command ?? ''))
    problems.push(
      `the command must be ${COMMANDS.join(', ')}, got ${command === undefined ? 'nothing' : JSON.stringify(command)}`,
    );
  if (command !== 'migrate' && dryRun) problems.push('--dry-run goes with migrate only');
  if (command !== 'import' && (file !== undefined || neverCounted))
    problems.push('--file and --never-counted go with import only');
  if (command !== 'lacking' && values.has('accept')) problems.push('--accept goes with lacking only');
  if (command === 'import' && file === undefined) problems.push('import needs --file');
  if (problems.length > 0) return { do: 'nothing', problems };
  if (command === 'import') return { do: 'import', file: file as string, neverCounted };
  if (command === 'lacking') return { do: 'lacking', accept: values.has('accept') };
  return command === 'adopt' ? { do: 'adopt' } : { do: 'migrate', dryRun };
}
