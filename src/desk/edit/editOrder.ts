import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import { HttpProblem } from '../../http/transport/problem.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import { EDITED_JOB, type Edit } from '../../queue/repairs.ts';
import { RETRY_KEYS, RETRY_SCRIPT } from '../../queue/retryFailed.ts';
import { parsed } from '../../runtime/json.ts';
import { failureKeys, queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { redisDate } from '../../store/redisTime.ts';
import { Refused } from '../refused.ts';
import {
  editText,
  MAX_KEPT,
  REPLACE_SCRIPT,
  type Replaced,
  replaceData,
  revisionOf,
  sha1,
  sha256,
  storedData,
  WHY_NOT_REPLACED,
} from '../replaceData.ts';
import type { RunParts } from '../runs/runs.ts';
import type { TryParts } from '../runs/tryRecipe.ts';
import { type JobState, type KeptIssue, keptOrder } from '../story/keptOrder.ts';
import { type Standing, standingOf } from '../story/standing.ts';
import { withOrder } from './withOrder.ts';

const SCRIPT =
  RETRY_SCRIPT + REPLACE_SCRIPT + readFileSync(new URL('./editAndRetry.lua', import.meta.url), 'utf8');

const callScript = redisScript<Replaced>('editAndRetry', { numberOfKeys: 12, lua: SCRIPT });

/** An order as somebody wants it to be: JSON text, in which numbers have all their digits. */
export interface Written {
  job: string;
  text: string;
}

export interface EditWanted extends Written {
  /** How often the order had been edited when it was looked at: an edit of what has changed since is refused. */
  revision: number;
  /** Whether it is given to the workers as well. */
  queue: boolean;
  because: string;
}

export interface Checked extends Standing {
  /** Why it cannot be stored at all; undefined when it can. */
  unsaved: string | undefined;
}

/** What would become of an order if it were as it is written. Nothing is written. @throws Refused when there is none */
export async function checkOrder(parts: TryParts, { job, text }: Written): Promise<Checked> {
  return checked(parts, await jobOf(parts, job), text);
}

/**
 * Replaces a failed order by what is written, with its trace, the original kept; and gives it to the workers when that is
 * asked for and it would pass, both in one step.
 *
 * @throws WouldFail when it was to be queued and would fail again; Refused when it cannot be stored, has not failed, or
 * was edited since; NoTrace. Nothing was changed then.
 */
export async function editOrder(
  parts: RunParts,
  who: Author,
  { job, text, revision, queue, because }: EditWanted,
): Promise<Standing & { revision: number }> {
  const found = await jobOf(parts, job);
  if (found.state === 'aside') throw new Refused('The order was set aside: restore it first.');
  if (found.state !== 'failed') throw new Refused(WHY_NOT_REPLACED.state);
  const data = told(() => withOrder(found.data, text, parts.rules.reading.maxBodyBytes, revision));
  const standing = await standingOf(parts, data, found.addedAt);
  if (queue && standing.outcome === 'still fails') throw new WouldFail(standing.issues);
  const { partition, stored: seen } = found;
  const after = JSON.stringify(data);
  const digests = { before: sha256(seen), after: sha256(after) };
  const action = queue ? 'edit and retry' : 'edit';
  const change = { action, partition: partition.index, job, reason: because, ...digests };
  const outcome = await parts.audit.change(who, change, async () => {
    const edit = { at: await redisDate(parts.redis), by: who, ...digests };
    const replacing = { seen, text: after, edit };
    const replaced = queue
      ? await editAndRetry(parts.redis, partition, job, replacing)
      : await replaceData(parts.redis, partition, job, { ...replacing, failing: failingOf(standing) });
    return replaced === 'done'
      ? { result: 'done' as const }
      : { result: 'refused' as const, why: WHY_NOT_REPLACED[replaced] };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  return { ...standing, revision: revisionOf(data) };
}

/** As a worker would have it fail, so that it stands under what is wrong with it now. */
const failingOf = ({ issues }: Standing): InvalidOrder | undefined =>
  issues.length === 0
    ? undefined
    : new InvalidOrder(issues.map(({ reason: code, path, message }) => ({ code, path, message })));

/** It was to be queued, and would fail again. */
export class WouldFail extends Refused {
  readonly issues: readonly KeptIssue[];

  constructor(issues: readonly KeptIssue[]) {
    const lines = issues
      .slice(0, ISSUES_SPELLED_OUT)
      .map(({ reason, path, message }) => `${reason} at ${path || 'the order'}: ${message}`);
    const more = issues.length - lines.length;
    super(
      `Nothing was saved, because it would fail again: ${[...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')}`,
    );
    this.issues = issues;
  }
}

const ISSUES_SPELLED_OUT = 5;

interface KeptJob {
  partition: Partition;
  state: JobState;
  /** As it is stored, and as that reads. */
  stored: string;
  data: unknown;
  /** ms since 1970. */
  addedAt: number;
}

async function jobOf({ redis, partitions }: TryParts, id: string): Promise<KeptJob> {
  for (const partition of partitions.all) {
    const stored = await storedData(redis, partition, id);
    const job = stored === undefined ? undefined : (await keptOrder(redis, partition, id))?.job;
    if (stored !== undefined && job)
      return { partition, state: job.state, stored, data: parsed(stored), addedAt: job.addedAt };
  }
  throw new Refused('There is no such job.', 'missing');
}

async function checked(parts: TryParts, { data, addedAt }: KeptJob, text: string): Promise<Checked> {
  try {
    const edited = told(() => withOrder(data, text, parts.rules.reading.maxBodyBytes));
    return { ...(await standingOf(parts, edited, addedAt)), unsaved: undefined };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // What is no order says by the rules what is wrong with it, and where.
    return { ...(await standingOf(parts, { raw: text }, addedAt)), unsaved: error.message };
  }
}

/** What the edit of any job refuses, in the words of the desk. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    throw new Refused(error.message, error.status === 409 ? 'state' : 'unreadable');
  }
}

/** The one call site of editAndRetry.lua. */
function editAndRetry(
  redis: Redis | Cluster,
  partition: Partition,
  job: string,
  { seen, text, edit }: { seen: string; text: string; edit: Omit<Edit, 'data'> },
): Promise<Replaced> {
  const key = (name: string) => queueKey(partition, name);
  return callScript(
    redis,
    ...RETRY_KEYS.map(key),
    failureKeys(partition).entries,
    key('delayed'),
    repairKeys(partition).edits,
    key(job),
    job,
    sha1(seen),
    text,
    editText(edit, text),
    EDITED_JOB,
    MAX_KEPT,
  );
}
