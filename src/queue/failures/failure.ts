import { createHash } from 'node:crypto';
import { normaliseId } from '../../orders/ids.ts';
import { InvalidOrder, type Issue, REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { statedMinorUnits } from '../../orders/statedValue.ts';
import { idsOf, orderOf } from '../readOrderJob.ts';
import { causesOf } from './shape.ts';

/** Where the index says it: an issue of a refused order, without what was sent. */
export type IndexedIssue = Pick<Issue, 'code' | 'path'>;

/** An order that has failed, as the index knows it. */
export interface Failure {
  job: string;
  /** Of its partition. */
  partition: number;
  /** As sent, clipped; '' when it says none. */
  orderId: string;
  userId: string;
  /** What it says it is worth; undefined when unknown. */
  minorUnits: number | undefined;
  /** Refused by the rules, or given up because of a fault that did not pass. */
  kind: 'refused' | 'fault';
  /** The first 20, `path` with positions; none for a fault. */
  issues: IndexedIssue[];
  /** Ids of what it fails for, see shape.ts. */
  causes: string[];
  /** Tells its user from others; '' when it names none. */
  user: string;
  /** Runs since it was added or retried. */
  attempts: number;
  /** ISO, UTC. The first time stays when a retry fails again. */
  firstFailedAt: string;
  lastFailedAt: string;
}

/** What a failure is counted under besides a reason. */
export const FAULT = 'fault';

const MOST_ISSUES = 20;

/** What the scripts get of one job. */
export interface Noted {
  /** As text, '' when unknown. */
  minorUnits: string;
  /** The middle of its entry. */
  rest: string;
  causes: string[];
  /** Tells its user from others, '' when it names none. */
  user: string;
}

/** An order that cannot be read is worth nobody knows what. */
export function notedOf(data: unknown, issues: readonly IndexedIssue[], attempts: number): Noted {
  const { orderId, userId } = idsOf(data);
  const some = issues.slice(0, MOST_ISSUES);
  const found = some.map(({ code, path }) => [code, wellFormed(path)]);
  const order = orderIn(data);
  return {
    minorUnits: statedMinorUnits(order)?.toString() ?? '',
    // What stands before it, and what it is told apart by, is only known in Redis.
    rest: JSON.stringify([wellFormed(orderId), wellFormed(userId), attempts, found]).slice(1, -1),
    causes: causesOf(order, some),
    user: userId === '' ? '' : shortHash(normaliseId(userId, 'upper')),
  };
}

/** 48 bits: of a million users two are likely taken for one in every 500 installations. */
const shortHash = (text: string): string => createHash('sha1').update(text).digest('base64url').slice(0, 8);

/** The issues of an error that ended a job, none for a fault. */
export const issuesOf = (error: Error): readonly IndexedIssue[] =>
  error.cause instanceof InvalidOrder ? error.cause.issues : [];

const KNOWN_REASON = new RegExp(`^(${REASONS.join('|')})(?: at (.*?))?: `);

/** The same from what BullMQ keeps of it on the job: a sentence, and the last trace with an issue on each line. */
export function storedIssues(failedReason: string, stacktrace: string): IndexedIssue[] {
  const traces = parsed(stacktrace);
  const trace = Array.isArray(traces) ? traces.at(-1) : undefined;
  const first = KNOWN_REASON.exec(failedReason)?.[1];
  if (first === undefined) return [];
  const lines = typeof trace === 'string' ? trace.split('\n').map(issueIn) : [];
  const spelledOut = lines.filter((issue) => issue !== undefined);
  // Somebody keeps no traces: the sentence names the reasons at least.
  const told = spelledOut[0]?.code === first ? spelledOut : failedReason.split('; ').map(issueIn);
  return told.filter((issue) => issue !== undefined);
}

function issueIn(line: string): IndexedIssue | undefined {
  const [, code, path = ''] = KNOWN_REASON.exec(line) ?? [];
  return code === undefined ? undefined : { code: code as Reason, path: path === 'the order' ? '' : path };
}

type Entry = [number, number, number | null, string, string, number, [Reason, string][], string[], string];

/** `first`: when it first failed, ms. Undefined when the entry is none of ours. */
export function readEntry(job: string, partition: number, first: number, text: string): Failure | undefined {
  const entry = parsed(text);
  if (!Array.isArray(entry) || !Array.isArray(entry[6])) return undefined;
  const [, last, minorUnits, orderId, userId, attempts, issues, causes = [], user = ''] = entry as Entry;
  return {
    job,
    partition,
    orderId,
    userId,
    minorUnits: minorUnits ?? undefined,
    kind: issues.length === 0 ? 'fault' : 'refused',
    issues: issues.map(([code, path]) => ({ code, path })),
    causes,
    user,
    attempts,
    firstFailedAt: new Date(first).toISOString(),
    lastFailedAt: new Date(last).toISOString(),
  };
}

/** Minor units that it says it is worth; undefined when that cannot be told. */
export const worthOf = (data: unknown): number | undefined => statedMinorUnits(orderIn(data));

/** Undefined when nobody can read one. */
function orderIn(data: unknown): unknown {
  try {
    return orderOf(data, Number.POSITIVE_INFINITY);
  } catch {
    return undefined;
  }
}

/** Undefined when it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Half of a pair, as a cut may leave it, is no JSON for Redis. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
