import { readCommandLine, type Usage } from '../kit/commandLine.ts';

export type Wanted =
  | { do: 'migrate'; dryRun: boolean }
  | { do: 'adopt' }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
  name: 'history',
  does: 'The history in PostgreSQL: its schema, and whose it is.',
  examples: ['history migrate --dry-run', 'history migrate', 'history adopt'],
  options: [['--dry-run', 'migrate: print the SQL that is still to run, and run none of it']],
  notes: `migrate brings the schema to this version, forward only; it needs a role that may create a schema and tables, the
archiver itself does not. adopt says that the history in DATABASE_URL is that of this Redis, after a backup of Redis from before
the history began was restored. Which PostgreSQL and which Redis is set by the same variables as for the roles.

Exit code: 0 done, 1 there is no history to adopt, 2 wrong use, no PostgreSQL, or a schema of a newer version.`,
};

/** Reads the command line; every problem is found, not the first. */
export function readWanted(args: readonly string[]): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const [command, ...extra] = operands;
  for (const argument of extra) problems.push(`unexpected argument ${JSON.stringify(argument)}`);
  const dryRun = values.has('dry-run');
  if (command !== 'migrate' && command !== 'adopt')
    problems.push(
      `the command must be migrate or adopt, got ${command === undefined ? 'nothing' : JSON.stringify(command)}`,
    );
  if (command === 'adopt' && dryRun) problems.push('--dry-run goes with migrate only');
  if (problems.length > 0) return { do: 'nothing', problems };
  return command === 'adopt' ? { do: 'adopt' } : { do: 'migrate', dryRun };
}
