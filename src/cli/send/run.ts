import { createSqsClient } from '../../bridge/sqs/client.ts';
import { openInbox } from '../../bridge/sqs/openInbox.ts';
import { type Config, ConfigError, readConfig } from '../../config/config.ts';
import { helpOf } from '../kit/commandLine.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { type Destination, deliverFile, deliverGenerated, isNoAnswer } from './deliver.ts';
import { parseOptions, type SendCommandOptions, USAGE } from './options.ts';
import { OrderFileError } from './orderFile.ts';
import { previewFile, previewGenerated } from './preview.ts';
import { openOrderFile } from './readFile.ts';
import { SendStopped } from './send.ts';

const randomSeed = (): number => Math.floor(Math.random() * 0x1_0000_0000);

/** The send command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const parsed = parseOptions(args, new Date(), randomSeed);
  if (parsed.kind === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (parsed.kind === 'bad') return refuse(parsed.problems, around);
  let config: Config | undefined;
  try {
    config = readConfig(around.env, ['sqs']);
    const { currency, idCase } = config.rules;
    const orders = { ...parsed.options.orders, currency, idCase };
    return await carryOut({ ...parsed.options, orders }, config, around);
  } catch (error) {
    return explain(error, config, around);
  }
}

async function carryOut(
  { file, orders, rate, dryRun, print, json }: SendCommandOptions,
  config: Config,
  around: Surroundings,
): Promise<number> {
  if (dryRun) {
    if (file === undefined) previewGenerated(orders, { print, json }, around);
    else await previewFile(file, { print, json }, around);
    return EXIT.done;
  }
  if (file === undefined) {
    return atInbox(config, (inbox) => deliverGenerated(orders, { ...inbox, rate, json }, around));
  }
  const records = await openOrderFile(file);
  try {
    return await atInbox(config, (inbox) => deliverFile(file, records, { ...inbox, rate, json }, around));
  } finally {
    await records.return?.();
  }
}

async function atInbox(
  config: Config,
  deliver: (inbox: Omit<Destination, 'rate' | 'json'>) => Promise<number>,
): Promise<number> {
  const client = createSqsClient(config.sqs);
  try {
    return await deliver({ client, queueUrl: await openInbox(client, config.sqs) });
  } finally {
    client.destroy();
  }
}

/** One line for what a user can mend; anything else is a fault of this program and keeps its stack. */
function explain(error: unknown, config: Config | undefined, around: Surroundings): number {
  const cause = error instanceof SendStopped ? error.cause : error;
  const say = (line: string, code: number): number => {
    complain(line, around);
    return code;
  };
  if (cause instanceof ConfigError || cause instanceof OrderFileError) return say(cause.message, EXIT.misuse);
  if (isNoAnswer(cause)) {
    const { endpoint, region, kind } = config?.sqs ?? {};
    const where = endpoint ?? `AWS in ${region}`;
    const hint = kind === 'embedded' ? 'is `npm start` running?' : 'is it running and reachable from here?';
    return say(`no SQS answers at ${where}: ${hint}`, EXIT.no);
  }
  // What was asked before the first order was sent says by itself what to do.
  if (cause instanceof Error && isFromSqs(cause.cause)) return say(cause.message, EXIT.no);
  if (isFromSqs(cause)) return say(`SQS refused: ${cause.name}: ${cause.message}`, EXIT.no);
  throw cause;
}

/** The SDK marks what the service answered, and names what it could not sign or resolve by itself. */
function isFromSqs(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return '$metadata' in error || ['CredentialsProviderError', 'NoRegion'].includes(error.name);
}
