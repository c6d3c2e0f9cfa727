import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../../config/config.ts';
import { PARTITIONS_KEY } from '../../store/claimPartitions.ts';
import { makePartitions, type Partitions } from '../../store/partitions.ts';
import type { Surroundings } from '../send/surroundings.ts';
import { readLayout } from './layout.ts';
import { NoRedis, type OpenRedis, openRedis } from './openRedis.ts';
import { showProgress } from './progress.ts';
import { reportJson, reportText } from './report.ts';
import { type Verified, verifyAll } from './verifyAll.ts';

/** Exit codes: everything is right, something differs, it cannot run, too busy to tell, stopped by the user. */
export const EXIT = { right: 0, differs: 1, cannot: 2, inconclusive: 3, stopped: 130 } as const;

const USAGE = `Recomputes what can be recomputed of the stats and compares: users, top lists, days, months, years, ledger.

  npm run verify
  npm run verify -- --json

  --json    the result as JSON; money in minor units
  --help    show this

Reads only, in small steps, beside the running product. Which Redis is set by the same variables as for npm start;
how many partitions there are is read from it. While orders are being counted, sums may stay inconclusive.

Exit code: 0 all is right, 1 something differs, 2 it cannot run, 3 inconclusive.`;

/** A reason why there is nothing to verify, said in one line. */
export class CannotVerify extends Error {}

/** The verify command. Never throws for anything a user can mend; returns the exit code. */
export async function verify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = readOptions(args);
  if ('problem' in options) return refuse(options.problem, around);
  if (options.help) {
    around.stdout.write(`${USAGE}\n`);
    return EXIT.right;
  }
  let open: OpenRedis | undefined;
  try {
    open = await openRedis(readConfig(around.env, ['redis']));
    const partitions = await recordedPartitions(open);
    const progress = showProgress(around.stderr);
    const verified = await verifyAll(open.redis, partitions, progress, around.signal).finally(() =>
      progress.stop(),
    );
    around.stdout.write(options.json ? reportJson(verified) : reportText(verified));
    return exitCodeOf(verified);
  } catch (error) {
    if (around.signal?.aborted) return EXIT.stopped;
    if (isMendable(error)) return refuse(error.message, around);
    throw error;
  } finally {
    await open?.close();
  }
}

export const exitCodeOf = ({ result }: Verified): number => EXIT[result];

/** Faults of the configuration or of Redis: their message says all there is to say. */
export function isMendable(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof NoRedis ||
    error instanceof CannotVerify ||
    (error instanceof Error &&
      /^(ReplyError|ClusterAllFailedError|MaxRetriesPerRequestError)$/.test(error.name)) ||
    (error instanceof Error && /^(Command timed out|Connection is closed)/.test(error.message))
  );
}

/** @throws CannotVerify when Redis does not say plainly how many there are. */
export async function recordedPartitions({ redis, at }: OpenRedis): Promise<Partitions> {
  const layout = await readLayout(redis);
  if (layout.kind === 'settled') return makePartitions(layout.count);
  if (layout.kind === 'empty') throw new CannotVerify(`the Redis at ${at} holds no stats of this product`);
  if (layout.kind === 'unknown') throw new CannotVerify(`${PARTITIONS_KEY} is no number: ${layout.text}`);
  throw new CannotVerify(
    `a repartition from ${layout.from} to ${layout.to} has not ended: run npm run repartition -- --to ${layout.to}`,
  );
}

function readOptions(args: readonly string[]): { json: boolean; help: boolean } | { problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    return { problem: `${(error as Error).message.split('. ')[0]}; see --help` };
  }
}

function refuse(problem: string, around: Surroundings): number {
  around.stderr.write(`${problem}\n`);
  return EXIT.cannot;
}
