import type { Client } from 'pg';
import type { Config } from '../../config/config.ts';
import { REBUILDING } from '../../store/claims.ts';
import { PARTITIONS_KEY } from '../../store/keys.ts';
import { makePartitions, type Partitions } from '../../store/partitions.ts';
import { helpOf, readCommandLine, type Usage, type Values, withoutOperands } from '../kit/commandLine.ts';
import { showProgress } from '../kit/progress.ts';
import { EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withHistoryAndRedis } from '../kit/withHistory.ts';
import { CannotRun, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { checksOfHistory } from './history.ts';
import { readLayout } from './layout.ts';
import { reportJson, reportText } from './report.ts';
import { type Verified, verifyAll } from './verifyAll.ts';

const USAGE: Usage = {
  name: 'verify',
  does: 'Recomputes what can be recomputed of the stats and compares: users, top lists, days, months, years, ledger.',
  examples: ['verify', 'verify --history', 'verify --json'],
  options: [
    ['--history', 'also that Redis has what the history has: totals, users, days, ledger'],
    ['--json', 'the result as JSON; money in minor units'],
  ],
  notes: `Reads only, in small steps, beside the running product. Which Redis is set by the same variables as for the roles;
how many partitions there are is read from it. While orders are being counted, sums may stay inconclusive; what is held against the
history is of one moment and does not, as long as an archiver runs.

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
  if (!values.has('history')) return withRedis(around, (open) => verify(open, values, around));
  return withHistoryAndRedis(around, (client, open, config) =>
    verify(open, values, around, { client, config }),
  );
}

async function verify(
  open: OpenRedis,
  values: Values,
  around: Surroundings,
  kept?: { client: Client; config: Config },
): Promise<number> {
  const { redis } = open;
  const { signal } = around;
  const partitions = await recordedPartitions(open);
  const progress = showProgress(around.stderr);
  try {
    const verified = await verifyAll(redis, partitions, progress, signal, async () => {
      if (!kept) return [];
      const { ledgerRetentionDays } = kept.config;
      const { client } = kept;
      return checksOfHistory({ client, redis, partitions, ledgerRetentionDays, progress, signal });
    }).finally(() => progress.stop());
    around.stdout.write(values.has('json') ? reportJson(verified) : reportText(verified));
    return exitCodeOf(verified);
  } catch (error) {
    if (signal?.aborted) return EXIT.stopped;
    throw error;
  }
}

const CODES = { right: EXIT.done, differs: EXIT.no, inconclusive: EXIT.inconclusive } as const;

export const exitCodeOf = ({ result }: Verified): number => CODES[result];

/** @throws CannotRun when Redis does not say plainly how many there are. */
export async function recordedPartitions({ redis, at }: OpenRedis): Promise<Partitions> {
  const layout = await readLayout(redis);
  if (layout.kind === 'settled') return makePartitions(layout.count);
  if (layout.kind === 'empty') throw new CannotRun(`the Redis at ${at} holds no stats of this product`);
  if (layout.kind === 'unknown' && layout.text === REBUILDING)
    throw new CannotRun('a rebuild has not ended: run order-pipeline rebuild --from-history');
  if (layout.kind === 'unknown') throw new CannotRun(`${PARTITIONS_KEY} is no number: ${layout.text}`);
  throw new CannotRun(
    `a repartition from ${layout.from} to ${layout.to} has not ended: run order-pipeline repartition --to ${layout.to}`,
  );
}
