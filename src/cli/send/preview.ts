import { visibleLines } from '../../runtime/visibleText.ts';
import { complain, type Surroundings } from '../kit/surroundings.ts';
import { bodyProblem } from './batches.ts';
import { expectMessage, expectNothing } from './expected.ts';
import { type GenerateOptions, generate } from './generate.ts';
import { openOrderFile } from './readFile.ts';
import { fileJson, fileTable, generatedJson, generatedTable } from './report.ts';

interface Preview {
  /** How many bodies to show. */
  print: number;
  json: boolean;
}

/**
 * Shows what would be sent: the first `print` bodies, then the table. With bodies the table goes to stderr, so that
 * stdout alone is a file that can be sent later.
 */
export function previewGenerated(
  orders: GenerateOptions,
  { print, json }: Preview,
  around: Surroundings,
): void {
  const expected = expectNothing();
  for (const message of generate(orders)) {
    if (expected.messages < print) around.stdout.write(`${message.body}\n`);
    expectMessage(expected, message);
  }
  const screen = print > 0 ? around.stderr : around.stdout;
  const nothing = { sent: 0, unsent: 0 };
  screen.write(`${json ? generatedJson(orders, expected, nothing) : generatedTable(orders, expected)}\n`);
}

/** The same for the records of a file. */
export async function previewFile(
  path: string,
  { print, json }: Preview,
  around: Surroundings,
): Promise<void> {
  const report = { sent: 0, unsent: 0 };
  for await (const { body, label } of await openOrderFile(path)) {
    if (report.sent + report.unsent < print) around.stdout.write(`${body}\n`);
    const problem = bodyProblem(body);
    if (problem) complain(`${label}: ${problem}`, around);
    report[problem ? 'unsent' : 'sent'] += 1;
  }
  const screen = print > 0 ? around.stderr : around.stdout;
  screen.write(`${visibleLines(json ? fileJson(path, report) : fileTable(path, report))}\n`);
}
