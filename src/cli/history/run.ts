import type { Client } from 'pg';
import type { Config } from '../../config/config.ts';
import { adoptInstallation } from '../../history/installation.ts';
import { migrate, pendingMigrations, refuseOtherSchema } from '../../history/migrate.ts';
import { acceptAll, readLacking } from '../../history/read/lacking.ts';
import { helpOf } from '../kit/commandLine.ts';
import { money, whole } from '../kit/print.ts';
import { showProgress } from '../kit/progress.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withHistory, withHistoryAndRedis } from '../kit/withHistory.ts';
import { CannotRun, type OpenRedis } from '../kit/withRedis.ts';
import { lackingLines } from '../rebuild/lackingLines.ts';
import { OrderFileError } from '../send/orderFile.ts';
import { recordedPartitions } from '../verify/run.ts';
import { importFile } from './importFile.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** The history command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  if (wanted.do === 'migrate') return withHistory(around, (client) => bringUp(client, wanted.dryRun, around));
  if (wanted.do === 'lacking')
    return withHistory(around, (client) => tellLacking(client, wanted.accept, around));
  return withHistoryAndRedis(around, async (client, open, config) => {
    if (wanted.do === 'import') return bringIn(wanted, { client, open, config }, around);
    if (await adoptInstallation(client, open.redis)) {
      around.stdout.write('This Redis is the one that the history is of\n');
      return EXIT.done;
    }
    complain('There is no history in this database', around);
    return EXIT.no;
  });
}

async function tellLacking(client: Client, accept: boolean, { stdout }: Surroundings): Promise<number> {
  await refuseOtherSchema(client);
  const lines = lackingLines(await readLacking(client));
  stdout.write(lines.length === 0 ? 'The history lacks nothing\n' : `${lines.join('\n')}\n`);
  if (accept) await acceptAll(client);
  return EXIT.done;
}

async function bringIn(
  { file, neverCounted }: Extract<Wanted, { do: 'import' }>,
  { client, open, config }: { client: Client; open: OpenRedis; config: Config },
  around: Surroundings,
): Promise<number> {
  const progress = showProgress(around.stderr);
  progress.begin('orders read');
  try {
    const { redis } = open;
    const { counted, minorUnits, known, refused } = await importFile(file, {
      client,
      redis,
      partitions: await recordedPartitions(open),
      config,
      neverCounted,
      onRead: (orders) => progress.add(orders),
      onWaiting: () => complain('waiting for an archiver: HISTORY_BACKLOG_BYTES wait in Redis', around),
      onRefused: (label, why) => complain(`${label}: ${why}`, around),
      signal: around.signal,
    });
    progress.stop();
    around.stdout.write(
      `${whole(counted)} orders counted, ${money(minorUnits)} in all; ${whole(known)} were known, ${whole(refused)} are refused\n`,
    );
    if (around.signal?.aborted) return EXIT.stopped;
    return refused > 0 ? EXIT.no : EXIT.done;
  } catch (error) {
    progress.stop();
    throw error instanceof OrderFileError ? new CannotRun(error.message) : error;
  }
}

async function bringUp(client: Client, dryRun: boolean, { stdout }: Surroundings): Promise<number> {
  const migrations = dryRun ? await pendingMigrations(client) : await migrate(client);
  if (migrations.length === 0) stdout.write('The schema is up to date\n');
  for (const { name, sql } of migrations)
    stdout.write(dryRun ? `-- ${name}\n${sql}\n` : `${name} is applied\n`);
  return EXIT.done;
}
