import { readCommandLine, type Usage } from '../kit/commandLine.ts';

export interface Wanted {
  do: 'list' | 'redrive' | 'cancel';
  because: string;
  /** Messages a second. */
  rate: number | undefined;
  /** How many messages are looked at. */
  limit: number;
  json: boolean;
}

export const USAGE: Usage = {
  name: 'dead-letters',
  does: 'What SQS gave up: why it lies in the dead-letter queue of the inbox, and its way back.',
  examples: [
    'dead-letters list',
    'dead-letters redrive --because "ticket 7" --rate 50',
    'dead-letters cancel',
  ],
  options: [
    ['--because <TEXT>', 'of redrive: why, for the audit log'],
    ['--rate <N>', 'of redrive: messages a second at most, up to 500 (as fast as it goes)'],
    ['--limit <N>', 'of list: how many messages are looked at (1000)'],
    ['--json', 'the answer as JSON'],
  ],
  notes: `list receives the messages, judges each by the rules and the ledger as they are, and hands all back at once; SQS counts that
as one more delivery of each. redrive sends all that lies there by then back to the inbox, by SQS's own move task, or where the
server has none by copying: sent, then deleted. Left alone it goes on wherever an API runs. An order that had counted is a
duplicate when it comes again. SQS and Redis are set by the same variables as for the roles.

Exit code: 0 done, 1 refused or not ended, 2 wrong use or no Redis.`,
};

const COMMANDS = ['list', 'redrive', 'cancel'] as const;

export type Read = { do: 'help' } | { do: 'nothing'; problems: string[] } | Wanted;

export function readWanted(args: readonly string[]): Read {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const name = COMMANDS.find((each) => each === operands.join(' '));
  if (name === undefined) {
    const got = operands.length === 0 ? 'nothing' : JSON.stringify(operands.join(' '));
    problems.push(`the command must be one of ${COMMANDS.join(', ')}, got ${got}; see --help`);
  }
  const because = values.get('because') ?? '';
  if (name === 'redrive' && because === '') problems.push('redrive needs --because');
  const number = (option: string, most: number): number | undefined => {
    const text = values.get(option);
    const found = Number(text);
    if (text === undefined || (/^\d+$/.test(text) && found >= 1 && found <= most))
      return text && found ? found : undefined;
    problems.push(`--${option} must be a whole number from 1 to ${most}, got ${JSON.stringify(text)}`);
    return undefined;
  };
  const [rate, limit] = [number('rate', 500), number('limit', 10_000)];
  if (name === undefined || problems.length > 0) return { do: 'nothing', problems };
  return { do: name, because, rate, limit: limit ?? 1_000, json: values.has('json') };
}
