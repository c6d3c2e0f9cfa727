import { readFileSync } from 'node:fs';
import type { AutoWanted } from '../../desk/auto/autoRepairs.ts';
import type { Budget } from '../../desk/auto/budget.ts';
import type { Meant } from '../../desk/matching.ts';
import type { Held } from '../../desk/orders/reads.ts';
import { type Recipe, recipe, recipeName, recipeReference } from '../../desk/recipes/recipe.ts';
import { REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { readCommandLine, type Usage, type Values } from '../kit/commandLine.ts';

/** What each command is given besides --json; those in brackets may be missing. */
const COMMANDS = {
  groups: ['[held]'],
  hold: ['cause', 'because'],
  release: ['cause', 'because'],
  search: ['[which]', '[limit]'],
  show: ['job'],
  edit: ['job', 'file', '[revision]', '[queue]', '[because]', '[dry-run]'],
  propose: ['[which]'],
  try: ['[which]', '[recipe]', '[recipe-name]'],
  repair: ['[which]', '[recipe]', '[recipe-name]', 'because', '[rate]', '[stop-percent]'],
  retry: ['[which]', '[because]', '[dry-run]'],
  runs: [],
  receipt: ['run'],
  pause: ['run'],
  resume: ['run'],
  cancel: ['run'],
  recipes: [],
  'save-recipe': ['recipe-name', 'recipe', 'because'],
  'remove-recipe': ['recipe-name', 'because'],
  'auto list': [],
  'auto add': ['cause', 'recipe-name', 'because', '[existing]', '[per-hour]', '[per-day]', '[money-per-day]'],
  'auto remove': ['cause', 'because'],
  aside: ['[which]', 'because'],
  restore: ['[job]', 'because'],
  delete: ['[which]', '[aside]', 'because', 'count'],
  export: ['[which]'],
} as const;
export type CommandName = keyof typeof COMMANDS;

const WHICH = ['cause', 'reason', 'id', 'text', 'job'];

export interface Wanted {
  do: CommandName;
  where: Meant;
  held: Held;
  recipe: Recipe | undefined;
  recipeName: string | undefined;
  because: string;
  run: string;
  rate: number | undefined;
  stopPercent: number;
  /** Of `auto add`. */
  auto: Budget & Pick<AutoWanted, 'orders'>;
  limit: number;
  count: number;
  aside: boolean;
  /** The order that edit puts there, JSON text. */
  text: string;
  revision: number;
  queue: boolean;
  dryRun: boolean;
  json: boolean;
}

export const USAGE: Usage = {
  name: 'failed',
  does: 'What has failed and why; try a repair, run it, see what it did; retry, set aside, restore, delete.',
  examples: [
    'failed groups',
    'failed try --cause 3f2a9c01de',
    'failed repair --cause 3f2a9c01de --because "ticket 7"',
    'failed hold --cause 3f2a9c01de --because "the shop mends it by Friday"',
    'failed edit --job 0a3d9c1b --file order.json --queue --because "ticket 7"',
    'failed auto add --cause 3f2a9c01de --recipe-name comma --because "every month" --per-hour 200',
    'failed retry --reason order_value_mismatch --dry-run',
    'failed delete --aside --count 12 --because "test data"',
  ],
  options: [
    ['--cause <ID>', 'only orders of this cause, as groups names it'],
    [
      '--reason <REASON>',
      `only orders refused for it, among other reasons perhaps: ${REASONS.join(', ')}; or fault`,
    ],
    ['--id <ID>', 'only orders whose order id, user id or message id it is, whole: found at once'],
    ['--text <TEXT>', 'only orders that hold it, in any field or id'],
    ['--job <ID>', 'only these jobs, with commas between them'],
    ['--recipe <JSON>', 'the recipe, or @FILE (the one that is proposed for the orders)'],
    ['--recipe-name <NAME>', 'what a recipe is saved as; NAME@2 is its version 2 (the newest)'],
    ['--because <TEXT>', 'why, for the audit log'],
    ['--held <WHICH>', 'groups without causes on hold, only those, or all of them (without)'],
    [
      '--rate <N>',
      'orders a second at most, whatever waits (as fast as the workers take them, letting others by)',
    ],
    ['--stop-percent <N>', 'a run stops when more have failed again (20)'],
    ['--run <ID>', 'the run'],
    ['--limit <N>', 'how many search shows (50)'],
    ['--count <N>', 'how many orders delete will delete: it refuses when there are others'],
    ['--aside', 'delete orders that were set aside'],
    ['--file <FILE>', 'the order as edit is to make it, JSON; - for what is piped in'],
    ['--revision <N>', 'how often the order had been edited when it was looked at, as show says (0)'],
    ['--queue', 'of edit: give the order to the workers as well; refused when it would fail again'],
    ['--existing', 'of auto add: what has failed for the cause by now as well, not only what fails after it'],
    ['--per-hour <N>', 'orders that a standing recipe may send in any hour (100)'],
    ['--per-day <N>', 'the same of a day (1000)'],
    ['--money-per-day <AMOUNT>', 'what the orders of a day may say they are worth (no bound)'],
    ['--dry-run', 'of retry: say how many it would be; of edit: what would become of it; nothing is written'],
    ['--json', 'the answer as JSON; groups, search, runs and export as an array'],
  ],
  notes: `The commands: ${Object.keys(COMMANDS).join(', ')}.

retry: every order that has failed by now runs exactly once more with all its attempts, the oldest failure first. An order
that fails again is not retried again: it stays failed. Refused orders pass only when they, or the rules, were changed
meanwhile; with --cause, --text or --job those that would fail again are left alone. repair: orders are edited as the recipe
says, ten first, and sent; those that would fail again are left alone. edit: one order becomes what --file holds; without
--queue it is saved whatever is still wrong with it, and stays failed. A run that is left goes on by any API, and by resume.
auto: a saved recipe stands for a cause, and every API repairs by it what fails for it, within its budget, until it is
removed or helps no more. try and edit judge by the settings of this command: give it those of the workers. Which Redis is set by the same variables as for
the roles; how many partitions there are is read from it.

Exit code: 0 done, 1 ended half-way, stopped or refused, 2 wrong use or no Redis.`,
};

export type Read = { do: 'help' } | { do: 'nothing'; problems: string[] } | Wanted;

export function readWanted(args: readonly string[]): Read {
  const read = readCommandLine(USAGE, args);
  if (read === 'help') return { do: 'help' };
  const { values, operands, problems } = read;
  const name = operands.join(' ');
  if (!Object.hasOwn(COMMANDS, name)) {
    const got = operands.length === 0 ? 'nothing' : JSON.stringify(name);
    problems.push(`the command must be one of ${Object.keys(COMMANDS).join(', ')}, got ${got}; see --help`);
    return { do: 'nothing', problems };
  }
  const command = name as CommandName;
  problems.push(...misplaced(command, values));
  const number = (option: string, least: number, most: number) =>
    readNumber(values, option, [least, most], problems);
  const wanted: Wanted = {
    do: command,
    where: readWhere(values, problems),
    held: readHeld(values.get('held') ?? 'without', problems),
    recipe: readRecipe(values.get('recipe'), problems),
    recipeName: readRecipeName(command, values, problems),
    because: values.get('because') ?? '',
    run: values.get('run') ?? '',
    rate: number('rate', 1, 100_000),
    stopPercent: number('stop-percent', 0, 100) ?? 20,
    auto: {
      orders: values.has('existing') ? 'all' : 'new',
      perHour: number('per-hour', 1, 10_000) ?? 100,
      perDay: number('per-day', 1, 100_000) ?? 1_000,
      ...readMoney(values, problems),
    },
    limit: number('limit', 1, 1_000) ?? 50,
    count: number('count', 0, 1_000_000_000) ?? 0,
    aside: values.has('aside'),
    text: readText(values.get('file'), problems),
    revision: number('revision', 0, 1_000_000) ?? 0,
    queue: values.has('queue'),
    dryRun: values.has('dry-run'),
    json: values.has('json'),
  };
  if (command === 'edit') problems.push(...editProblems(wanted));
  return problems.length > 0 ? { do: 'nothing', problems } : wanted;
}

function misplaced(command: CommandName, values: Values): string[] {
  const takes: readonly string[] = COMMANDS[command];
  const needed = takes.filter((each) => !each.startsWith('['));
  const names = takes
    .map((each) => each.replace(/[[\]]/g, ''))
    .flatMap((each) => (each === 'which' ? WHICH : each));
  return [
    ...needed.filter((each) => !values.has(each)).map((each) => `${command} needs --${each}`),
    ...[...values.keys()]
      .filter((each) => each !== 'json' && !names.includes(each))
      .map((each) => `${command} takes no --${each}`),
  ];
}

function readWhere(values: Values, problems: string[]): Meant {
  const reason = values.get('reason');
  if (reason !== undefined && !isReason(reason)) {
    problems.push(`--reason must be one of ${REASONS.join(', ')}, fault, got ${JSON.stringify(reason)}`);
  }
  const jobs = values.get('job')?.split(',');
  if (jobs && WHICH.some((each) => each !== 'job' && values.has(each))) problems.push('--job stands alone');
  const cause = values.get('cause');
  const [id, text] = [values.get('id'), values.get('text')];
  return {
    ...(cause === undefined ? {} : { cause }),
    ...(reason === undefined ? {} : { reason: reason as Reason }),
    ...(id === undefined ? {} : { id }),
    ...(text === undefined ? {} : { text }),
    ...(jobs === undefined ? {} : { jobs }),
  };
}

function readHeld(text: string, problems: string[]): Held {
  if (text === 'without' || text === 'only' || text === 'all') return text;
  problems.push(`--held must be one of without, only, all, got ${JSON.stringify(text)}`);
  return 'without';
}

const isReason = (text: string): boolean => text === 'fault' || (REASONS as readonly string[]).includes(text);

function editProblems({ where, because, dryRun }: Wanted): string[] {
  return [
    ...((where.jobs?.length ?? 0) > 1 ? ['edit takes one --job'] : []),
    ...(because === '' && !dryRun ? ['edit needs --because'] : []),
  ];
}

function readText(file: string | undefined, problems: string[]): string {
  if (file === undefined) return '';
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    problems.push(`--file cannot be read: ${(error as Error).message}`);
    return '';
  }
}

