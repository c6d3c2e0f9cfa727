import { isCalendarDay } from '../../orders/timestamp.ts';
import { readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import type { GenerateOptions } from './generate.ts';

/** What the command line asks for. */
export interface SendCommandOptions {
  /** Send this file; otherwise orders are generated. */
  file: string | undefined;
  orders: GenerateOptions;
  /** Messages a second; undefined means as fast as possible. */
  rate: number | undefined;
  dryRun: boolean;
  /** With `dryRun`: how many bodies to print. */
  print: number;
  json: boolean;
}

export type Parsed =
  | { kind: 'run'; options: SendCommandOptions }
  | { kind: 'help' }
  | { kind: 'bad'; problems: string[] };

export const USAGE: Usage = {
  name: 'send',
  does: 'Sends orders to the inbox: generated ones, or those of a file.',
  examples: [
    'send --count 10000 --invalid 0.1 --duplicates 0.05 --users 1000 --seed 7 --rate 500',
    'send --file orders.csv',
  ],
  options: [
    ['--count <N>', 'distinct orders (1000)'],
    ['--invalid <SHARE>', 'share of them that must be refused, 0 to 1 (0.1)'],
    ['--duplicates <SHARE>', 'exact re-sends on top, as a share of the count, 0 to 1 (0.05)'],
    ['--users <N>', 'customers (100)'],
    ['--seed <N>', 'same seed and options, same messages (random, printed at the end)'],
    ['--until <DAY>', 'orders are placed in the 60 days before this day, YYYY-MM-DD (today, UTC)'],
    ['--file <PATH>', 'send the orders of a .json array, .jsonl, .ndjson, .csv or .xlsx file instead'],
    ['--rate <N>', 'messages a second (as fast as possible)'],
    ['--dry-run', 'send nothing, show what would be sent'],
    ['--print <N>', 'with --dry-run: print the first N bodies (0)'],
    ['--json', 'what was sent, and what the API must show for it, as JSON; money in minor units'],
  ],
  notes: `Where it sends is set by the same variables as for the roles: SQS_ENDPOINT, SQS_QUEUE_URL, QUEUE_NAME, …

Exit code: 0 all sent, 1 something was not sent, 2 wrong use or a file that cannot be read, 130 stopped.`,
};

const GENERATOR_ONLY = ['count', 'invalid', 'duplicates', 'users', 'seed', 'until'];

/** Reads the command line; every problem is found, not the first. `now` gives the default day and seed. */
export function parseOptions(args: readonly string[], now: Date, randomSeed: () => number): Parsed {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') return { kind: 'help' };
  const { values, problems } = read;

  const number = (
    name: string,
    fallback: number,
    accepts: (value: number) => boolean,
    rule: string,
  ): number => {
    const text = values.get(name);
    if (text === undefined) return fallback;
    const value = /^-?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
    if (!accepts(value)) problems.push(`--${name} must be ${rule}, got ${JSON.stringify(text)}`);
    return value;
  };
  const whole = (min: number, max: number) => (value: number) =>
    Number.isInteger(value) && value >= min && value <= max;
  const share = (value: number) => value >= 0 && value <= 1;

  const until = values.get('until') ?? now.toISOString().slice(0, 10);
  if (!isCalendarDay(until) || until < '1971-01-01') {
    problems.push(`--until must be a day such as 2026-01-31, got ${JSON.stringify(until)}`);
  }
  const options: SendCommandOptions = {
    file: values.get('file'),
    orders: {
      count: number('count', 1000, whole(1, 100_000_000), 'a whole number from 1 to 100000000'),
      invalid: number('invalid', 0.1, share, 'a share from 0 to 1'),
      duplicates: number('duplicates', 0.05, share, 'a share from 0 to 1'),
      users: number('users', 100, whole(1, 10_000_000), 'a whole number from 1 to 10000000'),
      seed: number('seed', 0, whole(0, 0xffff_ffff), 'a whole number from 0 to 4294967295'),
      until,
    },
    rate: values.has('rate') ? number('rate', 0, (value) => value > 0, 'a number above 0') : undefined,
    dryRun: values.has('dry-run'),
    print: number('print', 0, whole(0, 1_000_000), 'a whole number from 0 to 1000000'),
    json: values.has('json'),
  };
  if (!values.has('seed')) options.orders.seed = randomSeed();

  if (options.file !== undefined) {
    const useless = GENERATOR_ONLY.filter((name) => values.has(name)).map((name) => `--${name}`);
    if (useless.length > 0)
      problems.push(`${useless.join(', ')} cannot go with --file: nothing is generated`);
  }
  if (values.has('print') && !options.dryRun) problems.push('--print needs --dry-run');
  return problems.length > 0 ? { kind: 'bad', problems } : { kind: 'run', options };
}
