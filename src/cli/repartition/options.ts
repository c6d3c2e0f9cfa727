import { MAX_PARTITIONS } from '../../runtime/limits.ts';
import { readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';

/** What the command line asks for: a number of partitions, or to undo what has not ended. */
export type RepartitionOptions = { force: boolean } & ({ kind: 'to'; to: number } | { kind: 'cancel' });

export type Parsed =
  | (RepartitionOptions & { json: boolean })
  | { kind: 'help' }
  | { kind: 'bad'; problems: string[] };

export const USAGE: Usage = {
  name: 'repartition',
  does: 'Spreads the users over another number of partitions, while the product is stopped.',
  examples: ['repartition --to 8', 'repartition --cancel'],
  options: [
    ['--to <N>', `partitions afterwards, 1 to ${MAX_PARTITIONS}; then start with PARTITIONS=N`],
    ['--cancel', 'undo a repartition that has not ended, as long as nothing of the original was deleted'],
    ['--force', 'go on although connections of the product are open or jobs are active'],
    ['--json', 'what verify found afterwards as JSON; money in minor units'],
  ],
  notes: `Copies everything to its new place, compares, and only then deletes the original: Redis needs room for both. Stopped
or killed at any moment, the same command goes on where it was; until it has ended the product does not start.
Which Redis is set by the same variables as for the roles; how many partitions there are is read from it.

Exit code: 0 done and verified, 1 something differs, 2 refused or cannot run, 3 verify was inconclusive.`,
};

export function parseOptions(args: readonly string[]): Parsed {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') return { kind: 'help' };
  const { values, problems } = read;
  const [to, cancel] = [values.get('to'), values.has('cancel')];
  const count = to !== undefined && /^\d+$/.test(to) ? Number(to) : Number.NaN;
  if (cancel && to !== undefined) problems.push('--cancel and --to contradict each other');
  else if (!cancel && to === undefined && problems.length === 0)
    problems.push('--to N is needed; see --help');
  else if (to !== undefined && !(count >= 1 && count <= MAX_PARTITIONS))
    problems.push(`--to must be a whole number from 1 to ${MAX_PARTITIONS}, got ${JSON.stringify(to)}`);
  if (problems.length > 0) return { kind: 'bad', problems };
  const common = { force: values.has('force'), json: values.has('json') };
  return cancel ? { kind: 'cancel', ...common } : { kind: 'to', to: count, ...common };
}
