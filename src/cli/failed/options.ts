import { REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { readCommandLine, type Usage } from '../kit/commandLine.ts';

export type Wanted =
  | { do: 'retry'; reason: Reason | undefined; dryRun: boolean; json: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
  name: 'failed',
  does: 'Gives failed orders to the workers once more.',
  examples: ['failed retry', 'failed retry --reason order_value_mismatch --dry-run'],
  options: [
    ['--reason <REASON>', `only orders refused for it, among other reasons perhaps: ${REASONS.join(', ')}`],
    ['--dry-run', 'say how many it would be, retry none'],
    ['--json', 'the counts as JSON'],
  ],
  notes: `Every order that has failed by now runs exactly once more with all its attempts, the oldest failure first. An order
that fails again is not retried again: it stays failed. Refused orders pass only when they, or the rules, were changed
meanwhile. Which Redis is set by the same variables as for the roles; how many partitions there are is read from it.

Exit code: 0 done, 1 ended half-way: type it again, 2 wrong use or no Redis.`,
};

export function readWanted(args: readonly string[]): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  if (operands.join(' ') !== 'retry') {
    const got = operands.length === 0 ? 'nothing' : JSON.stringify(operands.join(' '));
    problems.push(`the command must be retry, got ${got}; see --help`);
  }
  const reason = values.get('reason');
  if (reason !== undefined && !isReason(reason)) {
    problems.push(`--reason must be one of ${REASONS.join(', ')}, got ${JSON.stringify(reason)}`);
  }
  if (problems.length > 0) return { do: 'nothing', problems };
  return {
    do: 'retry',
    reason: reason as Reason | undefined,
    dryRun: values.has('dry-run'),
    json: values.has('json'),
  };
}

const isReason = (text: string): text is Reason => (REASONS as readonly string[]).includes(text);
