import { parseArgs } from 'node:util';
import { KEY_ROLES, type KeyRole } from '../../access/apiKey.ts';
import { isCalendarDay } from '../../orders/timestamp.ts';

export type Wanted =
  | { do: 'create'; name: string; role: KeyRole; expiresAt?: number }
  | { do: 'list' }
  | { do: 'revoke'; id: string }
  | { do: 'help' }
  | { do: 'nothing'; problems: string[] };

export const USAGE = `API keys, for STATS_API=keys and for the operators' pages.

  npm run keys -- create --name NAME --role ROLE [--expires WHEN]
  npm run keys -- list
  npm run keys -- revoke ID

  --name NAME     who uses it, at most 64 characters
  --role ROLE     read: the stats; admin: the operators' pages as well
  --expires WHEN  90d for so many days from now, or the last day it is good, YYYY-MM-DD, UTC (never)
  --help          show this

A key is shown once, when it is made: Redis keeps only its digest. A revoked key opens nothing any more after five
seconds at most. Which Redis is set by the same variables as for npm start.

Exit code: 0 done, 1 no such key, 2 wrong use or no Redis.`;

const MAX_NAME = 64;
const DAY_MS = 86_400_000;
const CREATE_ONLY = ['name', 'role', 'expires'] as const;

/** Reads the command line; every problem is found, not the first. */
export function readWanted(args: readonly string[], now: number): Wanted {
  const problems: string[] = [];
  const { values, positionals } = read(args, problems);
  if (values.help !== undefined) return { do: 'help' };
  const [command, ...rest] = positionals;
  const [id, ...extra] = command === 'revoke' ? rest : [undefined, ...rest];
  for (const argument of extra) problems.push(`unexpected argument ${JSON.stringify(argument)}`);
  if (command !== 'create') {
    const useless = CREATE_ONLY.filter((name) => values[name] !== undefined).map((name) => `--${name}`);
    if (useless.length > 0) problems.push(`${useless.join(', ')} goes with create only`);
  }

  if (command === 'create') {
    const created = readCreate(values, now, problems);
    if (problems.length === 0) return created;
  } else if (command === 'revoke') {
    if (id === undefined) problems.push('revoke needs the ID of a key, as list shows it');
    else if (problems.length === 0) return { do: 'revoke', id };
  } else if (command === 'list') {
    if (problems.length === 0) return { do: 'list' };
  } else {
    problems.push(`the command must be create, list or revoke, got ${shown(command)}`);
  }
  return { do: 'nothing', problems };
}

function readCreate(values: Values, now: number, problems: string[]): Wanted & { do: 'create' } {
  const { name = '', role, expires } = values;
  if (name.trim() === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name)) {
    problems.push(`--name must be 1 to ${MAX_NAME} characters, got ${shown(values.name)}`);
  }
  if (!isRole(role)) problems.push(`--role must be one of ${KEY_ROLES.join(', ')}, got ${shown(role)}`);
  const expiresAt = expires === undefined ? undefined : timeOf(expires, now);
  if (expires !== undefined && (expiresAt === undefined || expiresAt <= now)) {
    problems.push(`--expires must be days such as 90d or a day to come, YYYY-MM-DD, got ${shown(expires)}`);
  }
  return {
    do: 'create',
    name: name.trim(),
    role: role as KeyRole,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function timeOf(text: string, now: number): number | undefined {
  if (/^[1-9]\d{0,3}d$/.test(text)) return now + Number(text.slice(0, -1)) * DAY_MS;
  // The day itself still counts.
  return isCalendarDay(text) ? Date.parse(`${text}T00:00:00Z`) + DAY_MS : undefined;
}

type Values = Partial<Record<(typeof CREATE_ONLY)[number] | 'help', string>>;

/** Not strict: parseArgs would stop at the first unknown option. */
function read(args: readonly string[], problems: string[]): { values: Values; positionals: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      name: { type: 'string' },
      role: { type: 'string' },
      expires: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const values: Values = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.name as keyof Values;
    if (name === 'help') values.help = '';
    else if (!CREATE_ONLY.includes(name)) problems.push(`unknown option ${token.rawName}; see --help`);
    else if (values[name] !== undefined) problems.push(`${token.rawName} is given twice`);
    else values[name] = token.value ?? '';
  }
  return { values, positionals };
}

const isRole = (text: string | undefined): text is KeyRole =>
  text !== undefined && (KEY_ROLES as readonly string[]).includes(text);

const shown = (text: string | undefined): string =>
  text === undefined || text === '' ? 'nothing' : JSON.stringify(text);
