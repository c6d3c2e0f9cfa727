import { digestOf, identityOf } from '../../orders/identity.ts';
import { InvalidOrder, type Reason } from '../../orders/invalidOrder.ts';
import { toJsonAmount } from '../../orders/money.ts';
import type { Order } from '../../orders/order.ts';
import { notedOf } from '../../queue/failures/failure.ts';
import { causeId, causeText, readCause } from '../../queue/failures/shape.ts';
import { judgeJob } from '../../queue/judgeJob.ts';
import type { Letter, LetterQueue } from '../../queue/letterQueue.ts';
import { jobOfMessage } from '../../queue/orderJob.ts';
import { type InLedger, lookInLedger } from '../../stats/read/lookInLedger.ts';
import { Refused } from '../refused.ts';
import type { TryParts } from '../runs/tryRecipe.ts';

/** For as long as a look takes; whoever dies in it gives them back by that. */
const HOLD_SECONDS = 30;
const MOST_MS = 20_000;

/** Why messages lie there, as far as one can tell: what the rules and the ledger say to each of them now. */
export interface LetterGroup {
  cause: string;
  reason: Reason | 'would_pass' | 'already_counted';
  path: string;
  shape: string;
  orders: number;
  users: number;
  money: number;
  of_unknown_value: number;
  first_seen: string;
  last_seen: string;
}

/**
 * Looks into the queue and hands back at once what it saw. SQS counts that as one more delivery of each.
 *
 * @throws Refused when there is no such queue, or looking could make SQS give messages up for good
 */
export async function peek<L extends Letter>(queue: LetterQueue<L>, parts: TryParts, most: number) {
  const seen = await queue.look();
  if (!seen) throw new Refused('The inbox has no dead-letter queue.', 'missing');
  if (seen.givesUpAfter !== undefined) {
    throw new Refused(
      `${seen.queue} gives messages up itself after ${seen.givesUpAfter} deliveries, and a look is one: it is not looked into.`,
    );
  }
  const held = new Map<string, L>();
  const started = performance.now();
  let isWhole = false;
  try {
    while (held.size < most && performance.now() - started < MOST_MS && !isWhole) {
      const letters = await queue.take(HOLD_SECONDS);
      for (const letter of letters) held.set(letter.id, letter);
      isWhole = letters.length === 0;
    }
  } finally {
    await queue.release([...held.values()]);
  }
  const letters = [...held.values()].filter(({ isForeign }) => !isForeign);
  const counts = letters.map(({ receiveCount }) => receiveCount);
  return {
    queue: seen.queue,
    looked_at: held.size,
    // What somebody else holds meanwhile, another look for one, was not seen.
    whole: isWhole && seen.hidden === 0 && held.size >= seen.visible,
    of_other_inboxes: held.size - letters.length,
    most_deliveries: Math.max(0, ...counts),
    groups: await groupsOf(letters, parts),
  };
}

async function groupsOf(letters: readonly Letter[], parts: TryParts): Promise<LetterGroup[]> {
  const judged = letters.map((letter) => judge(letter, parts));
  const known = await knownOf(judged, parts);
  const groups = new Map<string, LetterGroup & { names: Set<string> }>();
  for (const [at, { letter, texts, minorUnits, user, order }] of judged.entries()) {
    for (const text of order ? [passing(known[at])] : texts) {
      const { reason, path, shape } = readCause(text);
      const group = groups.get(text) ?? {
        cause: causeId(text),
        reason: reason as LetterGroup['reason'],
        path,
        shape,
        orders: 0,
        users: 0,
        money: 0,
        of_unknown_value: 0,
        first_seen: letter.sentAt,
        last_seen: letter.sentAt,
        names: new Set(),
      };
      groups.set(text, group);
      group.orders += 1;
      if (minorUnits === undefined) group.of_unknown_value += 1;
      else group.money += minorUnits;
      if (user !== '') group.names.add(user);
      if (letter.sentAt < group.first_seen) group.first_seen = letter.sentAt;
      if (letter.sentAt > group.last_seen) group.last_seen = letter.sentAt;
    }
  }
  return [...groups.values()]
    .sort((a, b) => b.money - a.money || b.orders - a.orders)
    .map(({ names, money, ...group }) => ({ ...group, users: names.size, money: toJsonAmount(money) }));
}

interface Judged {
  letter: Letter;
  texts: string[];
  minorUnits: number | undefined;
  user: string;
  order?: Order;
}

/** As the bridge would read the message, and the workers would judge it. */
function judge(letter: Letter, { rules }: TryParts): Judged {
  const { id, body, sentAt, receiveCount } = letter;
  const data = jobOfMessage(body, { id, sentAt, receiveCount }, rules.reading);
  const noted = (issues: InvalidOrder['issues']) => {
    const { causes: texts, minorUnits, user } = notedOf(data, issues, 0);
    return { letter, texts, minorUnits: minorUnits === '' ? undefined : Number(minorUnits), user };
  };
  try {
    const order = judgeJob(data, Date.parse(sentAt), rules);
    return { ...noted([]), order, minorUnits: order.minorUnits };
  } catch (error) {
    if (!(error instanceof InvalidOrder)) throw error;
    return noted(error.issues);
  }
}

function passing(known: InLedger | undefined): string {
  const [reason, path] =
    known === 'other'
      ? ['conflicting_duplicate', 'order_id']
      : [known === 'same' ? 'already_counted' : 'would_pass', ''];
  return causeText({ reason: reason as Reason, path: path as string, shape: '' });
}

async function knownOf(
  judged: readonly Judged[],
  { redis, partitions, ledgerRetentionDays: retentionDays }: TryParts,
): Promise<(InLedger | undefined)[]> {
  const known: (InLedger | undefined)[] = judged.map(() => undefined);
  for (const home of partitions.all) {
    const places = [...judged.keys()].filter((at) => {
      const { order } = judged[at] as Judged;
      return order && partitions.of(order.userId).index === home.index;
    });
    const entries = places.map((at) => {
      const order = judged[at]?.order as Order;
      return { identity: identityOf(order), digest: digestOf(order) };
    });
    const found = await lookInLedger(redis, home, entries, { retentionDays });
    for (const [nth, at] of places.entries()) known[at] = found[nth];
  }
  return known;
}
