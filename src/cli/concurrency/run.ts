import { readFleetConcurrency, setFleetConcurrency } from '../../queue/fleetConcurrency.ts';
import { MAX_CONCURRENCY } from '../../runtime/limits.ts';
import { helpOf, readCommandLine, type Usage } from '../kit/commandLine.ts';
import { EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withRedis } from '../kit/withRedis.ts';

const USAGE: Usage = {
  name: 'concurrency',
  does: 'How many orders every worker process takes in hand at once, shown or changed while they run.',
  examples: ['concurrency', 'concurrency 20', 'concurrency reset'],
  options: [['--json', 'the setting as JSON; null when every process uses its own']],
  notes: `20 sets it for the whole fleet, reset hands each process its own WORKER_CONCURRENCY back. Processes follow within
seconds. Which Redis is set by the same variables as for the roles.

Exit code: 0 done, 2 wrong use or no Redis.`,
};

/** The concurrency command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  const { values, operands, problems } = read;
  const [wanted] = operands;
  if (operands.length > 1 || (wanted !== undefined && wanted !== 'reset' && !isConcurrency(wanted))) {
    problems.push(`the concurrency must be 1 to ${MAX_CONCURRENCY}, or reset, got "${operands.join(' ')}"`);
  }
  if (problems.length > 0) return refuse(problems, around);
  return withRedis(around, async ({ redis }) => {
    if (wanted !== undefined)
      await setFleetConcurrency(redis, wanted === 'reset' ? undefined : Number(wanted));
    const concurrency = await readFleetConcurrency(redis);
    around.stdout.write(
      values.has('json')
        ? `${JSON.stringify({ concurrency: concurrency ?? null })}\n`
        : `${sentence(concurrency)}\n`,
    );
    return EXIT.done;
  });
}

const sentence = (concurrency: number | undefined): string =>
  concurrency === undefined
    ? 'every worker process uses its own WORKER_CONCURRENCY'
    : `every worker process takes ${concurrency} orders in hand at once`;

const isConcurrency = (text: string): boolean =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_CONCURRENCY;
