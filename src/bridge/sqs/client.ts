import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import {
  areRefused,
  type Credentials,
  type RenewableCredentials,
  renewableCredentials,
} from './credentials.ts';

/** Which SQS. Without `endpoint` it is AWS; without `credentials` or `region` the SDK looks for them as it always does. */
export interface SqsTarget {
  endpoint?: string;
  region?: string;
  credentials?: Credentials;
  /** For endpoints that ask for neither: what to take when the SDK finds none. */
  fallback?: { region: string; credentials: Credentials };
}

/** Clients of one target may share what they sign with: then it is looked for once. */
export function sqsCredentials(target: SqsTarget): RenewableCredentials {
  const { credentials, fallback } = target;
  if (credentials === undefined) return renewableCredentials(regionOf(target), fallback?.credentials);
  return { provide: async () => credentials, forget() {}, areMadeUp: () => false };
}

export function createSqsClient(
  target: SqsTarget,
  credentials: RenewableCredentials = sqsCredentials(target),
  more: SQSClientConfig = {},
): SQSClient {
  const { endpoint } = target;
  const client = new SQSClient({
    region: regionOf(target),
    // Marked as remembering by itself, or the client would keep the first ones for ever.
    credentials: Object.assign(() => credentials.provide(), { memoized: true }),
    // LocalStack names queues by a host that only resolves on its own machine; and AWS names its ordinary host also to
    // those who asked for the one with IPv6 or FIPS. Where the client goes is decided by what is set, and only by that.
    useQueueUrlAsEndpoint: false,
    ...(endpoint === undefined ? {} : { endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
    ...more,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (areRefused(error)) credentials.forget();
        throw error;
      }
    },
    { step: 'initialize', name: 'forgetRefusedCredentials' },
  );
  return client;
}

/** No default of ours: what is created in a region that nobody named is not found again. */
const NO_REGION =
  'no AWS region is named: set AWS_REGION, or the region of the profile, or SQS_QUEUE_URL to a queue at AWS';

/** Thrown when SQS at AWS is meant and nothing says in which region. */
class NoRegion extends Error {
  override readonly name = 'NoRegion';
}

function regionOf({ region, fallback }: SqsTarget): () => Promise<string> {
  let known: Promise<string> | undefined;
  return () => {
    known ??= region === undefined ? chainRegion(fallback?.region) : Promise.resolve(region);
    return known;
  };
}

async function chainRegion(fallback: string | undefined): Promise<string> {
  try {
    return await new SQSClient({}).config.region();
  } catch (error) {
    if (fallback !== undefined) return fallback;
    throw new NoRegion(NO_REGION, { cause: error });
  }
}
