import { parseArgs } from 'node:util';
import { REASONS, type Reason } from '../../orders/invalidOrder.ts';

export type Wanted =
  | { do: 'retry'; reason: Reason | undefined; dryRun: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problem: string };

export const USAGE = `Gives failed orders to the workers once more.

  npm run failed -- retry [--reason REASON] [--dry-run]

  --reason REASON  only orders refused for it, among other reasons perhaps: ${REASONS.join(', ')}
  --dry-run        say how many it would be, retry none
  --help           show this

Every order that has failed by now runs exactly once more with all its attempts, the oldest failure first. An order
that fails again is not retried again: it stays failed. Refused orders pass only when they, or the rules, were changed
meanwhile. Which Redis is set by the same variables as for npm start; how many partitions there are is read from it.

Exit code: 0 done, 2 wrong use or no Redis, 1 ended half-way: type it again.`;

export function readWanted(args: readonly string[]): Wanted {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        reason: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    if (positionals.join(' ') !== 'retry') {
      const got = positionals.length === 0 ? 'nothing' : JSON.stringify(positionals.join(' '));
      return { do: 'nothing', problem: `the command must be retry, got ${got}; see --help` };
    }
    const { reason, 'dry-run': dryRun } = values;
    if (reason !== undefined && !isReason(reason)) {
      const problem = `--reason must be one of ${REASONS.join(', ')}, got ${JSON.stringify(reason)}`;
      return { do: 'nothing', problem };
    }
    return { do: 'retry', reason, dryRun };
  } catch (error) {
    return { do: 'nothing', problem: `${(error as Error).message.split('. ')[0]}; see --help` };
  }
}

const isReason = (text: string): text is Reason => (REASONS as readonly string[]).includes(text);
