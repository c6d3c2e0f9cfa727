import { nameFault } from '../../access/people.ts';
import { ACCESS_ROLES, type AccessRole, isAccessRole } from '../../access/roles.ts';
import { readCommandLine, type Usage } from '../kit/commandLine.ts';

type Order =
  | { do: 'list' }
  | { do: 'invite'; name: string; role: AccessRole | undefined; at: string | undefined }
  | { do: 'role'; name: string; role: AccessRole }
  | { do: 'remove' | 'sign-out'; name: string };

export type Wanted = (Order & { json: boolean }) | { do: 'help' } | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
  name: 'people',
  does: 'Who may sign in, and as what.',
  examples: [
    'people list',
    'people invite anna --role repair',
    'people role anna admin',
    'people sign-out anna',
    'people remove anna',
  ],
  options: [
    [
      '--role <ROLE>',
      "read: stats and the operators' pages; repair: edits and retries as well; admin: everything",
    ],
    ['--at <URL>', 'what the link begins with, where people come by another address than HOST and PORT'],
    ['--json', 'the answer as JSON'],
  ],
  notes: `invite prints a link, good once and for three days, by which that person chooses a password; for somebody who has one
already, a new password. From the first invitation on, the operators' pages ask who comes. What is changed counts at
once, also in sessions that are open, and is in the audit log. People of an OpenID provider appear after they signed in;
what they may is for the provider to say. Which Redis is set by the same variables as for the roles.

Exit code: 0 done, 1 nobody is called so, 2 wrong use or no Redis.`,
};

const COMMANDS = ['list', 'invite', 'role', 'remove', 'sign-out'] as const;

/** Reads the command line; every problem is found, not the first. */
export function readWanted(args: readonly string[]): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const [word, ...rest] = operands;
  const command = COMMANDS.find((each) => each === word);
  if (command === undefined) problems.push(`the command must be ${oneOf(COMMANDS)}, got ${shown(word)}`);
  const [name = ''] = command === 'list' ? [] : rest.splice(0, 1);
  const given = command === 'role' ? rest.shift() : values.get('role');
  for (const extra of rest) problems.push(`unexpected argument ${JSON.stringify(extra)}`);
  if (command !== 'invite') {
    const useless = ['role', 'at'].filter((option) => values.has(option)).map((option) => `--${option}`);
    if (useless.length > 0) problems.push(`${useless.join(', ')} goes with invite only`);
  }
  const fault = command === 'invite' ? nameFault(name) : name === '' ? 'is missing' : undefined;
  if (command !== undefined && command !== 'list' && fault)
    problems.push(`the name ${fault}, got ${shown(name)}`);
  const isWrong = given === undefined ? command === 'role' : !isAccessRole(given);
  if (isWrong) problems.push(`the role must be ${oneOf(ACCESS_ROLES)}, got ${shown(given)}`);
  const at = values.get('at');
  if (at !== undefined && !/^https?:\/\/[^#?]+$/.test(at))
    problems.push(`--at must be a URL such as https://ops.example/orders, got ${JSON.stringify(at)}`);
  if (problems.length > 0 || command === undefined) return { do: 'nothing', problems };
  const role = given as AccessRole;
  const json = values.has('json');
  if (command === 'list') return { do: command, json };
  if (command === 'invite') return { do: command, name, role, at, json };
  return command === 'role' ? { do: command, name, role, json } : { do: command, name, json };
}

const oneOf = (words: readonly string[]): string => `one of ${words.join(', ')}`;

const shown = (text: string | undefined): string =>
  text === undefined || text === '' ? 'nothing' : JSON.stringify(text);
