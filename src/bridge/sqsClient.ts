import {
  type ServiceInputTypes,
  type ServiceOutputTypes,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';

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
export function createLeanSqsClient(target: SqsTarget): LeanSqsClient {
  const signals = new WeakMap<object, AbortSignal>();
  const client = createSqsClient(target, {
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
