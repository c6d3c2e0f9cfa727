import { makeAuditLog, NoTrace } from '../../audit/auditLog.ts';
import { readConfig } from '../../config/config.ts';
import { type Retried, retryFailed } from '../../queue/retryFailed.ts';
import type { Partitions } from '../../store/partitions.ts';
import { commandAuthor } from '../audit/author.ts';
import type { Surroundings } from '../send/surroundings.ts';
import { whole } from '../send/table.ts';
import { type OpenRedis, openRedis } from '../verify/openRedis.ts';
import { isMendable, recordedPartitions } from '../verify/run.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** Exit codes: done, ended half-way, wrong use or no Redis. */
export const EXIT = { done: 0, halfWay: 1, misuse: 2 } as const;

/** The failed command. Never throws for anything a user can mend; returns the exit code. */
export async function failed(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(`${USAGE}\n`);
    return EXIT.done;
  }
  if (wanted.do === 'nothing') {
    around.stderr.write(`${wanted.problem}\n`);
    return EXIT.misuse;
  }
  let open: OpenRedis | undefined;
  try {
    const config = readConfig(around.env);
    open = await openRedis(config);
    const partitions = await recordedPartitions(open);
    const retried = await retryAudited(open.redis, partitions, wanted, config.auditRetentionDays);
    around.stdout.write(`${sentence(retried, wanted)}\n`);
    return EXIT.done;
  } catch (error) {
    const isHalfWay = !(error instanceof NoTrace) && isMendable((error as Error).cause);
    if (!isHalfWay && !(error instanceof NoTrace) && !isMendable(error)) throw error;
    around.stderr.write(`${(error as Error).message}\n`);
    return isHalfWay ? EXIT.halfWay : EXIT.misuse;
  } finally {
    await open?.close();
  }
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
