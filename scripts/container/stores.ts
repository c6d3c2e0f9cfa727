import type { Redis } from 'ioredis';
import { startChild } from '../bench/support/child.ts';
import { startBenchRedis } from '../bench/support/redisServer.ts';
import type { SqsServerRequest } from '../bench/support/sqsServer.ts';

/** What a container is given to work with: a Redis, and an inbox on an SQS in a process of its own. */
export interface Stores {
  redisUrl: string;
  redis: Redis;
  queueUrl: string;
  /** Variables that lead to the SQS, as `orders`. */
  sqs: { SQS_ENDPOINT: string; AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
  /** Puts as many orders into the inbox. */
  fill(messages: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startStores(): Promise<Stores> {
  const { url, client, stop } = await startBenchRedis();
  const sqs = await startChild(new URL('../bench/support/sqsServer.ts', import.meta.url));
  const ask = <T>(request: SqsServerRequest) => sqs.ask<T>(request);
  const { endpoint, queueUrl } = await ask<{ endpoint: string; queueUrl: string }>({
    do: 'create',
    queue: 'orders',
  });
  return {
    redisUrl: url,
    redis: client,
    queueUrl,
    sqs: { SQS_ENDPOINT: endpoint, AWS_ACCESS_KEY_ID: 'rig', AWS_SECRET_ACCESS_KEY: 'rig' },
    async fill(messages) {
      await ask({ do: 'fill', queueUrl, from: 0, messages });
    },
    async stop() {
      await sqs.kill();
      stop();
    },
  };
}
