import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { HttpProblem } from '../http/transport/problem.ts';
import type { InvalidOrder } from '../orders/invalidOrder.ts';
import { INDEX_SCRIPT } from '../queue/failures/noteFailures.ts';
import { noteStored } from '../queue/failures/reconcile.ts';
import { jobFields } from '../queue/jobFields.ts';
import { EDITED_JOB, type Edit } from '../queue/repairs.ts';
import { failureKeys, queueKey, repairKeys } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { redisScript } from '../store/redisScript.ts';
import { type Container, wrapperOf } from './wrapper.ts';

/** What every script begins with that edits jobs. */
export const REPLACE_SCRIPT = readFileSync(new URL('./replaceData.lua', import.meta.url), 'utf8');

/** What is failed stays so, and is taken out of the index, whose next look finds it as it is now. */
const SCRIPT = `${INDEX_SCRIPT}${REPLACE_SCRIPT}
local replaced = replace_data({ KEYS[1], KEYS[2], KEYS[3], KEYS[4] }, unpack(ARGV, 1, 6))
if replaced == 'done' and redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'failedReason', ARGV[7], 'stacktrace', ARGV[8]) end
  pcall(failures(KEYS[5]).leave, ARGV[1], true)
end
return replaced`;

/** For one job, in bytes. A few dozen edits of the largest order; a program that edits for ever is stopped here. */
export const MAX_KEPT = 16 * 1024 * 1024;

export type Replaced = 'done' | 'missing' | 'state' | 'changed' | 'full';

const NOT_EDITABLE =
  'Only an order that has failed, or waits for its next attempt, can be edited: this one has ended, or is being worked on.';
/** For the operator. */
export const WHY_NOT_REPLACED: Record<Exclude<Replaced, 'done'>, string> = {
  missing: 'There is no such job any more.',
  state: NOT_EDITABLE,
  changed: 'Somebody else has just edited it: look at it again.',
  full: 'It was edited so often that no more is kept beside it: nothing was saved.',
};

const callScript = redisScript<Replaced>('replaceJobData', { numberOfKeys: 5, lua: SCRIPT });

/** The data of a job as it is stored, undefined when there is no such job. */
export async function storedData(
  redis: Redis | Cluster,
  partition: Partition,
  jobId: string,
): Promise<string | undefined> {
  const [stored] = await jobFields(redis, partition, [jobId], ['data']);
  return stored?.data;
}

/**
 * Replaces a job's data, when it is still `seen`, and keeps what it was. Of one that has failed, the index says from then on
 * what its data is now, and `failing` why it would fail, where that is known. The one call site of replaceData.lua.
 */
export async function replaceData(
  redis: Redis | Cluster,
  partition: Partition,
  jobId: string,
  {
    seen,
    text,
    edit,
    failing,
  }: { seen: string; text: string; edit: Omit<Edit, 'data'>; failing?: InvalidOrder | undefined },
): Promise<Replaced> {
  const key = (name: string) => queueKey(partition, name);
  const replaced = await callScript(
    redis,
    key(jobId),
    key('failed'),
    key('delayed'),
    repairKeys(partition).edits,
    failureKeys(partition).entries,
    jobId,
    sha1(seen),
    text,
    editText(edit, text),
    EDITED_JOB,
    MAX_KEPT,
    failing?.message ?? '',
    JSON.stringify([failing?.stack]),
  );
  // What is not noted now, the next look at the failed set notes: the edit is done.
  if (replaced === 'done') await noteEdited(redis, partition, jobId).catch(() => {});
  return replaced;
}

async function noteEdited(redis: Redis | Cluster, partition: Partition, jobId: string): Promise<void> {
  const failedOn = await redis.zscore(queueKey(partition, 'failed'), jobId);
  if (failedOn !== null) await noteStored(redis, partition, [jobId, failedOn]);
}

/** As the audit log names data. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

/** An edit as it is kept. The data goes in as the text that it is. */
export const editText = (edit: Omit<Edit, 'data'>, text: string): string =>
  `${JSON.stringify(edit).slice(0, -1)},"data":${text}}`;

/*
 * The board saves all of a job's data, also what somebody else has changed since it was opened. So each stored edit puts
 * its number into the data (`message.edits`), and data that carries another number than the stored one is refused.
 */

/**
 * The data to store: `data` as the edit after the one that is `stored`. An order pasted without `message` gets the stored
 * one, so that it still is dated by its message.
 *
 * @throws HttpProblem 409 when `data` is not made from what is stored
 */
export function revised(data: unknown, stored: unknown): Container {
  const now = revisionOf(stored);
  const wrapped = wrapperOf(data);
  if (wrapped?.message === undefined) {
    if (now > 0) throw conflict(NO_REVISION);
  } else if (revisionOf(data) !== now) {
    throw conflict(EDITED_SINCE);
  }
  const message = wrapped?.message ?? wrapperOf(stored)?.message;
  return { ...(wrapped?.data ?? { order: data }), message: { ...message, edits: now + 1 } };
}

/** How often it was edited. */
export function revisionOf(data: unknown): number {
  const edits = wrapperOf(data)?.message?.edits;
  return typeof edits === 'number' ? edits : 0;
}

const EDITED_SINCE = 'Somebody else has edited it since you opened it: reload and look again.';
const NO_REVISION =
  'It has been edited before, and without `message` nobody can tell whether you saw that: reload, and put the order ' +
  'into `order`.';

const conflict = (detail: string) => new HttpProblem(409, { kind: 'conflict', detail });
