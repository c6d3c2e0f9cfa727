import { readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { GRADES, type Grade } from './inspected.ts';

export interface InspectOptions {
  file: string;
  /** A file of own rules. */
  rules: string | undefined;
  /** Own rules alone are asked. */
  tried: boolean;
  json: boolean;
  /** A language model is asked too. */
  llm: boolean;
  /** It is shown so many orders of the file at random besides. */
  sample: number;
  /** Where to write the own rules that it would make. */
  drafts: string | undefined;
  /** Where to write the page. */
  report: string | undefined;
  /** The exit code is 1 from this grade on. */
  failOn: Grade | 'never';
}

export type Parsed =
  | { kind: 'run'; options: InspectOptions }
  | { kind: 'help' }
  | { kind: 'bad'; problems: string[] };

const MOST_SAMPLED = 100;

export const USAGE: Usage = {
  name: 'inspect',
  does: 'Judges the orders of a file: what the rules refuse, and what is right by the rules and odd all the same.',
  examples: [
    'inspect --file orders.jsonl',
    'inspect --file orders.csv --report report.html',
    'inspect --file orders.jsonl --json --fail-on error',
    'inspect --file past.jsonl --rules rules.yaml --try',
  ],
  options: [
    ['--file <PATH>', 'a .json array, .jsonl, .ndjson, .csv or .xlsx file of orders, as send reads them'],
    ['--rules <PATH>', 'own rules besides (QUALITY_RULES)'],
    ['--try', 'ask the own rules alone, and say of each how many orders it would flag'],
    ['--json', 'one finding a line, as JSON, and nothing else'],
    [
      '--llm',
      'ask the language model as well (LLM_…): the gravest groups, each way to pay and each place once',
    ],
    ['--sample <N>', `with --llm: and so many orders, picked at random (0, at most ${MOST_SAMPLED})`],
    ['--drafts <PATH>', 'with --llm: write the own rules that it would make, for --rules PATH --try'],
    ['--report <PATH>', 'write what was found as one HTML page'],
    ['--fail-on <GRADE>', `exit with 1 from this grade on: ${GRADES.join(', ')} or never (hold)`],
  ],
  notes: `Needs no Redis and no SQS; nothing is sent. With --llm the model's daily budget is in Redis, shared with the roles. The file is read twice: first to learn what its orders usually look like,
then to judge them. Orders are read as the workers read them: ORDER_ACCEPTS, SUM_FIELDS, CURRENCY, INBOX_ENVELOPE, …

A finding has line (from 1; the row of a table, whose header is row 1; the element of an array), path, rule, severity,
observed, expected and fix: the edits that would mend it, or null. A refusal is one too, of severity error.

Exit code: 0 nothing of that grade, 1 something, 2 wrong use or a file that cannot be read, 130 stopped.`,
};

/** Reads the command line; every problem is found, not the first. */
export function parseOptions(args: readonly string[]): Parsed {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') return { kind: 'help' };
  const { values, problems } = read;
  const file = values.get('file');
  if (file === undefined && problems.length === 0) problems.push('--file is missing: which orders?');
  const failOn = values.get('fail-on') ?? 'hold';
  if (failOn !== 'never' && !isGrade(failOn))
    problems.push(`--fail-on must be one of ${GRADES.join(', ')}, never, got ${JSON.stringify(failOn)}`);
  const sample = values.get('sample') ?? '0';
  if (!/^\d{1,3}$/.test(sample) || Number(sample) > MOST_SAMPLED)
    problems.push(`--sample must be a whole number up to ${MOST_SAMPLED}, got ${JSON.stringify(sample)}`);
  if (!values.has('llm') && (values.has('sample') || values.has('drafts')))
    problems.push('--sample and --drafts go with --llm');
  if (values.has('llm') && (values.has('json') || values.has('try')))
    problems.push('--llm goes with neither --json nor --try: what a model says is an opinion, not a finding');
  if (problems.length > 0) return { kind: 'bad', problems };
  return {
    kind: 'run',
    options: {
      file: file as string,
      rules: values.get('rules'),
      tried: values.has('try'),
      json: values.has('json'),
      llm: values.has('llm'),
      sample: Number(sample),
      drafts: values.get('drafts'),
      report: values.get('report'),
      failOn: failOn as Grade | 'never',
    },
  };
}

const isGrade = (text: string): text is Grade => (GRADES as readonly string[]).includes(text);
