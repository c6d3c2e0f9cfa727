import type { SQSClient } from '@aws-sdk/client-sqs';
import { type Expected, expectMessage, expectNothing } from './expected.ts';
import { type GeneratedMessage, type GenerateOptions, generate } from './generate.ts';
import { type SendOptions, type SendReport, sendMessages } from './send.ts';

export interface SendGeneratedOptions extends Omit<SendOptions<GeneratedMessage>, 'onSent'> {
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
