import type { Check } from '../../quality/check.ts';
import { columns, whole } from '../kit/print.ts';
import { type ModelsPart, modelRows } from './askModel.ts';
import { GRADES, type Inspected, type InspectedGroup, warmthInWords } from './inspected.ts';

const GROUPS_SHOWN = 30;
const LONGEST_CELL = 48;

const NAMES = { info: 'remarked on', warn: 'warned of', hold: 'to be held', error: 'refused' } as const;

/** What was found, for people. */
export function summaryOf(file: string, inspected: Inspected, said?: ModelsPart): string {
  const { orders, worst, duplicates, groups, ungrouped } = inspected;
  const flagged = GRADES.reduce((sum, grade) => sum + worst[grade], 0);
  const counts = [
    ['file', file],
    ['orders', whole(orders)],
    ['clean', whole(orders - flagged)],
    ...GRADES.toReversed().map((grade) => [NAMES[grade], whole(worst[grade])]),
    ...(duplicates > 0 ? [['of the clean: sent before', whole(duplicates)]] : []),
  ];
  const shown = groups.slice(0, GROUPS_SHOWN);
  const hidden = groups.length - shown.length + ungrouped;
  const rows = shown.map((group) => [group.severity, ...rowOf(group)]);
  const table =
    rows.length === 0
      ? ''
      : `\n${columns([['', 'rule', 'findings', 'line', 'path', 'observed', 'expected', 'fix'], ...rows], [2, 3])}\n`;
  const more = hidden > 0 ? `\nand ${whole(hidden)} more: --json or --report has them\n` : '';
  const part = inspected.isPart ? '\nstopped before the end of the file\n' : '';
  return `${columns(counts, [1])}\n${table}${more}\n${warmthInWords(inspected)}\n${said ? modelTable(said) : ''}${part}`;
}

function modelTable(said: ModelsPart): string {
  const { asked, spent } = said;
  const head = `the model was asked about ${whole(asked)} things in ${whole(spent.calls)} calls, $${spent.dollars.toFixed(4)}`;
  const rows = modelRows(said).map(([about, opinion]) => [cut(about), opinion]);
  return `\n${head}\n${rows.length === 0 ? '' : `${columns(rows, [])}\n`}`;
}

function rowOf({ rule, count, findings }: InspectedGroup): string[] {
  const [first] = findings;
  if (!first) return [rule, whole(count)];
  const fix = first.fix?.map(({ path, value }) => `${path} = ${value}`).join(', ') ?? '';
  const cells = [first.path, first.observed, first.expected, fix].map(cut);
  return [rule, whole(count), String(first.line), ...cells];
}

const cut = (text: string): string =>
  text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;

/** What each own rule would have flagged of past orders. */
export function trialOf(own: readonly Check[], { orders, rules, groups }: Inspected): string {
  const rows = own.map(({ id }) => {
    const said = rules.find(({ rule }) => rule === id);
    const [example] = groups.find(({ rule }) => rule === id)?.findings ?? [];
    const share = orders === 0 || !said ? 0 : (said.orders / orders) * 100;
    return [
      id,
      said?.severity ?? '',
      whole(said?.orders ?? 0),
      `${share.toFixed(2)} %`,
      whole(said?.findings ?? 0),
      example ? cut(`line ${example.line}: ${example.path} is ${example.observed}`) : '',
    ];
  });
  const table = columns([['rule', '', 'orders', '', 'findings', 'first'], ...rows], [2, 3, 4]);
  return `${table}\n\nof ${whole(orders)} orders\n`;
}
