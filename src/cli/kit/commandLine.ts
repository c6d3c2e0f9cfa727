import { Command, CommanderError, type Option } from 'commander';

/** How a command is used: what its help shows, and all that its command line may hold. */
export interface Usage {
  name: string;
  /** One sentence; the first line of its help. */
  does: string;
  /** Command lines that work, without the program's name. */
  examples: readonly string[];
  /** What stands behind its name, and what each does; where there are several. */
  commands?: readonly (readonly [use: string, does: string])[];
  /** `[flags, meaning]`; flags as `--count <N>` with a value, `--force` without. */
  options: readonly (readonly [flags: string, meaning: string])[];
  /** What has to be said below the options, the exit codes last. */
  notes: string;
}

/** Values by the option's long name; an option without a value is `''`. */
export type Values = ReadonlyMap<string, string>;

export interface CommandLine {
  values: Values;
  operands: string[];
  /** Everything that is wrong with it, not the first. */
  problems: string[];
}

/**
 * Reads the words after the command's name. Nothing is judged but the form: unknown, repeated and empty options. Where
 * `--help` stands among them, nothing else counts.
 */
export function readCommandLine(usage: Usage, args: readonly string[]): CommandLine | 'help' {
  const values = new Map<string, string>();
  const problems: string[] = [];
  const command = declare(usage);
  for (const option of command.options) {
    command.on(`option:${option.name()}`, (value?: string) => take(option, value, values, problems));
  }
  try {
    const { operands, unknown } = command.parseOptions([...args]);
    if (values.has('help')) return 'help';
    return { values, operands: [...operands, ...sort(unknown, command, problems)], problems };
  } catch (error) {
    // The last word is an option that needs a value: the one fault that ends the reading.
    if (!(error instanceof CommanderError)) throw error;
    const last = (args.at(-1) ?? '').split('=', 1)[0];
    return { values, operands: [], problems: [...problems, `${last} needs a value, got nothing`] };
  }
}

/** For commands that take options alone. */
export function withoutOperands(read: CommandLine | 'help'): CommandLine | 'help' {
  if (read === 'help') return read;
  const unexpected = read.operands.map((operand) => `unexpected argument ${JSON.stringify(operand)}`);
  return { ...read, problems: [...read.problems, ...unexpected] };
}

/** The help of one command, as it is printed. */
export function helpOf(usage: Usage): string {
  const examples = usage.examples.map((example) => `  order-pipeline ${example}`).join('\n');
  const command = declare(usage);
  const options = command
    .createHelp()
    .visibleOptions(command)
    .map(({ flags, description }) => [flags.replace(/[<>]/g, ''), description] as const);
  const commands = usage.commands ? [columnsOf(usage.commands)] : [];
  return `${[usage.does, examples, ...commands, columnsOf(options), usage.notes].join('\n\n')}\n`;
}

function columnsOf(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`).join('\n');
}

function declare({ name, options }: Usage): Command {
  const command = new Command(name).helpOption(false).exitOverride();
  command.configureOutput({ writeErr() {}, writeOut() {} });
  for (const [flags, meaning] of options) command.option(flags, meaning);
  return command.option('-h, --help', 'show this');
}

function take(
  option: Option,
  value: string | undefined,
  values: Map<string, string>,
  problems: string[],
): void {
  const { long } = option;
  const name = option.name();
  const before = values.get(name);
  if (!option.required) {
    values.set(name, '');
  } else if (value === undefined || value === '' || value.startsWith('--')) {
    problems.push(`${long} needs a value, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`);
  } else if (before !== undefined) {
    problems.push(`${long} is given twice, ${JSON.stringify(before)} and ${JSON.stringify(value)}`);
  } else {
    values.set(name, value);
  }
}

/** What commander did not know: options, each with what may be meant as its value, and words that stand alone. */
function sort(unknown: readonly string[], command: Command, problems: string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < unknown.length; at += 1) {
    const word = unknown[at] as string;
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const [, name = word, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    const known = command.options.some(({ long, short }) => name === long || name === short);
    if (known) {
      problems.push(`${name} takes no value, got ${JSON.stringify(value)}`);
      continue;
    }
    const next = unknown[at + 1];
    const mayBeItsValue = value === undefined && next !== undefined && !next.startsWith('-');
    if (mayBeItsValue) at += 1;
    const given = mayBeItsValue ? next : value;
    problems.push(`unknown option ${name}${given === undefined ? '' : ` ${given}`}; see --help`);
  }
  return words;
}
