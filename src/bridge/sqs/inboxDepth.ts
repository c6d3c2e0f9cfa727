import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { every, type Repetition } from '../../runtime/every.ts';
import type { InboxDepth } from '../../telemetry/figures.ts';
import type { Send } from './openInbox.ts';

const LOOK_EVERY_MS = 10_000;

/** How much is in the inbox and its dead-letter queue, by SQS's own approximate counts. Two calls, three at first. */
export function depthReader(client: Send): (inboxUrl: string) => Promise<InboxDepth> {
  const urls = new Map<string, string | undefined>();

  const deadLetters = async (policy: string | undefined): Promise<number | null> => {
    const name = deadLetterName(policy);
    if (name === undefined) return null;
    try {
      if (!urls.has(name))
        urls.set(name, (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl);
      const attributes = await attributesOf(client, urls.get(name) as string);
      return Number(attributes.ApproximateNumberOfMessages ?? 0);
    } catch {
      // Who may read the inbox need not be allowed to look there.
      return null;
    }
  };

  return async (inboxUrl) => {
    const attributes = await attributesOf(client, inboxUrl);
    const of = (name: string) => Number(attributes[name] ?? 0);
    return {
      visible: of('ApproximateNumberOfMessages'),
      in_flight: of('ApproximateNumberOfMessagesNotVisible'),
      delayed: of('ApproximateNumberOfMessagesDelayed'),
      dead_letters: await deadLetters(attributes.RedrivePolicy),
    };
  };
}

async function attributesOf(client: Send, QueueUrl: string): Promise<Record<string, string>> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
  return (await client.send(command)).Attributes ?? {};
}

function deadLetterName(policy: string | undefined): string | undefined {
  try {
    return (JSON.parse(policy ?? '{}') as { deadLetterTargetArn?: string }).deadLetterTargetArn
      ?.split(':')
      .at(-1);
  } catch {
    return undefined;
  }
}

interface InboxWatch extends Repetition {
  /** As it was seen last by this process; undefined when another one looks, or none may. */
  seen(): (InboxDepth & { seen_at: string }) | undefined;
}

/** Looks every ten seconds when it is this process's turn. A look that fails is no trouble: receiving tells those. */
export function watchInbox(
  read: () => Promise<InboxDepth>,
  { takeTurn, now }: { takeTurn: (work: () => Promise<void>) => Promise<boolean>; now: () => number },
): InboxWatch {
  let seen: (InboxDepth & { seen_at: string }) | undefined;
  const look = async () => {
    const isMine = await takeTurn(async () => {
      seen = { ...(await read()), seen_at: new Date(now()).toISOString() };
    });
    if (!isMine) seen = undefined;
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: true, onError: () => {} });
  return { seen: () => seen, stop: looking.stop };
}
