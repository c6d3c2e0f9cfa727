import { createHash } from 'node:crypto';
import { normaliseId } from '../../orders/ids.ts';
import { InvalidOrder, type Issue, REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { statedMinorUnits } from '../../orders/statedValue.ts';
import { parsed } from '../../runtime/json.ts';
import { idsOf, orderOf } from '../readOrderJob.ts';
import { causesOf, causeTextOf, readCause } from './shape.ts';

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

/** What the scripts get of one job; see index.lua for what an entry is. */
export interface Noted {
  /** As text, '' when unknown. */
  minorUnits: string;
  attempts: number;
  /** What each of its causes is. */
  causes: string[];
  /** Of its issues, and how its order is looked for. */
  places: string;
  names: string;
  /** Tells its user from others, '' when it names none. */
  user: string;
}

/** An order that cannot be read is worth nobody knows what. */
export function notedOf(data: unknown, issues: readonly IndexedIssue[], attempts: number): Noted {
  const { orderId, userId } = idsOf(data);
  const some = issues.slice(0, MOST_ISSUES);
  const order = orderIn(data);
  const causes = causesOf(order, some);
  return {
    minorUnits: statedMinorUnits(order)?.toString() ?? '',
    attempts,
    causes,
    places:
      some.map((issue) => placeOf(issue, causes.indexOf(causeTextOf(order, issue)))).join('') +
      orderMark(orderId),
    names: JSON.stringify([wellFormed(orderId), wellFormed(userId)]).slice(1, -2),
    user: userId === '' ? '' : userHash(userId),
  };
}

/** Behind the digits of a hash, from which it is told that way: 20 letters are left. */
const FIRST_LETTER = 'g'.charCodeAt(0);

/** Of an issue: which of the causes it is of, and the positions that a cause does not tell. */
const placeOf = ({ path }: IndexedIssue, cause: number): string =>
  String.fromCharCode(FIRST_LETTER + cause) +
  [...path.matchAll(/\[(\d+)\]/g)].map(([, position]) => position).join('.');

const userHash = (userId: string): string => shortHash(normaliseId(userId, 'upper'));

/** 48 bits: of a million users two are likely taken for one in every 500 installations. */
const shortHash = (text: string): string => sha1(text).slice(0, 12);

const sha1 = (text: string): string => createHash('sha1').update(wellFormed(text)).digest('hex');

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

const ENTRY = /^(-?\d+)([+-]\d+)?(?:x(\d+))? (\d*)([=~-])([\da-f]+)([^"]*)(".*)$/s;

/** When the failed set says that it failed, ms, by when it `first` did and by its entry; NaN when that is none of ours. */
export function failedOnIn(first: number, text: string): number {
  const [, late, since = 0] = ENTRY.exec(text) ?? [];
  return first + Number(since) - Number(late);
}

/** How an order with such an id, user or job is looked for, see page.lua; nothing for '' . */
export function wantedId(id: string): [job: string, begins: string, user: string] {
  const job = id.trim();
  if (job === '') return ['', '', ''];
  const { orderId, userId } = idsOf({ order: { order_id: job, user_id: job } });
  return [job, namesOf(orderId), userHash(userId)];
}

/** What the names of an order begin with, in capital letters and as ids are spelled. */
const namesOf = (orderId: string): string => inCapitals(normaliseId(orderId, 'upper'));

/** Redis knows no other letters. */
const inCapitals = (orderId: string): string =>
  `${JSON.stringify(wellFormed(orderId))},"`.replace(/[a-z]/g, (letter) => letter.toUpperCase());

const orderHash = (orderId: string): string => sha1(/^".*?","/s.exec(namesOf(orderId))?.[0] ?? '');

/** Where the names as they are written would be found by capital letters alone, nothing. */
const orderMark = (orderId: string): string =>
  inCapitals(orderId) === namesOf(orderId) ? '' : `!${orderHash(orderId).slice(0, 12)}`;

/** What stands where for an order to be found by its ids, the latter as hex: see `post` in index.lua. */
export function postingsOf({ orderId, user, firstFailedAt }: Failure): [bucket: string, posting: string][] {
  const order = orderId === '' ? '' : orderHash(orderId);
  return [order, user]
    .filter((hash) => hash !== '')
    .map((hash) => [
      String(Number.parseInt(hash.slice(0, 3), 16) >> 2),
      Date.parse(firstFailedAt).toString(16).padStart(12, '0') + hash.slice(3, 7),
    ]);
}

/**
 * `first`: when it first failed, ms. `causes`: what each is, by id. Undefined when the entry is none of ours, or names
 * a cause that nobody knows.
 */
export function readEntry(
  job: string,
  partition: number,
  first: number,
  text: string,
  causes: ReadonlyMap<string, string>,
): Failure | undefined {
  const fields = ENTRY.exec(text);
  if (fields === null) return undefined;
  const [, , since = 0, attempts = 1, minorUnits, kind, digits = '', places = '', names] = fields;
  const [user, ids] = kind === '~' ? [digits.slice(0, 12), digits.slice(12)] : ['', digits];
  const pair = parsed(`[${names}"]`);
  const listed = ids.match(/.{10}/g) ?? [];
  if (!Array.isArray(pair) || listed.some((id) => !causes.has(id))) return undefined;
  const [orderId, userId] = pair as [string, string];
  const issues = [...places.matchAll(/([g-z])([\d.]*)/g)].flatMap(([, letter = '', positions = '']) => {
    const id = listed[letter.charCodeAt(0) - FIRST_LETTER];
    if (id === undefined) return [];
    const { reason, path } = readCause(causes.get(id) as string);
    return [{ code: reason as Reason, path: withPositions(path, positions) }];
  });
  return {
    job,
    partition,
    orderId,
    userId,
    minorUnits: minorUnits === '' ? undefined : Number(minorUnits),
    kind: issues.length === 0 ? 'fault' : 'refused',
    issues,
    causes: [...new Set(listed)],
    user: kind === '=' ? shortHash(userId) : user,
    attempts: Number(attempts),
    firstFailedAt: new Date(first).toISOString(),
    lastFailedAt: new Date(first + Number(since)).toISOString(),
  };
}

function withPositions(path: string, positions: string): string {
  const left = positions.split('.');
  return path.replace(/\[\*\]/g, () => `[${left.shift() ?? ''}]`);
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

/** Half of a pair, as a cut may leave it, is no JSON for Redis. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
