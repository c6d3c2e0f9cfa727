import { VERDICTS, type Verdict } from '../../quality/outcomes/precision.ts';
import { readCommandLine, type Usage } from '../kit/commandLine.ts';
import { commandRows, QUALITY_COMMANDS } from './commands.ts';

export type Wanted =
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] }
  | { do: 'groups'; all: boolean; json: boolean }
  | { do: 'findings'; message: string; json: boolean }
  | { do: 'label'; group: string; verdict: Verdict; because: string | undefined }
  | { do: 'mute' | 'unmute'; group: string; because: string | undefined }
  | { do: 'reset'; rule: string; key: string | undefined; because: string | undefined }
  | { do: 'restore'; rule: string; because: string | undefined };

export const USAGE: Usage = {
  name: 'quality',
  does: 'What the review of orders found, and what people say to it.',
  examples: [
    'quality groups',
    'quality findings MESSAGE_ID',
    'quality label GROUP wrong --because "their new price list"',
    'quality mute GROUP',
    'quality restore RULE',
    'quality reset RULE KEY',
  ],
  commands: commandRows(),
  options: [
    ['--all', 'groups of one or two orders, quiet and muted ones too'],
    ['--because <TEXT>', 'why, for the audit log'],
    ['--json', 'as JSON, one value a line'],
  ],
  notes: `Which Redis is set by the same variables as for the roles.

Exit code: 0 done, 1 there is no such thing or it cannot be done now, 2 wrong use or no Redis.`,
};

export function readWanted(args: readonly string[]): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const [what = '', one = '', verdict = ''] = operands;
  const operand = Object.hasOwn(QUALITY_COMMANDS, what) ? QUALITY_COMMANDS[what]?.[0] : undefined;
  if (operand === undefined) {
    problems.push(
      `say what: ${Object.keys(QUALITY_COMMANDS).join(', ')}${what === '' ? '' : `, got ${JSON.stringify(what)}`}`,
    );
  } else if (!fits(operands.length - 1, operand)) {
    problems.push(`the use is: quality ${what} ${operand}`.trim());
  } else if (what === 'label' && !(VERDICTS as readonly string[]).includes(verdict)) {
    problems.push(`a label is ${VERDICTS.join(', ')}, got ${JSON.stringify(verdict)}`);
  }
  if (problems.length > 0) return { do: 'nothing', problems };
  const because = values.get('because');
  const json = values.has('json');
  switch (what) {
    case 'groups':
      return { do: what, all: values.has('all'), json };
    case 'findings':
      return { do: what, message: one, json };
    case 'label':
      return { do: what, group: one, verdict: verdict as Verdict, because };
    case 'reset':
      return { do: what, rule: one, key: operands[2], because };
    case 'restore':
      return { do: what, rule: one, because };
    default:
      return { do: what as 'mute' | 'unmute', group: one, because };
  }
}

/** Those in brackets may be left out. */
function fits(count: number, operands: string): boolean {
  const names = operands.split(' ').filter(Boolean);
  return count <= names.length && count >= names.filter((name) => !name.startsWith('[')).length;
}
