import { ReplayedElsewhere } from '../../stats/record/replayOrders.ts';
import { checkRedis } from '../../store/checkRedis.ts';
import { chooseDurability } from '../../store/durability.ts';
import { helpOf, readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { money, whole } from '../kit/print.ts';
import { showProgress } from '../kit/progress.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withHistoryAndRedis } from '../kit/withHistory.ts';
import { CannotRun } from '../kit/withRedis.ts';
import { lackingLines } from './lackingLines.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';

const USAGE: Usage = {
  name: 'rebuild',
  does: 'Rebuilds the stats and the ledger in an empty Redis from the history in PostgreSQL.',
  examples: ['rebuild --from-history', 'rebuild --from-history --json'],
  options: [
    ['--from-history', 'from the history, the one source there is'],
    ['--incomplete', 'also where the history lacks orders that counted'],
    ['--json', 'the result as JSON; money in minor units'],
  ],
  notes: `Which Redis, which PostgreSQL, how many partitions and how long the ledger remembers is set by the same variables as for
the roles. The Redis has to be empty and nobody may be connected to it; another one may run on beside it. Stopped or killed at any
moment, the same command goes on where it was; until it has ended the product does not start there. Once it has ended, the
same command adds what was archived since, as long as nothing has counted there: stop the roles, wait until nothing waits to
be archived, run it once more, and start the roles on the new Redis.

What is not in the history is not there afterwards: jobs that waited or failed, the operators' desk with its audit log, keys and
people, and how many duplicates came.

Exit code: 0 done, 1 done, and another Redis counts on, 2 refused or cannot run.`,
};

/** The rebuild command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  const { values, problems } = read;
  if (problems.length === 0 && !values.has('from-history'))
    problems.push('--from-history is needed; see --help');
  if (problems.length > 0) return refuse(problems, around);
  return withHistoryAndRedis(around, async (client, { redis, at }, config) => {
    const progress = showProgress(around.stderr);
    try {
      await checkRedis(redis).catch(asRefusal);
      const rebuilt = await rebuild({
        client,
        redis,
        at,
        partitions: config.partitions,
        ledgerRetentionDays: config.ledgerRetentionDays,
        userDetailDays: config.userDetailDays,
        durability: await chooseDurability(redis, config.durability).catch(asRefusal),
        incomplete: values.has('incomplete'),
        progress,
        signal: around.signal,
      });
      progress.stop();
      around.stdout.write(
        values.has('json') ? `${JSON.stringify(rebuilt, undefined, 2)}\n` : textOf(rebuilt),
      );
      return rebuilt.behind > 0 ? EXIT.no : EXIT.done;
    } catch (error) {
      progress.stop();
      if (around.signal?.aborted) {
        complain('stopped; order-pipeline rebuild --from-history goes on', around);
        return EXIT.stopped;
      }
      throw error instanceof ReplayedElsewhere
        ? new CannotRun(`${error.message}: another run, or a worker, writes there`)
        : error;
    }
  });
}

const asRefusal = (error: Error): never => {
  throw new CannotRun(error.message);
};

function textOf({ orders, minorUnits, users, lacking, behind }: Rebuilt): string {
  const lines = [
    `${whole(orders)} orders of ${whole(users)} users are counted, ${money(minorUnits)} in all.`,
    'Not in the history, and so not here: jobs that waited or failed, the desk and its audit log, keys and people.',
    ...lackingLines(lacking),
    behind > 0
      ? `Another Redis counts on: ${whole(behind)} entries were archived meanwhile. Stop it there, and run this once more.`
      : 'order-pipeline verify --history holds the two against each other.',
  ];
  return `${lines.join('\n')}\n`;
}
