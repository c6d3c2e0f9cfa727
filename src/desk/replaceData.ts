import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { HttpProblem } from '../http/transport/problem.ts';
import { EDITED_JOB, type Edit } from '../queue/repairs.ts';
import { queueKey, repairKeys } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { type Container, wrapperOf } from './wrapper.ts';

/** What every script begins with that edits jobs. */
export const REPLACE_SCRIPT = readFileSync(new URL('./replaceData.lua', import.meta.url), 'utf8');

const SCRIPT = `${REPLACE_SCRIPT}
return replace_data(KEYS, unpack(ARGV))`;

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

type ScriptedRedis = (Redis | Cluster) & {
  replaceJobData(...args: (string | number)[]): Promise<Replaced>;
};

/**
 * The data of a job as it is stored, undefined when there is no such job. Beside the jobs BullMQ keeps lists and sets of
 * its own (`wait`, `failed`): under such a name there is no job either.
 */
export async function storedData(
  redis: Redis | Cluster,
  partition: Partition,
  jobId: string,
): Promise<string | undefined> {
  try {
    return (await redis.hget(queueKey(partition, jobId), 'data')) ?? undefined;
  } catch (error) {
    if ((error as Error).message.startsWith('WRONGTYPE')) return undefined;
    throw error;
  }
}

/** Replaces a job's data, when it is still `seen`, and keeps what it was. The one call site of replaceData.lua. */
export async function replaceData(
  redis: Redis | Cluster,
  partition: Partition,
  jobId: string,
  { seen, text, edit }: { seen: string; text: string; edit: Omit<Edit, 'data'> },
): Promise<Replaced> {
  if (!('replaceJobData' in redis)) {
    redis.defineCommand('replaceJobData', { numberOfKeys: 4, lua: SCRIPT });
  }
  const key = (name: string) => queueKey(partition, name);
  return (redis as ScriptedRedis).replaceJobData(
    key(jobId),
    key('failed'),
    key('delayed'),
    repairKeys(partition).edits,
    jobId,
    sha1(seen),
    text,
    editText(edit, text),
    EDITED_JOB,
    MAX_KEPT,
  );
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
