import type { Client } from 'pg';
import { adoptInstallation } from '../../history/installation.ts';
import { migrate, pendingMigrations } from '../../history/migrate.ts';
import { helpOf } from '../kit/commandLine.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withHistory } from '../kit/withHistory.ts';
import { openRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE } from './options.ts';

/** The history command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withHistory(around, async ({ client }, config) => {
    if (wanted.do === 'migrate') return bringUp(client, wanted.dryRun, around);
    const open = await openRedis(config);
    try {
      if (await adoptInstallation(client, open.redis)) {
        around.stdout.write('This Redis is the one that the history is of\n');
        return EXIT.done;
      }
      complain('There is no history in this database', around);
      return EXIT.no;
    } finally {
      await open.close();
    }
  });
}

async function bringUp(client: Client, dryRun: boolean, { stdout }: Surroundings): Promise<number> {
  const migrations = dryRun ? await pendingMigrations(client) : await migrate(client);
  if (migrations.length === 0) stdout.write('The schema is up to date\n');
  for (const { name, sql } of migrations)
    stdout.write(dryRun ? `-- ${name}\n${sql}\n` : `${name} is applied\n`);
  return EXIT.done;
}
