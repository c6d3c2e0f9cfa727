import { hash } from 'node:crypto';
import type { IdCase } from '../../orders/ids.ts';
import { REFUSALS, type Refusal } from '../../orders/invalidOrder.ts';
import { conflictWith, SPOILERS } from './invalidKinds.ts';
import { createRandom, type Random } from './random.ts';
import { createShop } from './shop.ts';
import { createOrders, type ShopOrder } from './shopOrder.ts';

export interface GenerateOptions {
  /** Distinct orders, the invalid ones among them; a whole number from 1. */
  count: number;
  /** Share of `count` that must be refused, 0 to 1. */
  invalid: number;
  /** Exact re-sends on top of `count`, as a share of it, 0 to 1. */
  duplicates: number;
  /** How many customers there are; a whole number from 1. */
  users: number;
  /** A whole number below 2^32. */
  seed: number;
  /** Orders are placed in the 60 days before midnight UTC of this day, `YYYY-MM-DD`. */
  until: string;
  /** What the pipeline adds up; `USD` unless told. */
  currency?: string;
  /** How the pipeline spells ids; `upper` unless told. */
  idCase?: IdCase;
}

/** One message and what must become of it. */
export interface GeneratedMessage {
  body: string;
  expect: 'counted' | 'duplicate' | 'invalid';
  /** Set when `expect` is `invalid`. */
  reason?: Refusal;
  /** Set when `expect` is `counted`: what the stats must grow by. `day` is UTC, missing for an undated order. */
  adds?: { userId: string; cents: number; day: string | undefined };
  /** The customer: messages of one FIFO group keep their order. */
  group: string;
}

/** Re-sends and conflicts look back over this many orders at most, so that a long run keeps a small memory. */
const REMEMBERED = 4096;
const MOST_CONTESTABLE = 16;

/**
 * The messages of one run, in order, lazily. The same options give byte-identical bodies in the same order; other
 * options give other order ids. The totals stay the same in whatever order SQS delivers: an order is either sent
 * again as it was or contradicted by one other message, never both.
 */
export function* generate(options: GenerateOptions): Generator<GeneratedMessage, void, undefined> {
  const { count, users, seed, until, currency = 'USD', idCase = 'upper' } = options;
  const named = [count, options.invalid, options.duplicates, users, seed, until, currency, idCase];
  const run = hash('sha256', JSON.stringify(named)).slice(0, 6).toUpperCase();
  const random = createRandom(seed);
  const shop = createShop(random, users);
  const draw = createOrders(random, shop, { run, until: new Date(`${until}T00:00:00Z`), currency, idCase });
  const deal = dealReasons();

  const resendable: ShopOrder[] = [];
  const contestable: ShopOrder[] = [];
  let invalidLeft = Math.round(count * options.invalid);
  let validLeft = count - invalidLeft;
  let resendsLeft = validLeft > 0 ? Math.round(count * options.duplicates) : 0;
  const wantsResends = resendsLeft > 0;
  const wantsConflicts = invalidLeft > 0;
  let seen = 0;

  const remember = (order: ShopOrder): void => {
    const secured = !wantsResends || resendable.length > 0;
    if (wantsConflicts && secured && contestable.length < MOST_CONTESTABLE) contestable.push(order);
    else if (wantsResends) seen = keepSample(resendable, order, seen, random);
  };

  const invalidMessage = (): GeneratedMessage => {
    const { reason, turn } = deal(contestable.length > 0);
    if (reason === 'conflicting_duplicate') {
      const [original] = contestable.splice(random.below(contestable.length), 1) as [ShopOrder];
      return refused(conflictWith(original, turn, shop), reason, original.userId);
    }
    const { event, userId } = draw();
    const spoilers = SPOILERS[reason];
    const spoil = spoilers[turn % spoilers.length] ?? spoilers[0];
    return refused(spoil(event, random, currency), reason, userId);
  };

  // Each step takes from what is left in proportion to it, which spreads all three kinds evenly over the run and
  // still ends on the exact numbers.
  while (validLeft + invalidLeft + resendsLeft > 0) {
    if (resendable.length > 0 && random.below(validLeft + invalidLeft + resendsLeft) < resendsLeft) {
      resendsLeft -= 1;
      const { event, userId } = random.pick(resendable);
      yield { body: JSON.stringify(event), expect: 'duplicate', group: userId };
    } else if (random.below(validLeft + invalidLeft) < invalidLeft) {
      invalidLeft -= 1;
      yield invalidMessage();
    } else {
      validLeft -= 1;
      const order = draw();
      remember(order);
      const { event, userId, cents, day } = order;
      yield {
        body: JSON.stringify(event),
        expect: 'counted',
        adds: { userId, cents, day },
        group: userId,
      };
    }
  }
}

const refused = (body: string, reason: Refusal, group: string): GeneratedMessage => ({
  body,
  expect: 'invalid',
  reason,
  group,
});

/**
 * Reasons in turn rather than at random, so that each occurs as soon as there are enough invalid orders. A
 * conflict that is due before there is an order to contradict waits for its next chance; `turn` counts how often
 * the reason was dealt before.
 */
function dealReasons(): (conflictPossible: boolean) => { reason: Refusal; turn: number } {
  const dealt = new Map<Refusal, number>();
  let position = 0;
  let owed = 0;
  const take = (reason: Refusal) => {
    const turn = dealt.get(reason) ?? 0;
    dealt.set(reason, turn + 1);
    return { reason, turn };
  };
  return (conflictPossible) => {
    if (owed > 0 && conflictPossible) {
      owed -= 1;
      return take('conflicting_duplicate');
    }
    let reason = REFUSALS[position++ % REFUSALS.length] as Refusal;
    if (reason === 'conflicting_duplicate' && !conflictPossible) {
      owed += 1;
      reason = REFUSALS[position++ % REFUSALS.length] as Refusal;
    }
    return take(reason);
  };
}

/** Reservoir sampling: every order seen so far is equally likely to be kept. Returns how many were seen. */
function keepSample(kept: ShopOrder[], order: ShopOrder, seen: number, random: Random): number {
  const at = seen < REMEMBERED ? seen : random.below(seen + 1);
  if (at < REMEMBERED) kept[at] = order;
  return seen + 1;
}
