import type { SQSClient } from '@aws-sdk/client-sqs';
import { visibleLines } from '../../runtime/visibleText.ts';
import { whole } from '../kit/print.ts';
import { showProgress } from '../kit/progress.ts';
import { complain, EXIT, type Surroundings } from '../kit/surroundings.ts';
import { type Expected, expectMessage, expectNothing } from './expected.ts';
import { type GeneratedMessage, type GenerateOptions, generate } from './generate.ts';
import type { FileMessage } from './orderFile.ts';
import { fileJson, fileTable, generatedJson, generatedTable } from './report.ts';
import { type SendOptions, type SendReport, SendStopped, sendMessages } from './send.ts';

export interface Destination {
  client: SQSClient;
  queueUrl: string;
  rate: number | undefined;
  json: boolean;
}

/** Sends generated orders and prints what the API must show for them, also when it was stopped midway. */
export async function deliverGenerated(
  orders: GenerateOptions,
  { client, queueUrl, rate, json }: Destination,
  around: Surroundings,
): Promise<number> {
  const expected = expectNothing();
  return deliver(
    messageCount(orders),
    around,
    async (watch) => (await sendGenerated(client, queueUrl, orders, { rate, expected, ...watch })).report,
    (report) => (json ? generatedJson(orders, expected, report) : generatedTable(orders, expected)),
  );
}

/** Sends the records of an open file and prints how many went. What becomes of them, only the pipeline can say. */
export async function deliverFile(
  path: string,
  records: AsyncIterable<FileMessage>,
  { client, queueUrl, rate, json }: Destination,
  around: Surroundings,
): Promise<number> {
  return deliver(
    undefined,
    around,
    (watch) => sendMessages(client, queueUrl, records, { rate, ...watch }),
    (report) => (json ? fileJson(path, report) : fileTable(path, report)),
  );
}

interface Watch {
  onProgress: (report: SendReport) => void;
  signal?: AbortSignal;
}

async function deliver(
  messages: number | undefined,
  around: Surroundings,
  send: (watch: Watch) => Promise<SendReport>,
  reportOf: (report: SendReport) => string,
): Promise<number> {
  const { signal } = around;
  const progress = showProgress(around.stderr);
  progress.begin('sent', messages);
  let done = 0;
  const onProgress = ({ sent, unsent }: SendReport): void => {
    progress.add(sent + unsent - done);
    done = sent + unsent;
  };
  const tell = (report: SendReport): void => {
    progress.stop();
    around.stdout.write(`${visibleLines(reportOf(report))}\n`);
    for (const problem of report.problems) complain(`not sent: ${problem}`, around);
    const untold = report.unsent - report.problems.length;
    if (untold > 0) around.stderr.write(`not sent: ${whole(untold)} more\n`);
  };
  try {
    const report = await send({ onProgress, ...(signal && { signal }) });
    tell(report);
    if (signal?.aborted) return EXIT.stopped;
    return report.unsent > 0 ? EXIT.no : EXIT.done;
  } catch (error) {
    // With nothing sent a table of zeros would only hide the reason.
    if (error instanceof SendStopped && error.report.sent + error.report.unsent > 0) tell(error.report);
    else progress.stop();
    throw error;
  }
}

interface SendGeneratedOptions extends Omit<SendOptions<GeneratedMessage>, 'onSent'> {
  /** Grows as messages are accepted; pass one to still have it when sending stops with an error. */
  expected?: Expected;
}

/**
 * Generates orders and sends them. `expected` covers the messages that SQS accepted, so it is right also when
 * `signal` stopped the sending; it is exact as long as no message was refused.
 *
 * @throws SendStopped when SQS or the connection to it failed.
 */
export async function sendGenerated(
  client: SQSClient,
  queueUrl: string,
  orders: GenerateOptions,
  { expected = expectNothing(), ...options }: SendGeneratedOptions = {},
): Promise<{ expected: Expected; report: SendReport }> {
  const onSent = (message: GeneratedMessage) => expectMessage(expected, message);
  const report = await sendMessages(client, queueUrl, generate(orders), { ...options, onSent });
  return { expected, report };
}

/** How many messages these options make: the distinct orders and the re-sends. */
export function messageCount({ count, invalid, duplicates }: GenerateOptions): number {
  const anyValid = Math.round(count * invalid) < count;
  return count + (anyValid ? Math.round(count * duplicates) : 0);
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
const TIMEOUT_NAMES = new Set(['AbortError', 'TimeoutError']);

/** Whether an error of the SDK means that nothing spoke to us, as opposed to SQS saying no. */
export function isNoAnswer(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, name, errors, cause } = error as NodeJS.ErrnoException & Partial<AggregateError>;
  if (CONNECTION_CODES.has(code ?? '') || TIMEOUT_NAMES.has(name)) return true;
  // A name with several addresses fails with one error per address.
  return (errors ?? []).some(isNoAnswer) || isNoAnswer(cause);
}
