/**
 * Breaks the promise on purpose, one change at a time in a copy of the tree, and expects the tests to notice.
 *
 *   npm run mutants [-- --only ledger] [--tests test/chaos.test.ts]
 *
 * `--only` takes the mutants whose name holds the text; `--tests` runs these files in place of each mutant's own.
 */
import { parseArgs } from 'node:util';
import { columns } from '../src/cli/kit/print.ts';
import { HAND_OVER } from './mutants/handOver.ts';
import { LEDGER } from './mutants/ledger.ts';
import type { Mutant } from './mutants/mutant.ts';
import { PROCESSING } from './mutants/processing.ts';
import { READING } from './mutants/reading.ts';
import { runTests } from './mutants/runTests.ts';
import { makeWorkingCopy } from './mutants/workingCopy.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, tests: { type: 'string', multiple: true } },
});

const MUTANTS = [...HAND_OVER, ...PROCESSING, ...LEDGER, ...READING];

const copy = makeWorkingCopy();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    copy.remove();
    process.exit(1);
  });
}

async function main(): Promise<boolean> {
  const mutants = MUTANTS.filter(({ name }) => name.includes(values.only)).map((mutant) => ({
    ...mutant,
    tests: values.tests ?? mutant.tests,
  }));
  // Before the long part: a text that has changed needs a person, whatever the tests say.
  for (const { edits } of mutants) copy.apply(edits)();

  const rows: string[][] = [];
  for (const mutant of mutants) {
    const started = performance.now();
    const killer = await killerOf(mutant);
    const seconds = ((performance.now() - started) / 1_000).toFixed(0);
    rows.push([mutant.name, killer ?? 'SURVIVED', seconds]);
    console.log(`${mutant.name}: ${killer ? 'killed' : 'SURVIVED'} (${seconds} s)`);
  }
  console.log(`\n${columns([['mutant', 'killed by', 'seconds'], ...rows], [2])}`);
  const survivors = rows.filter(([, killer]) => killer === 'SURVIVED');
  console.log(`\n${rows.length} mutants, ${survivors.length} survived`);
  return survivors.length === 0;
}

/** The first test that is red with the mutant and green without; undefined when none is. */
async function killerOf(mutant: Mutant): Promise<string | undefined> {
  for (const file of mutant.tests) {
    const [failed] = await failuresWith(mutant, file);
    if (failed === undefined) continue;
    if (await isGreen(file)) return failed;
    console.log(`${file} is red without a mutant: that proves nothing`);
  }
  return undefined;
}

async function failuresWith({ name, edits }: Mutant, file: string): Promise<string[]> {
  const mend = copy.apply(edits);
  try {
    const complaint = await copy.compile();
    if (complaint !== '') throw new Error(`the mutant "${name}" does not compile:\n${complaint}`);
    const { failed, broken } = await runTests(copy.folder, file);
    if (broken.length > 0) throw new Error(`the mutant "${name}" breaks a test file:\n${broken.join('\n')}`);
    return failed;
  } finally {
    mend();
  }
}

const green = new Map<string, boolean>();

async function isGreen(file: string): Promise<boolean> {
  const known = green.get(file);
  if (known !== undefined) return known;
  const { failed, broken } = await runTests(copy.folder, file);
  green.set(file, failed.length + broken.length === 0);
  return isGreen(file);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
} finally {
  copy.remove();
}
