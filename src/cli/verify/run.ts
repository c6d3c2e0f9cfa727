import { PARTITIONS_KEY } from '../../store/keys.ts';
import { makePartitions, type Partitions } from '../../store/partitions.ts';
import { helpOf, readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { showProgress } from '../kit/progress.ts';
import { EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { CannotRun, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { readLayout } from './layout.ts';
import { reportJson, reportText } from './report.ts';
import { type Verified, verifyAll } from './verifyAll.ts';

const USAGE: Usage = {
  name: 'verify',
  does: 'Recomputes what can be recomputed of the stats and compares: users, top lists, days, months, years, ledger.',
  examples: ['verify', 'verify --json'],
  options: [['--json', 'the result as JSON; money in minor units']],
  notes: `Reads only, in small steps, beside the running product. Which Redis is set by the same variables as for the roles;
how many partitions there are is read from it. While orders are being counted, sums may stay inconclusive.

Exit code: 0 all is right, 1 something differs, 2 it cannot run, 3 inconclusive.`,
};

/** The verify command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  const { values, problems } = read;
  if (problems.length > 0) return refuse(problems, around);
  return withRedis(around, async (open) => {
    const partitions = await recordedPartitions(open);
    const progress = showProgress(around.stderr);
    try {
      const verified = await verifyAll(open.redis, partitions, progress, around.signal).finally(() =>
        progress.stop(),
      );
      around.stdout.write(values.has('json') ? reportJson(verified) : reportText(verified));
      return exitCodeOf(verified);
    } catch (error) {
      if (around.signal?.aborted) return EXIT.stopped;
      throw error;
    }
  });
}

const CODES = { right: EXIT.done, differs: EXIT.no, inconclusive: EXIT.inconclusive } as const;

export const exitCodeOf = ({ result }: Verified): number => CODES[result];

/** @throws CannotRun when Redis does not say plainly how many there are. */
export async function recordedPartitions({ redis, at }: OpenRedis): Promise<Partitions> {
  const layout = await readLayout(redis);
  if (layout.kind === 'settled') return makePartitions(layout.count);
  if (layout.kind === 'empty') throw new CannotRun(`the Redis at ${at} holds no stats of this product`);
  if (layout.kind === 'unknown') throw new CannotRun(`${PARTITIONS_KEY} is no number: ${layout.text}`);
  throw new CannotRun(
    `a repartition from ${layout.from} to ${layout.to} has not ended: run order-pipeline repartition --to ${layout.to}`,
  );
}
