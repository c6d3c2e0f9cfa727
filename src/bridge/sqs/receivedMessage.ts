import type { Message } from '@aws-sdk/client-sqs';

/** What an emulator leaves out is made up: now, and the first time. `sentAt` is ISO, UTC. */
export function receivedMessage({ MessageId, Body = '', Attributes = {} }: Message) {
  const { SentTimestamp, ApproximateReceiveCount = 1 } = Attributes;
  return {
    id: MessageId as string,
    body: Body,
    sentAt: new Date(SentTimestamp === undefined ? Date.now() : Number(SentTimestamp)).toISOString(),
    receiveCount: Number(ApproximateReceiveCount),
  };
}
