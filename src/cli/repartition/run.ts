import type { Cluster, Redis } from 'ioredis';
import { type Config, readConfig } from '../../config/config.ts';
import { checkRedis } from '../../store/checkRedis.ts';
import { chooseDurability, type Durability } from '../../store/durability.ts';
import { makePartitions } from '../../store/partitions.ts';
import { permissionAdvised } from '../../store/redisAdvice.ts';
import { isFull } from '../../store/redisFaults.ts';
import { helpOf } from '../kit/commandLine.ts';
import { whole } from '../kit/print.ts';
import { showProgress } from '../kit/progress.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { isMendable, type OpenRedis, openRedis } from '../kit/withRedis.ts';
import { reportJson, reportText } from '../verify/report.ts';
import { exitCodeOf } from '../verify/run.ts';
import { verifyAll } from '../verify/verifyAll.ts';
import { TakenOver } from './journal.ts';
import { parseOptions, type RepartitionOptions, USAGE } from './options.ts';
import { CopyDiffers } from './phases.ts';
import { Refusal } from './preflight.ts';
import { repartition } from './repartition.ts';

/** The repartition command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseOptions(args);
  if (options.kind === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (options.kind === 'bad') return refuse(options.problems, around);
  let open: OpenRedis | undefined;
  try {
    const config = readConfig(around.env, ['redis']);
    open = await openRedis(config);
    return await carryOutAndVerify(options, config, open, around);
  } catch (error) {
    return explain(error, options, around);
  } finally {
    await open?.close();
  }
}

async function carryOutAndVerify(
  options: RepartitionOptions & { json: boolean },
  config: Config,
  { redis }: OpenRedis,
  around: Surroundings,
): Promise<number> {
  const progress = showProgress(around.stderr);
  try {
    const count = await repartition(options, {
      redis,
      idCase: config.rules.idCase,
      durability: await durabilityOf(redis, config),
      progress,
      signal: around.signal,
      say: (line) => complain(line, around),
    });
    const partitions = `${count} ${count === 1 ? 'partition' : 'partitions'}`;
    const out = options.json ? around.stderr : around.stdout;
    out.write(`Done: ${partitions}. Start with PARTITIONS=${count}; what follows only reads.\n\n`);
    // Not to be stopped by the first Ctrl-C: it would say that something goes on.
    const verified = await verifyAll(redis, makePartitions(count), progress);
    around.stdout.write(options.json ? reportJson(verified) : reportText(verified));
    return exitCodeOf(verified);
  } finally {
    progress.stop();
  }
}

/** What the product's start checks of a Redis: without it the original must not be deleted either. */
async function durabilityOf(redis: Redis | Cluster, config: Config): Promise<Durability> {
  try {
    await checkRedis(redis);
    return await chooseDurability(redis, config.durability);
  } catch (error) {
    throw isMendable(error) ? error : new Refusal((error as Error).message);
  }
}

const SHOWN = 20;

function explain(error: unknown, options: RepartitionOptions, around: Surroundings): number {
  const say = (line: string) => complain(line, around);
  const again =
    options.kind === 'to'
      ? `order-pipeline repartition --to ${options.to}`
      : 'order-pipeline repartition --cancel';
  if (around.signal?.aborted) {
    say(`stopped; ${again} goes on`);
    return EXIT.stopped;
  }
  if (error instanceof CopyDiffers) {
    for (const { what, before, after } of error.mismatches.slice(0, SHOWN)) {
      say(`${what}: ${whole(before)} before, ${whole(after)} after`);
    }
    say(`${error.message} in ${error.mismatches.length} figures, so nothing of the original was deleted`);
    return EXIT.no;
  }
  if (error instanceof Refusal || error instanceof TakenOver) {
    say(error.message);
    return EXIT.misuse;
  }
  if (!isMendable(error)) throw error;
  say(permissionAdvised(error).message);
  if (isFull(error)) {
    say('Redis needs room for the original and the copy: raise its maxmemory, or undo this with --cancel');
  }
  say(`if it had begun, ${again} goes on`);
  return EXIT.misuse;
}
