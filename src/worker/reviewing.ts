import { InvalidOrder } from '../orders/invalidOrder.ts';
import type { Order } from '../orders/order.ts';
import type { Finding } from '../quality/finding.ts';
import type { FlaggedBatch, FlaggedOrder, Late } from '../quality/flagged.ts';
import type { Reviewer } from '../quality/review.ts';
import { NO_STEERING, type Steering, steered } from '../quality/steering.ts';
import { receivedAt, sentIn } from '../queue/readOrderJob.ts';
import { every } from '../runtime/every.ts';
import type { Tally } from '../telemetry/tally.ts';

export interface ReviewingParts {
  reviewer: Pick<Reviewer, 'review' | 'learn'>;
  /** Whether findings of a rule may send an order to the failed set. */
  mayHold: (rule: string) => boolean;
  /** What people's answers have made of the checks, as it is now. */
  steering: () => Promise<Steering>;
  /** Hands a batch to whoever looks at it; false when too many wait already. May reject. */
  hand: (batch: FlaggedBatch) => Promise<boolean>;
  /** How many lines were judged, and how many of them against a baseline that is warm; both since the start. */
  warmth?: () => { lines: number; warmLines: number };
  /**
   * Tells the other processes of the fleet what was seen here, and hears what they have seen. Resolves to what that says of
   * orders of the last turns.
   */
  exchange?: () => Promise<readonly Late[]>;
  tally: Tally;
  onError: (error: Error) => void;
}

/** A job as far as a review needs it. */
export interface ReviewedJob {
  id: string;
  partition: number;
  data: unknown;
}

/**
 * The review of this process: between the rules and the record step, in memory alone. What it found leaves once a
 * second, apart from the orders. A crash loses the findings of that second, never an order.
 */
export interface Reviewing {
  /** `data` is the job's. */
  judge(order: Order, data?: unknown): readonly Finding[];
  /** After the order has counted, never before. */
  counted(order: Order, findings: readonly Finding[], job: ReviewedJob): void;
  /** The order goes to the failed set instead of counting. */
  held(order: Order, findings: readonly Finding[], job: ReviewedJob): void;
  /** What was found leaves, if Redis takes it now. */
  stop(): Promise<void>;
}

/**
 * What counted lately. In columns, and without the orders: what lives for seconds is copied by the garbage collector, and an
 * object for each order was seen to cost the worker a tenth of its CPU.
 */
interface Recent {
  orderIds: string[];
  messages: string[];
  partitions: number[];
  minorUnits: number[];
  /** Of the few that had some, by their place. */
  findings: Map<number, readonly Finding[]>;
}
const noRecent = (): Recent => ({
  orderIds: [],
  messages: [],
  partitions: [],
  minorUnits: [],
  findings: new Map(),
});

const HAND_EVERY_MS = 1_000;
const STEER_EVERY_MS = 5_000;
/** Of one process in one turn; those after them count as lost. */
const MOST_ORDERS = 1_000;
/** Of counted orders in one turn that something may be found in late. */
const MOST_RECENT = 10_000;
/** Of these the order is handed on as it was sent, if it is not longer than that: for examples and fixes. */
const MOST_WHOLE = 100;
const LONGEST_WHOLE = 16_384;

