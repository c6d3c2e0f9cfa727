import type { Cluster, Redis } from 'ioredis';
import { type IdCase, idText, normaliseId } from '../../orders/ids.ts';
import { type Issue, REASONS, type Reason } from '../../orders/invalidOrder.ts';
import { jobFields, runsIn, timeIn } from '../../queue/jobFields.ts';
import { orderOf } from '../../queue/readOrderJob.ts';
import { type Repair, readRepair } from '../../queue/repairs.ts';
import { parsed } from '../../runtime/json.ts';
import { failureKeys, queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';

export type JobState = 'failed' | 'aside' | 'completed' | 'delayed' | 'active' | 'waiting';

/** A job, or what is kept of it after it is gone. */
export interface KeptOrder {
  id: string;
  partition: Partition;
  /** Undefined when only its repair is kept. */
  job?: {
    state: JobState;
    data: unknown;
    /** ms since 1970. */
    addedAt: number;
    finishedAt: number | undefined;
    attempts: number;
    /** What came of it: `outcome` of a job that ended well. */
    returned: unknown;
    failedReason: string;
    issues: KeptIssue[];
  };
  /** When it first failed, ms; undefined when it does not wait for an operator. */
  failedFirst: number | undefined;
  /** What is kept beside it, or was kept when it ended. */
  repair?: Repair;
}

export type KeptIssue = Pick<Issue, 'path' | 'message'> & { reason: Reason };

const FIELDS = [
  'data',
  'timestamp',
  'finishedOn',
  'atm',
  'returnvalue',
  'failedReason',
  'stacktrace',
] as const;

/** Undefined when nothing of that id is kept in the partition. */
export async function keptOrder(
  redis: Redis | Cluster,
  partition: Partition,
  id: string,
): Promise<KeptOrder | undefined> {
  const key = (name: string) => queueKey(partition, name);
  const { edits, repairs } = repairKeys(partition);
  const [stored] = await jobFields(redis, partition, [id], FIELDS);
  const replies = await redis
    .pipeline()
    .zscore(key('failed'), id)
    .zscore(key('aside'), id)
    .zscore(key('completed'), id)
    .zscore(key('delayed'), id)
    .lpos(key('active'), id)
    .zscore(failureKeys(partition).since, id)
    .hget(edits, id)
    .hget(repairs, id)
    .exec();
  const [failed, aside, completed, delayed, active, since, edited, repaired] = (replies ?? []).map(
    ([error, value]) => {
      if (error) throw error;
      return value as string | null;
    },
  );
  const kept = readRepair(edited ?? repaired);
  const { data, failedReason = '', stacktrace = '' } = stored ?? {};
  if (stored === undefined || (data === undefined && kept === undefined)) return undefined;
  const places = { failed, aside, completed, delayed, active };
  const found = Object.entries(places).find(([, place]) => place != null)?.[0];
  const state = (found ?? 'waiting') as JobState;
  const hasFailed = state === 'failed' || state === 'aside';
  return {
    id,
    partition,
    failedFirst: timeIn(since),
    ...(kept === undefined ? {} : { repair: kept }),
    ...(data === undefined
      ? {}
      : {
          job: {
            state,
            data: parsed(data),
            addedAt: timeIn(stored.timestamp) ?? 0,
            finishedAt: timeIn(stored.finishedOn),
            attempts: runsIn(stored.atm),
            returned: parsed(stored.returnvalue),
            failedReason: hasFailed ? failedReason : '',
            issues: hasFailed ? issuesIn(failedReason, stacktrace) : [],
          },
        }),
  };
}

/** What its data is, or was when it ended. */
export const dataOf = ({ job, repair }: KeptOrder): unknown =>
  job?.data ?? repair?.edits.at(-1)?.data ?? repair?.original;

/** What an order is called. */
export interface Names {
  userId: string;
  orderId: string;
  /** The order's id as it was written, by whoever asks or in the order that is asked about. */
  written: string;
}

export const namesOf = (userId: string, orderId: string, idCase: IdCase): Names => ({
  userId: normaliseId(userId, idCase),
  orderId: normaliseId(orderId, idCase),
  written: orderId,
});

/** As they are counted; undefined when nobody can read them. */
export function namesIn(data: unknown, idCase: IdCase): Names | undefined {
  try {
    const { user_id, order_id } = orderOf(data, Number.POSITIVE_INFINITY) as Record<string, unknown>;
    const [userId, orderId] = [idText(user_id), idText(order_id)];
    if (userId === undefined || orderId === undefined) return undefined;
    return namesOf(userId, orderId, idCase);
  } catch {
    return undefined;
  }
}

const LINE = new RegExp(`^(${REASONS.join('|')})(?: at (.*?))?: (.*)$`);

/** A line of the last trace for each; without a trace the sentence has them, and no paths. */
function issuesIn(failedReason: string, stacktrace: string): KeptIssue[] {
  const traces = parsed(stacktrace);
  const trace = Array.isArray(traces) ? String(traces.at(-1)) : '';
  const first = LINE.exec(failedReason)?.[1];
  if (first === undefined) return [];
  const lines = trace.split('\n').flatMap(issueIn);
  return lines[0]?.reason === first ? lines : failedReason.split('; ').flatMap(issueIn);
}

function issueIn(line: string): KeptIssue[] {
  const [, reason, path = '', message = ''] = LINE.exec(line) ?? [];
  return reason === undefined
    ? []
    : [{ reason: reason as Reason, path: path === 'the order' ? '' : path, message }];
}
