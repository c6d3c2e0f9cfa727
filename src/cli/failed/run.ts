import { makeAuditLog, NoTrace } from '../../audit/auditLog.ts';
import { type Retried, retryFailed } from '../../queue/retryFailed.ts';
import type { Partitions } from '../../store/partitions.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf } from '../kit/commandLine.ts';
import { whole } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { isMendable, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { recordedPartitions } from '../verify/run.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** The failed command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, async (open, config) => {
    try {
      const partitions = await recordedPartitions(open);
      const retried = await retryAudited(open.redis, partitions, wanted, config.auditRetentionDays);
      around.stdout.write(wanted.json ? `${JSON.stringify(retried)}\n` : `${sentence(retried, wanted)}\n`);
      return EXIT.done;
    } catch (error) {
      if (error instanceof NoTrace || !isMendable((error as Error).cause)) throw error;
      complain((error as Error).message, around);
      return EXIT.no;
    }
  });
}

/** What changes orders is written down before and after. */
async function retryAudited(
  redis: OpenRedis['redis'],
  partitions: Partitions,
  wanted: Wanted & { do: 'retry' },
  retentionDays: number,
): Promise<Retried> {
  const retry = () => retryFailed(redis, partitions.all, wanted);
  if (wanted.dryRun) return retry();
  const filter = wanted.reason === undefined ? 'failed' : `failed with ${wanted.reason}`;
  let retried: Retried = { failed: 0, retried: 0, others: 0, gone: 0 };
  await makeAuditLog(redis, { retentionDays }).change(
    commandAuthor(),
    { action: 'retry all', filter },
    async () => {
      retried = await retry();
      return { result: 'done', count: retried.retried };
    },
  );
  return retried;
}

function sentence(
  { failed, retried, others, gone }: Retried,
  { reason, dryRun }: Wanted & { do: 'retry' },
): string {
  const what = dryRun ? 'would run' : 'run';
  const rest = [
    ...(others > 0 ? [`${whole(others)} did not fail for ${reason}`] : []),
    ...(gone > 0 ? [`${whole(gone)} were retried or removed by others meanwhile`] : []),
  ];
  return [`${whole(retried)} of ${whole(failed)} failed orders ${what} once more`, ...rest].join('; ');
}
