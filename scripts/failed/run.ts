import { readConfig } from '../../src/config/config.ts';
import { type Retried, retryFailed } from '../../src/queue/retryFailed.ts';
import type { Surroundings } from '../populate/surroundings.ts';
import { whole } from '../populate/table.ts';
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
    open = await openRedis(readConfig(around.env));
    const partitions = await recordedPartitions(open);
    const retried = await retryFailed(open.redis, partitions.all, wanted);
    around.stdout.write(`${sentence(retried, wanted)}\n`);
    return EXIT.done;
  } catch (error) {
    const isHalfWay = isMendable((error as Error).cause);
    if (!isHalfWay && !isMendable(error)) throw error;
    around.stderr.write(`${(error as Error).message}\n`);
    return isHalfWay ? EXIT.halfWay : EXIT.misuse;
  } finally {
    await open?.close();
  }
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
