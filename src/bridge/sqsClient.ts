import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/** Which SQS. Without `endpoint` it is AWS; without `credentials` the SDK looks for them as it always does. */
export interface SqsTarget {
  endpoint?: string;
  region: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

export function createSqsClient(target: SqsTarget, more: SQSClientConfig = {}): SQSClient {
  const { endpoint, region, credentials } = target;
  return new SQSClient({
    region,
    ...(credentials === undefined ? {} : { credentials }),
    // LocalStack names queues by a host that only resolves on its own machine: the endpoint given must win.
    ...(endpoint === undefined ? {} : { endpoint, useQueueUrlAsEndpoint: false }),
    ...more,
  });
}

/** What a call goes through by default and the bridge has no use for: logging, tracing inside Lambda, a user agent. */
const UNUSED_STEPS = ['loggerMiddleware', 'recursionDetectionMiddleware', 'getUserAgentMiddleware'];

/**
 * A client for many calls a second: two thirds of the default's CPU. It repeats nothing by itself, because the
 * bridge decides what is tried again and when; and it leaves the integrity of bodies to TLS.
 */
export function createLeanSqsClient(target: SqsTarget): SQSClient {
  const client = createSqsClient(target, { maxAttempts: 1, md5: false, cacheMiddleware: true });
  for (const step of UNUSED_STEPS) client.middlewareStack.remove(step);
  return client;
}
