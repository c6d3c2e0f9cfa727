import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { withLimit } from '../../runtime/deadline.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RenewableCredentials {
  /** What requests are signed with at present. */
  provide: () => Promise<Credentials>;
  /** SQS refused them: the next request asks all sources anew. */
  forget: () => void;
  /** Whether the sources had none, and those made up for such endpoints are in use. */
  areMadeUp: () => boolean;
}

/** A program or a service that gives credentials may hang, and nothing of the SDK's own ends its waiting. */
const LIMIT_MS = 10_000;
/** What the SDK's chain says once every source of it had nothing. */
const NOTHING_FOUND = /^Could not load credentials from any providers/;

/** What AWS calls credentials that will never be good again. */
const REFUSED =
  /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|InvalidSignature)/;

export const areRefused = (error: unknown): boolean => REFUSED.test((error as Error).name);

/**
 * The SDK's own chain of sources (environment, profile, web identity, container, machine), which renews by itself what
 * comes with an end. A file it reads once and keeps for the life of the process, so that one rewritten after
 * ExpiredToken would never be seen: here the whole chain is made anew, and reads its files again.
 */
export function renewableCredentials(
  region: SQSClientConfig['region'],
  madeUp: Credentials | undefined,
): RenewableCredentials {
  let chain: (() => Promise<Credentials>) | undefined;
  /** From the first answer on: later ones are at hand, and are asked for with every call. */
  let hasAnswered = false;
  let isMadeUp = false;

  const ask = async (): Promise<Credentials> => {
    if (chain !== undefined && hasAnswered) return chain();
    chain ??= newChain(region);
    try {
      const found = await withLimit(LIMIT_MS, chain);
      hasAnswered = true;
      isMadeUp = false;
      return found;
    } catch (error) {
      if ((error as Error).name === 'SlowCall')
        throw Object.assign(error as Error, { name: 'SlowCredentials' });
      if (madeUp === undefined || !NOTHING_FOUND.test((error as Error).message)) throw error;
      // Kept until they are refused: asking takes seconds where no machine answers for its role.
      chain = async () => madeUp;
      hasAnswered = true;
      isMadeUp = true;
      return madeUp;
    }
  };
  return {
    provide: ask,
    forget() {
      chain = undefined;
      hasAnswered = false;
    },
    areMadeUp: () => isMadeUp,
  };
}

function newChain(region: SQSClientConfig['region']): () => Promise<Credentials> {
  // The chain takes its options from the client's, and `ignoreCache` is one of them that clients do not name.
  const options: SQSClientConfig & { ignoreCache: true } = { ...(region && { region }), ignoreCache: true };
  return new SQSClient(options).config.credentials;
}
