import type { SQSClient } from '@aws-sdk/client-sqs';
import { expectNothing } from './expected.ts';
import type { GenerateOptions } from './generate.ts';
import type { FileMessage } from './orderFile.ts';
import { type Progress, showProgress } from './progress.ts';
import { type SendReport, SendStopped, sendMessages } from './send.ts';
import { messageCount, sendGenerated } from './sendGenerated.ts';
import { EXIT, type Surroundings } from './surroundings.ts';
import { fileTable, generatedTable, whole } from './table.ts';

export interface Destination {
  client: SQSClient;
  queueUrl: string;
  rate: number | undefined;
}

/** Sends generated orders and prints what the API must show for them, also when it was stopped midway. */
export async function deliverGenerated(
  orders: GenerateOptions,
  { client, queueUrl, rate }: Destination,
  around: Surroundings,
): Promise<number> {
  const expected = expectNothing();
  const progress = showProgress(around.stderr, messageCount(orders));
  return deliver(
    progress,
    around,
    async (watch) => (await sendGenerated(client, queueUrl, orders, { rate, expected, ...watch })).report,
    () => generatedTable(orders, expected),
  );
}

/** Sends the records of an open file and prints how many went. What becomes of them, only the pipeline can say. */
export async function deliverFile(
  path: string,
  records: AsyncIterable<FileMessage>,
  { client, queueUrl, rate }: Destination,
  around: Surroundings,
): Promise<number> {
  const progress = showProgress(around.stderr, undefined);
  return deliver(
    progress,
    around,
    (watch) => sendMessages(client, queueUrl, records, { rate, ...watch }),
    (report) => fileTable(path, report),
  );
}

interface Watch {
  onProgress: (report: SendReport) => void;
  signal?: AbortSignal;
}

async function deliver(
  progress: Progress,
  around: Surroundings,
  send: (watch: Watch) => Promise<SendReport>,
  table: (report: SendReport) => string,
): Promise<number> {
  const { signal } = around;
  const tell = (report: SendReport): void => {
    progress.stop();
    around.stdout.write(`${table(report)}\n`);
    for (const problem of report.problems) around.stderr.write(`not sent: ${problem}\n`);
    const untold = report.unsent - report.problems.length;
    if (untold > 0) around.stderr.write(`not sent: ${whole(untold)} more\n`);
  };
  try {
    const report = await send({ onProgress: progress.update, ...(signal && { signal }) });
    tell(report);
    if (signal?.aborted) return EXIT.stopped;
    return report.unsent > 0 ? EXIT.unsent : EXIT.done;
  } catch (error) {
    // With nothing sent a table of zeros would only hide the reason.
    if (error instanceof SendStopped && error.report.sent + error.report.unsent > 0) tell(error.report);
    else progress.stop();
    throw error;
  }
}
