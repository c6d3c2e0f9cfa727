import {
  type ServiceInputTypes,
  type ServiceOutputTypes,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
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
export class NoRegion extends Error {
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

/** What a call goes through by default and the bridge has no use for: logging, tracing inside Lambda, a user agent. */
const UNUSED_STEPS = ['loggerMiddleware', 'recursionDetectionMiddleware', 'getUserAgentMiddleware'];

/** A client for many calls a second. */
export interface LeanSqsClient {
  /** Rejects with an AbortError once `signal` aborts. */
  send<Input extends object, Output extends object>(
    command: SqsCommand<Input, Output>,
    signal: AbortSignal,
  ): Promise<Output>;
  /** Closes its sockets. */
  destroy(): void;
}

type SqsCommand<Input extends object, Output extends object> = Parameters<
  typeof SQSClient.prototype.send<Input & ServiceInputTypes, Output & ServiceOutputTypes>
>[0];

/**
 * Half of the default client's CPU. It repeats nothing by itself, because the bridge decides what is tried again
 * and when; and it leaves the integrity of bodies to TLS.
 */
export function createLeanSqsClient(target: SqsTarget, credentials: RenewableCredentials): LeanSqsClient {
  const signals = new WeakMap<object, AbortSignal>();
  const client = createSqsClient(target, credentials, {
    maxAttempts: 1,
    md5: false,
    cacheMiddleware: true,
    requestHandler: new AbortableHandler(signals),
  });
  for (const step of UNUSED_STEPS) client.middlewareStack.remove(step);
  client.middlewareStack.add(
    (next) => (args) => {
      signals.set(args.request as object, signals.get(args.input) as AbortSignal);
      return next(args);
    },
    { step: 'deserialize', priority: 'low', name: 'abortSignal' },
  );
  return {
    send(command, signal) {
      signals.set(command.input, signal);
      return client.send(command);
    },
    destroy: () => client.destroy(),
  };
}

/**
 * Finds a request's signal beside it. As an option of `send`, where it belongs, it would make the SDK put all its
 * steps together anew for every call, which costs as much as signing it.
 */
class AbortableHandler extends NodeHttpHandler {
  readonly #signals: WeakMap<object, AbortSignal>;

  constructor(signals: WeakMap<object, AbortSignal>) {
    super();
    this.#signals = signals;
  }

  override handle(request: Parameters<NodeHttpHandler['handle']>[0], options: object = {}) {
    return super.handle(request, { ...options, abortSignal: this.#signals.get(request) as AbortSignal });
  }
}