export function startReviewing(parts: ReviewingParts): Reviewing {
  const { reviewer, mayHold, tally, onError } = parts;
  let steering = NO_STEERING;
  let flagged: FlaggedOrder[] = [];
  const circumstances = (data?: unknown) => {
    const now = tally.now();
    return { now, clockIsWrong: tally.clocksDisagree && !isNearer(sentAtOf(data), now, tally.clock()) };
  };
  const flag = (
    { minorUnits }: Pick<Order, 'minorUnits'>,
    findings: readonly Finding[],
    job: ReviewedJob,
    held: boolean,
    toldBefore = 0,
  ) => {
    if (toldBefore === 0) tally.add('flagged');
    if (flagged.length >= MOST_ORDERS) return tally.add('flagged_lost');
    flagged.push({
      message: job.id,
      partition: job.partition,
      minorUnits,
      at: Math.round(tally.now()),
      held,
      findings,
      ...(toldBefore > 0 ? { toldBefore } : {}),
      ...(flagged.length < MOST_WHOLE && job.data !== undefined ? wholeOf(job.data) : {}),
    });
  };
  /** What counted in this turn and the one before, for what is found in it late. */
  let [recent, older] = [noRecent(), noRecent()];
  const remember = (order: Order, findings: readonly Finding[], { id, partition }: ReviewedJob) => {
    if (!parts.exchange || recent.messages.length >= MOST_RECENT) return;
    if (findings.length > 0) recent.findings.set(recent.messages.length, findings);
    recent.orderIds.push(order.orderId);
    recent.messages.push(id);
    recent.partitions.push(partition);
    recent.minorUnits.push(order.minorUnits);
  };
  const exchange = async () => {
    const late = (await parts.exchange?.()) ?? [];
    for (const { orderId, finding } of late) {
      const turn = recent.orderIds.includes(orderId) ? recent : older;
      const at = turn.orderIds.lastIndexOf(orderId);
      // It has counted: nothing holds it any more.
      const said = steered([finding], steering, () => false);
      if (at < 0 || said.length === 0) continue;
      const before = turn.findings.get(at) ?? [];
      const findings = [...before, ...said];
      turn.findings.set(at, findings);
      const job = {
        id: turn.messages[at] as string,
        partition: turn.partitions[at] as number,
        data: undefined,
      };
      flag({ minorUnits: turn.minorUnits[at] as number }, findings, job, false, before.length);
    }
    [older, recent] = [recent, noRecent()];
  };
  const hand = async () => {
    if (flagged.length === 0) return;
    const orders = flagged;
    flagged = [];
    const taken = await parts.hand({ orders }).catch((error: Error) => {
      onError(error);
      return false;
    });
    if (!taken) tally.add('flagged_lost', orders.length);
  };
  const handing = every(HAND_EVERY_MS, hand, { atOnce: false, onError });
  let told = { lines: 0, warmLines: 0 };
  const tellWarmth = () => {
    const now = parts.warmth?.() ?? told;
    tally.add('lines_reviewed', now.lines - told.lines);
    tally.add('lines_warm', now.warmLines - told.warmLines);
    told = now;
  };
  const steer = async () => {
    tellWarmth();
    steering = await parts.steering();
    await exchange();
  };
  const steeringTurns = every(STEER_EVERY_MS, steer, { atOnce: true, onError });
  return {
    judge: (order, data) => steered(reviewer.review(order, circumstances(data)), steering, mayHold),
    counted(order, findings, job) {
      tally.add('reviewed');
      reviewer.learn(order, findings, circumstances());
      if (findings.length > 0) flag(order, findings, job, false);
      remember(order, findings, job);
    },
    held(order, findings, job) {
      tally.add('reviewed');
      flag(order, findings, job, true);
    },
    async stop() {
      await Promise.all([handing.stop(), steeringTurns.stop()]);
      tellWarmth();
      // The others hear of the last seconds too.
      await exchange().catch(onError);
      await hand();
    },
  };
}

/** When SQS took its message, by a third clock that says which of two is wrong; NaN where nobody knows. */
const sentAtOf = (data: unknown): number => Date.parse(receivedAt(data, Number.NaN)) || Number.NaN;

const isNearer = (at: number, one: number, other: number): boolean =>
  Math.abs(at - one) < Math.abs(at - other);

function wholeOf(data: unknown): { order?: unknown } {
  const order = sentIn(data);
  return JSON.stringify(order ?? null).length > LONGEST_WHOLE ? {} : { order };
}

/** The refusal of an order that somebody should look at before it counts; undefined when there is no need. */
export function holdOf(findings: readonly Finding[]): InvalidOrder | undefined {
  const grave = findings.filter(({ severity }) => severity === 'hold');
  if (grave.length === 0) return undefined;
  return new InvalidOrder(
    grave.map(({ rule, path, observed, expected }) => ({
      code: 'quality_hold',
      path,
      message: `${rule}: ${observed} where ${expected} was expected; right by the rules, so release it or repair it`,
      expected,
      received: observed,
    })),
  );
}
