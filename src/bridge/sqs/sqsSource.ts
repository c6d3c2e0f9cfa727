import { atMost } from '../../runtime/deadline.ts';
import type { Source } from '../source.ts';
import type { CallCounts, CallReport } from './callCounts.ts';
import { Deleter } from './deleter.ts';
import type { Inbox } from './inbox.ts';
import { InFlight } from './inFlight.ts';
import { Receivers } from './receivers.ts';
import type { SqsReachable, SqsState } from './sqsReachable.ts';
import { VisibilityExtender } from './visibilityExtender.ts';

export interface SqsSourceOptions {
  /** Most receives under way at once. */
  maxReceives: number;
  waitSeconds: number;
  visibilitySeconds: number;
}

export interface SqsSourceParts {
  inbox: Inbox;
  counts: CallCounts;
  /** Hears how calls to the inbox go. */
  polling: SqsReachable;
  onError: (error: Error) => void;
}

export interface SqsHealth extends CallReport {
  sqs: SqsState;
  last_poll_age_ms: number;
  receives_under_way: number;
  in_flight: number;
  free_places: number;
}

/** Room for what is received while the batches before are added and deleted. */
const PLACES_PER_RECEIVE = 40;
/** What each step of a stop may take when SQS does not answer. */
const DELETE_LIMIT_MS = 3_500;
const RELEASE_LIMIT_MS = 1_500;

/**
 * SQS as a source: receives tens with a place reserved for each (receivers.ts, inFlight.ts), keeps hidden from others
 * what is held for long (visibilityExtender.ts), and acknowledges by deleting, in tens (deleter.ts).
 */
export function sqsSource(
  options: SqsSourceOptions,
  { inbox, counts, polling, onError }: SqsSourceParts,
): Source & { health(): SqsHealth } {
  const inFlight = new InFlight(options.maxReceives * PLACES_PER_RECEIVE, options.visibilitySeconds);
  const keeper = new VisibilityExtender(inbox, inFlight, options.visibilitySeconds, onError);
  const deleter = new Deleter(inbox, inFlight, {
    onError,
    onEnded: (error) => polling.deleted(error),
  });
  const receivers = new Receivers({
    inbox,
    inFlight,
    max: options.maxReceives,
    waitSeconds: options.waitSeconds,
    // One function for every push, so that deletes are gathered over all receives.
    onSafe: (ids) => deleter.push(ids, receivers.active > 1),
    onPolled: () => polling.worked(),
    onFailed(error) {
      polling.failed(error);
      onError(error);
    },
  });

  return {
    start(sink) {
      keeper.start();
      receivers.start(sink);
    },
    quiet: () => receivers.stop(),
    async stop() {
      await deleter.drained(DELETE_LIMIT_MS);
      const released = keeper.stop().then(() => keeper.release());
      await atMost(RELEASE_LIMIT_MS, released);
      inbox.close();
    },
    health: () => ({
      sqs: polling.state,
      last_poll_age_ms: Date.now() - receivers.lastSuccess,
      receives_under_way: receivers.active,
      in_flight: inFlight.size,
      free_places: inFlight.free,
      ...counts.report(),
    }),
  };
}