function readRecipe(text: string | undefined, problems: string[]): Recipe | undefined {
  if (text === undefined) return undefined;
  try {
    const found = recipe.safeParse(
      JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text),
    );
    if (found.success) return found.data;
    problems.push(
      ...found.error.issues.map(
        ({ path, message }) => `--recipe: ${[path.join('.'), message].join(' ').trim()}`,
      ),
    );
  } catch (error) {
    problems.push(`--recipe cannot be read: ${(error as Error).message}`);
  }
  return undefined;
}

function readRecipeName(command: CommandName, values: Values, problems: string[]): string | undefined {
  const name = values.get('recipe-name');
  if (name === undefined) return undefined;
  const isUsed = command === 'try' || command === 'repair' || command === 'auto add';
  if (isUsed && values.has('recipe')) problems.push('--recipe-name stands in the place of --recipe');
  const found = (isUsed ? recipeReference : recipeName).safeParse(name);
  if (!found.success)
    problems.push(`--recipe-name ${found.error.issues[0]?.message}, got ${JSON.stringify(name)}`);
  return name;
}

function readMoney(values: Values, problems: string[]): Pick<Budget, 'moneyPerDay'> {
  const text = values.get('money-per-day');
  if (text === undefined) return {};
  const minorUnits = /^\d{1,10}(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 100) : 0;
  if (minorUnits === 0)
    problems.push(`--money-per-day must be an amount such as 5000 or 99.50, got ${JSON.stringify(text)}`);
  return { moneyPerDay: minorUnits };
}

function readNumber(
  values: Values,
  option: string,
  [least, most]: [number, number],
  problems: string[],
): number | undefined {
  const text = values.get(option);
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  problems.push(`--${option} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
  return undefined;
}
