import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/** Which SQS. Without `endpoint` it is AWS; without `credentials` the SDK looks for them as it always does. */
export interface SqsTarget {
  endpoint?: string;
  region: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

export function createSqsClient(
  { endpoint, region, credentials }: SqsTarget,
  more: Pick<SQSClientConfig, 'maxAttempts' | 'md5'> = {},
): SQSClient {
  return new SQSClient({
    region,
    ...(credentials === undefined ? {} : { credentials }),
    // LocalStack names queues by a host that only resolves on its own machine: the endpoint given must win.
    ...(endpoint === undefined ? {} : { endpoint, useQueueUrlAsEndpoint: false }),
    ...more,
  });
}
