import { parseArgs } from 'node:util';
import { MAX_PARTITIONS } from '../../store/partitions.ts';

/** What the command line asks for: a number of partitions, or to undo what has not ended. */
export type RepartitionOptions = { force: boolean } & ({ kind: 'to'; to: number } | { kind: 'cancel' });

export type Parsed = RepartitionOptions | { kind: 'help' } | { kind: 'bad'; problem: string };

export const USAGE = `Spreads the users over another number of partitions, while the product is stopped.

  npm run repartition -- --to 8
  npm run repartition -- --cancel

  --to N      partitions afterwards, 1 to ${MAX_PARTITIONS}; then start with PARTITIONS=N
  --cancel    undo a repartition that has not ended, as long as nothing of the original was deleted
  --force     go on although connections of the product are open or jobs are active
  --help      show this

Copies everything to its new place, compares, and only then deletes the original: Redis needs room for both. Stopped
or killed at any moment, the same command goes on where it was; until it has ended the product does not start.
Which Redis is set by the same variables as for npm start; how many partitions there are is read from it.

Exit code: 0 done and verified, 1 something differs, 2 refused or cannot run, 3 verify was inconclusive.`;

export function parseOptions(args: readonly string[]): Parsed {
  let values: { to?: string; cancel: boolean; force: boolean; help: boolean };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        to: { type: 'string' },
        cancel: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return { kind: 'bad', problem: `${(error as Error).message.split('. ')[0]}; see --help` };
  }
  const { to, cancel, force, help } = values;
  if (help) return { kind: 'help' };
  if (cancel && to !== undefined) return { kind: 'bad', problem: '--cancel and --to contradict each other' };
  if (cancel) return { kind: 'cancel', force };
  if (to === undefined) return { kind: 'bad', problem: '--to N is needed; see --help' };
  const count = /^\d+$/.test(to) ? Number(to) : Number.NaN;
  if (!(count >= 1 && count <= MAX_PARTITIONS)) {
    return {
      kind: 'bad',
      problem: `--to must be a whole number from 1 to ${MAX_PARTITIONS}, got ${JSON.stringify(to)}`,
    };
  }
  return { kind: 'to', to: count, force };
}
