import { ACCESS_ROLES, type AccessRole, isAccessRole } from '../../access/roles.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { readCommandLine, type Usage, type Values } from '../kit/commandLine.ts';
import { readWhen } from '../kit/when.ts';

export type Wanted =
  | { do: 'create'; name: string; role: AccessRole; expiresAt?: number; json: boolean }
  | { do: 'list'; json: boolean }
  | { do: 'revoke'; id: string; json: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE: Usage = {
  name: 'keys',
  does: "API keys, for STATS_API=keys and for the operators' pages: create, list, revoke.",
  examples: ['keys create --name dashboard --role read --expires 90d', 'keys list', 'keys revoke ID'],
  options: [
    ['--name <NAME>', 'who uses it, at most 64 characters'],
    ['--role <ROLE>', "read: the stats; repair and admin: the operators' pages as well"],
    [
      '--expires <WHEN>',
      '90d for so many days from now, or the last day it is good, YYYY-MM-DD, UTC (never)',
    ],
    ['--json', 'the answer as JSON'],
  ],
  notes: `A key is shown once, when it is made: Redis keeps only its digest. A revoked key opens nothing any more after five
seconds at most. Which Redis is set by the same variables as for the roles.

Exit code: 0 done, 1 no such key, 2 wrong use or no Redis.`,
};

const MAX_NAME = 64;
const CREATE_ONLY = ['name', 'role', 'expires'] as const;

/** Reads the command line; every problem is found, not the first. */
export function readWanted(args: readonly string[], now: number): Wanted {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const json = values.has('json');
  const [command, ...rest] = operands;
  const [id, ...extra] = command === 'revoke' ? rest : [undefined, ...rest];
  for (const argument of extra) problems.push(`unexpected argument ${JSON.stringify(argument)}`);
  if (command !== 'create') {
    const useless = CREATE_ONLY.filter((name) => values.has(name)).map((name) => `--${name}`);
    if (useless.length > 0) problems.push(`${useless.join(', ')} goes with create only`);
  }

  if (command === 'create') {
    const created = readCreate(values, now, problems);
    if (problems.length === 0) return { do: 'create', ...created, json };
  } else if (command === 'revoke') {
    if (id === undefined) problems.push('revoke needs the ID of a key, as list shows it');
    else if (problems.length === 0) return { do: 'revoke', id, json };
  } else if (command === 'list') {
    if (problems.length === 0) return { do: 'list', json };
  } else {
    problems.push(`the command must be create, list or revoke, got ${shown(command)}`);
  }
  return { do: 'nothing', problems };
}

function readCreate(values: Values, now: number, problems: string[]) {
  const [name, role, expires] = CREATE_ONLY.map((option) => values.get(option));
  if (name === undefined || name.trim() === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name)) {
    problems.push(`--name must be 1 to ${MAX_NAME} characters, got ${shown(name)}`);
  }
  if (!isAccessRole(role))
    problems.push(`--role must be one of ${ACCESS_ROLES.join(', ')}, got ${shown(role)}`);
  const expiresAt = expires === undefined ? undefined : timeOf(expires, now);
  if (expires !== undefined && (expiresAt === undefined || expiresAt <= now)) {
    problems.push(`--expires must be days such as 90d or a day to come, YYYY-MM-DD, got ${shown(expires)}`);
  }
  return {
    name: (name ?? '').trim(),
    role: role as AccessRole,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function timeOf(text: string, now: number): number | undefined {
  const when = readWhen(text);
  if (when === undefined) return undefined;
  // The day itself still counts.
  return 'daysMs' in when ? now + when.daysMs : when.dayStartsAt + DAY_MS;
}

const shown = (text: string | undefined): string =>
  text === undefined || text === '' ? 'nothing' : JSON.stringify(text);
