import { digestOf, identityOf } from '../../orders/identity.ts';
import { InvalidOrder, type Issue } from '../../orders/invalidOrder.ts';
import type { Order } from '../../orders/order.ts';
import type { Finding } from '../../quality/finding.ts';
import { withProvenFixes } from '../../quality/fixes.ts';
import { judgeJob } from '../../queue/judgeJob.ts';
import { jobOfMessage, type Reading } from '../../queue/orderJob.ts';
import { orderOf } from '../../queue/readOrderJob.ts';
import { type FileMessage, isCut, TOO_LONG } from '../send/orderFile.ts';
import { openOrderFile } from '../send/readFile.ts';
import type { FileChecks } from './fileChecks.ts';
import { type Inspected, type InspectedFinding, tally } from './inspected.ts';
import { mendRefusal, type RefusalParts } from './mendRefusal.ts';

export interface InspectParts extends Omit<RefusalParts, 'receivedAt'> {
  reading: Reading;
  checks: FileChecks;
  /** Refusals are looked for as well. */
  refusals: boolean;
  /** Ms since 1970: what is later is in the future, and orders without a time are dated by it. */
  now: number;
  onFinding: (finding: InspectedFinding) => void;
  /** Hears of every order that would count. */
  onOrder?: ((line: number, order: Order, sent: unknown) => void) | undefined;
  /** Called for every record, in either pass. */
  onRecord: (pass: 1 | 2) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Judges the orders of a file in two passes: a file's own orders are the best baseline for any of them.
 *
 * @throws OrderFileError when it cannot be read
 */
export async function inspectFile(path: string, parts: InspectParts): Promise<Inspected> {
  const { checks, now, onFinding, onRecord, signal } = parts;
  const { reviewer } = checks;
  const receivedAt = new Date(now).toISOString();
  const learned = ledger();
  for await (const message of await openOrderFile(path)) {
    if (signal?.aborted) break;
    onRecord(1);
    const read = readRecord(message, parts);
    if (read.order && learned.record(read.order) === 'counted') checks.learn(read.line, read.order, { now });
  }
  const warmth = checks.beginJudging();
  const totals = tally();
  const counted = ledger();
  for await (const message of await openOrderFile(path)) {
    if (signal?.aborted) break;
    onRecord(2);
    const read = readRecord(message, parts);
    const found = judge(read);
    for (const { key: _, ...finding } of found) onFinding(finding);
    totals.add(found, message.body.length > LONGEST_KEPT ? undefined : read.sent);
  }
  return totals.result(reviewer.faults(), signal?.aborted ?? false, warmth());

  function judge({ line, sent, order, issues }: ReadRecord): (InspectedFinding & { key: string })[] {
    if (!order) return parts.refusals ? refusals(line, sent, issues) : [];
    const outcome = counted.record(order);
    if (outcome === 'duplicate') {
      totals.duplicate();
      return [];
    }
    if (outcome === 'conflict') {
      return parts.refusals ? refusals(line, sent, [conflictOf(order)]) : [];
    }
    parts.onOrder?.(line, order, sent);
    const circumstances = { now, itselfLearned: true };
    const findings = [...reviewer.review(order, circumstances), ...checks.shiftsAt(line)];
    if (findings.length === 0) return [];
    return withProvenFixes(sent, findings, { parse: parts.parse, receivedAt, reviewer, circumstances }).map(
      (finding) => lineOf(line, finding),
    );
  }

  function refusals(line: number, sent: unknown, issues: readonly Issue[]) {
    const mended = mendRefusal(sent, issues, { ...parts, receivedAt });
    return issues.map((issue, at) => ({
      line,
      path: issue.path,
      rule: issue.code,
      severity: 'error' as const,
      observed: issue.received ?? '',
      expected: issue.expected ?? issue.message,
      // All of its issues are mended together or not at all.
      fix: at === 0 ? (mended ?? null) : null,
      key: issue.path.replace(/\[\d+\]/g, '[*]'),
    }));
  }
}

/** Of longer records the findings are kept, not the order. */
const LONGEST_KEPT = 16_384;

interface ReadRecord {
  line: number;
  /** The order as it was sent, out of its envelopes; undefined where nothing could be read. */
  sent: unknown;
  order?: Order;
  issues: readonly Issue[];
}

function readRecord({ body, label }: FileMessage, { parse, reading, now }: InspectParts): ReadRecord {
  const line = Number(/\d+$/.exec(label)?.[0]);
  if (isCut(body)) return { line, sent: undefined, issues: [tooLong(reading.maxBodyBytes)] };
  const facts = { id: label, sentAt: new Date(now).toISOString(), receiveCount: 1 };
  const job = jobOfMessage(body, facts, reading);
  let sent: unknown;
  try {
    sent = orderOf(job, reading.maxBodyBytes);
    return { line, sent, order: judgeJob(job, now, { parse, reading }), issues: [] };
  } catch (error) {
    if (error instanceof InvalidOrder) return { line, sent, issues: error.issues };
    throw error;
  }
}

const tooLong = (maxBodyBytes: number): Issue => ({
  code: 'too_large',
  path: '',
  message: TOO_LONG,
  expected: `at most ${maxBodyBytes} bytes`,
  received: TOO_LONG,
});

const lineOf = (line: number, { path, rule, severity, observed, expected, fix, key }: Finding) => ({
  line,
  path,
  rule,
  severity,
  observed,
  expected,
  fix: fix ?? null,
  key,
});

/** What the ledger would say of the file's orders, one after the other. */
function ledger() {
  const digests = new Map<string, string>();
  return {
    record(order: Order): 'counted' | 'duplicate' | 'conflict' {
      const identity = identityOf(order).toString('latin1');
      const digest = digestOf(order).toString('latin1');
      const before = digests.get(identity);
      if (before === undefined) digests.set(identity, digest);
      if (before === undefined) return 'counted';
      return before === digest ? 'duplicate' : 'conflict';
    },
  };
}

const conflictOf = ({ orderId }: Order): Issue => ({
  code: 'conflicting_duplicate',
  path: 'order_id',
  message: `order ${orderId} of this user is in the file already, with other content`,
  expected: 'one content for an order id of a user',
  received: orderId,
});
