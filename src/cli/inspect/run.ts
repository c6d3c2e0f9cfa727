import { constants } from 'node:fs';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Logger } from 'winston';
import { ConfigError, readConfig } from '../../config/config.ts';
import { makeParseOrder } from '../../orders/parseOrder.ts';
import type { Check } from '../../quality/check.ts';
import { fileOf } from '../../quality/model/draftedRules.ts';
import { OwnRulesError, ownRuleChecks } from '../../quality/own/ownRules.ts';
import { helpOf } from '../kit/commandLine.ts';
import { noProgress, showProgress } from '../kit/progress.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withRedis } from '../kit/withRedis.ts';
import { OrderFileError } from '../send/orderFile.ts';
import { askModel, type ModelsPart, toShow } from './askModel.ts';
import { fileChecks, ownChecks } from './fileChecks.ts';
import { GRADES, type Inspected, isAtLeast } from './inspected.ts';
import { inspectFile } from './inspectFile.ts';
import { type InspectOptions, parseOptions, USAGE } from './options.ts';
import { pageOf } from './page.ts';
import { summaryOf, trialOf } from './summary.ts';

/** The inspect command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (parsed.kind === 'bad') return refuse(parsed.problems, around);
  try {
    return await inspect(parsed.options, around);
  } catch (error) {
    if (error instanceof ConfigError || error instanceof OrderFileError || error instanceof CannotInspect) {
      return refuse([error.message], around);
    }
    throw error;
  }
}

/** How each question ended is told in the answer. */
const quietLog = { info: () => quietLog, warn: () => quietLog } as unknown as Pick<Logger, 'info' | 'warn'>;

/** Something beside the orders is missing or wrong. */
class CannotInspect extends Error {
  override readonly name = 'CannotInspect';
}

async function inspect(options: InspectOptions, around: Surroundings): Promise<number> {
  const config = readConfig(around.env, []);
  const rules = options.rules ?? config.quality.ownRules;
  if (options.tried && rules === undefined)
    throw new CannotInspect('--try needs --rules: which rules are to be tried?');
  const own = rules === undefined ? [] : await readOwnRules(rules);
  await keepWhatIsRead(options, rules);
  await mayBeWritten(options);
  if (options.llm && !config.model) throw new CannotInspect('--llm needs LLM_BASE_URL and LLM_MODEL');
  const shown = options.llm ? toShow(options.sample) : undefined;
  const progress = options.json ? noProgress : showProgress(around.stderr);
  let pass = 0;
  const inspected = await inspectFile(options.file, {
    parse: makeParseOrder(config.rules),
    sumFields: config.rules.sumFields,
    reading: { envelope: config.bridge.envelope, maxBodyBytes: config.maxBodyBytes },
    checks: options.tried ? ownChecks(own) : fileChecks(own),
    refusals: !options.tried,
    now: Date.now(),
    onFinding: (finding) => {
      if (options.json) around.stdout.write(`${JSON.stringify(finding)}\n`);
    },
    onOrder: shown?.see,
    onRecord(now) {
      if (now !== pass) progress.begin(now === 1 ? 'learning' : 'judging');
      pass = now;
      progress.add(1);
    },
    signal: around.signal,
  }).finally(() => progress.stop());
  let said: ModelsPart | undefined;
  if (shown && !inspected.isPart) {
    const code = await withRedis(around, async ({ redis }) => {
      const drafts = options.drafts !== undefined;
      const { signal } = around;
      said = await askModel(inspected, shown.all(), {
        config,
        redis,
        log: quietLog,
        drafts,
        progress,
        signal,
      });
      return EXIT.done;
    }).finally(() => progress.stop());
    if (code !== EXIT.done) return code;
    if (options.drafts !== undefined) {
      const drafts = fileOf(said?.drafts ?? []);
      if (drafts === undefined) complain('no rule was drafted, and no file written', around);
      else await write(options.drafts, drafts);
    }
  }
  if (options.report !== undefined)
    await write(options.report, pageOf(basename(options.file), inspected, said));
  if (!options.json)
    around.stdout.write(
      options.tried ? trialOf(own, inspected) : summaryOf(basename(options.file), inspected, said),
    );
  for (const [check, times] of inspected.faults)
    complain(`the check ${check} failed ${times} times and was left out there; please report it`, around);
  return inspected.isPart || around.signal?.aborted ? EXIT.stopped : exitCode(inspected, options.failOn);
}

function exitCode({ findings }: Inspected, failOn: InspectOptions['failOn']): number {
  const fails = failOn !== 'never' && GRADES.some((grade) => findings[grade] > 0 && isAtLeast(grade, failOn));
  return fails ? EXIT.no : EXIT.done;
}

async function readOwnRules(path: string): Promise<readonly Check[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CannotInspect(`${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  try {
    return ownRuleChecks(text);
  } catch (error) {
    if (!(error instanceof OwnRulesError)) throw error;
    throw new CannotInspect(error.problems.map((problem) => `${path} ${problem}`).join('\n'));
  }
}

/** A name given twice by mistake costs nobody their orders. */
async function keepWhatIsRead({ file, report, drafts }: InspectOptions, rules: string | undefined) {
  const others: [flag: string, path: string | undefined][] = [
    ['--file', file],
    ['--rules', rules],
  ];
  for (const [flag, path] of [['--report', report] as const, ['--drafts', drafts] as const]) {
    if (path === undefined) continue;
    for (const [other, at] of others)
      if (at !== undefined && (await isSameFile(path, at)))
        throw new CannotInspect(`${flag} would be written over ${other}, ${path}`);
    others.push([flag, path]);
  }
}

/** Said before minutes are spent, and a model's price. */
async function mayBeWritten({ report, drafts }: InspectOptions): Promise<void> {
  for (const path of [report, drafts]) {
    if (path === undefined) continue;
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) throw new CannotInspect(`${path} cannot be written: it is a directory`);
    await access(there ? path : dirname(path), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
      throw new CannotInspect(`${path} cannot be written: ${error.message}`);
    });
  }
}

/** By whatever name, also through a link. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  if (resolve(one) === resolve(other)) return true;
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function write(path: string, page: string): Promise<void> {
  await writeFile(path, page).catch((error: NodeJS.ErrnoException) => {
    throw new CannotInspect(`${path} cannot be written: ${error.message}`);
  });
}
