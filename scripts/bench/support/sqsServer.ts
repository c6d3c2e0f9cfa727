import { GetQueueAttributesCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { serveParent } from './child.ts';

/*
 * An SQS in a process of its own: fauxqs, because it hands out messages several times faster than the embedded
 * one, which would measure itself.
 */
const server = await startFauxqs({ port: 0, logger: false });
const client = new SQSClient({
  endpoint: server.address,
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  useQueueUrlAsEndpoint: false,
});

export type SqsServerRequest =
  | { do: 'create'; queue: string }
  | { do: 'fill'; queueUrl: string; from: number; messages: number }
  | { do: 'left'; queueUrl: string };

serveParent(async (request: SqsServerRequest) => {
  switch (request.do) {
    case 'create':
      return { endpoint: server.address, queueUrl: server.createQueue(request.queue).queueUrl };
    case 'fill':
      return fill(request.queueUrl, request.from, request.messages);
    case 'left': {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: request.queueUrl, AttributeNames: ['All'] }),
      );
      return (
        Number(Attributes.ApproximateNumberOfMessages) +
        Number(Attributes.ApproximateNumberOfMessagesNotVisible)
      );
    }
  }
});

async function fill(queueUrl: string, from: number, messages: number): Promise<void> {
  let next = from;
  const end = from + messages;
  const sender = async () => {
    while (next < end) {
      const first = next;
      next = Math.min(next + 10, end);
      const Entries = Array.from({ length: next - first }, (_, i) => ({
        Id: String(i),
        MessageBody: body(first + i),
      }));
      await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, sender));
}

/** An order as shops send it, 400 bytes. */
function body(index: number): string {
  return JSON.stringify({
    order_id: `ORD${index}`,
    user_id: `U${String(index % 1_000).padStart(4, '0')}`,
    order_timestamp: '2025-06-01T12:00:00Z',
    order_value: 2000,
    items: [
      { product_id: 'P006', quantity: 5, price_per_unit: 200 },
      { product_id: 'P007', quantity: 2, price_per_unit: 500 },
    ],
    shipping_address: `${index} Pine Street, Springfield, somewhere in the United States`,
    payment_method: 'CreditCard',
  });
}
