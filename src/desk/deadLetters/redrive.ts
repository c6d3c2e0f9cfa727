import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import type { AuditLog } from '../../audit/auditLog.ts';
import type { Letter, LetterQueue } from '../../queue/letterQueue.ts';
import { parsed } from '../../runtime/json.ts';
import { REDRIVE_DRIVER_KEY, REDRIVE_KEY } from '../../store/keys.ts';
import { holdLease, letGoOfLease } from '../../store/lease.ts';
import { redisDate } from '../../store/redisTime.ts';
import { Refused } from '../refused.ts';

/** A redrive: what was given up goes back to the inbox. The last one is kept. */
export interface Redrive {
  id: string;
  who: Author;
  /** ISO, UTC. What was sent after it is not moved, or what is given up again would go round for ever. */
  at: string;
  because: string;
  /** Messages a second at most. */
  rate: number | undefined;
  /** `move` is SQS's own task, `copy` ours where there is none: send, then delete. */
  how: 'move' | 'copy';
  handle: string | undefined;
  state: 'running' | 'done' | 'cancelled' | 'failed';
  moved: number;
  /** How many lay there when it began, about. */
  total: number;
  why: string | undefined;
  endedAt: string | undefined;
}

export interface RedriveParts<L extends Letter = Letter> {
  redis: Redis | Cluster;
  audit: AuditLog;
  queue: LetterQueue<L>;
  /** How long a message is hidden while it is copied: what one has left who died is seen again by then. */
  holdSeconds?: number;
}

const HOLD_SECONDS = 30;
const LOOK_EVERY_MS = 500;
/** Shorter than the lease, which is renewed in between. */
const LONGEST_PAUSE_MS = 5_000;
const MOST_FAULTS = 10;

export async function readRedrive(redis: Redis | Cluster): Promise<Redrive | undefined> {
  const { facts, state, moved, why, endedAt } = await redis.hgetall(REDRIVE_KEY);
  const known = parsed(facts) as Partial<Redrive> | null | undefined;
  if (typeof known?.id !== 'string') return undefined;
  return { ...known, state, moved: Number(moved), why, endedAt } as Redrive;
}

/** @throws Refused when there is nothing to move, or somebody does so already; NoTrace */
export async function beginRedrive(
  { redis, audit, queue }: RedriveParts,
  who: Author,
  { because, rate }: { because: string; rate: number | undefined },
): Promise<Redrive> {
  const seen = await queue.look();
  if (!seen) throw new Refused('The inbox has no dead-letter queue.', 'missing');
  const id = randomUUID();
  if (!(await holdLease(redis, REDRIVE_DRIVER_KEY, id, HOLD_SECONDS * 500))) throw new Refused(ALREADY);
  try {
    if ((await readRedrive(redis))?.state === 'running' || (await queue.lastMove())?.state === 'running')
      throw new Refused(ALREADY);
    if (seen.visible + seen.hidden === 0) throw new Refused('Nothing lies in the dead-letter queue.');
    const at = await redisDate(redis);
    const change = { action: 'redrive dead letters', run: id, reason: because, count: seen.visible };
    await audit.change(who, change, async () => {
      const handle = await queue.startMove(rate);
      const how = handle === undefined ? 'copy' : 'move';
      const facts = JSON.stringify({ id, who, at, because, rate, how, handle, total: seen.visible });
      await redis.del(REDRIVE_KEY);
      await redis.hset(REDRIVE_KEY, { facts, state: 'running', moved: 0 });
      return { result: 'done' as const };
    });
  } finally {
    await letGoOfLease(redis, REDRIVE_DRIVER_KEY, id);
  }
  return (await readRedrive(redis)) as Redrive;
}

const ALREADY = 'A redrive is under way: wait for its end, or cancel it.';

/** What was moved stays in the inbox. @throws Refused when none is under way; NoTrace */
export async function cancelRedrive(parts: RedriveParts, who: Author): Promise<Redrive> {
  const { redis, audit, queue } = parts;
  const running = await readRedrive(redis);
  if (running?.state !== 'running') throw new Refused('No redrive is under way.');
  await audit.change(who, { action: 'cancel redrive', run: running.id }, async () => {
    if (running.handle !== undefined) await queue.cancelMove(running.handle);
    return (await end(redis, 'cancelled'))
      ? { result: 'done' as const, count: Number(await redis.hget(REDRIVE_KEY, 'moved')) }
      : { result: 'refused' as const, why: 'It had ended by then.' };
  });
  return (await readRedrive(redis)) as Redrive;
}

/** KEYS[1] the redrive; ARGV: state, why, when. Ends one that runs, and says whether it did. */
const END = `
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'endedAt', ARGV[3])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'why', ARGV[2]) end
return 1`;

const end = async (redis: Redis | Cluster, state: Redrive['state'], why = ''): Promise<boolean> =>
  (await redis.eval(END, 1, REDRIVE_KEY, state, why, await redisDate(redis))) === 1;

/**
 * Drives the redrive that is under way until it ends or `signal` aborts; at once when another process does. A message is
 * deleted only once its copy is in the inbox: who dies in between leaves it in both, and the ledger counts it once.
 */
export async function driveRedrive<L extends Letter>(
  parts: RedriveParts<L>,
  me: string,
  signal: AbortSignal,
): Promise<void> {
  const { redis, queue, holdSeconds = HOLD_SECONDS } = parts;
  const held = new Map<string, L>();
  let next = 0;
  let faults = 0;
  let empty = 0;
  try {
    while (!signal.aborted && (await holdLease(redis, REDRIVE_DRIVER_KEY, me, holdSeconds * 500))) {
      const redrive = await readRedrive(redis);
      if (redrive?.state !== 'running') return;
      if (next > Date.now()) {
        await delay(Math.min(next - Date.now(), LONGEST_PAUSE_MS, holdSeconds * 250), undefined, { signal });
        continue;
      }
      try {
        if (redrive.how === 'move') {
          if (await followMove(parts, redrive)) return;
          next = Date.now() + LOOK_EVERY_MS;
          continue;
        }
        const moved = await copySome(parts, redrive, held);
        faults = 0;
        empty = moved === undefined ? empty + 1 : 0;
        // SQS may say once that there is nothing; and what another has left in hand is seen again only later.
        const isEmpty = empty > 1 && ((await queue.look())?.hidden ?? 0) <= held.size;
        if (isEmpty) return await finish(parts, redrive, 'done');
        const pause = redrive.rate === undefined ? 0 : ((moved ?? 0) / redrive.rate) * 1_000;
        next = moved === undefined ? Date.now() + LOOK_EVERY_MS : Math.max(next, Date.now() - pause) + pause;
      } catch (error) {
        if (signal.aborted) return;
        faults += 1;
        if (faults === MOST_FAULTS) return await finish(parts, redrive, 'failed', (error as Error).message);
        next = Date.now() + LOOK_EVERY_MS;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await queue.release([...held.values()]).catch(() => {});
    await letGoOfLease(redis, REDRIVE_DRIVER_KEY, me);
  }
}

/** How many were moved; undefined when there were none to take. What is not to be moved stays in hand until the end. */
async function copySome<L extends Letter>(
  { redis, queue, holdSeconds = HOLD_SECONDS }: RedriveParts<L>,
  redrive: Redrive,
  held: Map<string, L>,
): Promise<number | undefined> {
  const letters = await queue.take(holdSeconds);
  const due = letters.filter(({ sentAt, isForeign }) => !isForeign && sentAt <= redrive.at);
  for (const letter of letters) if (!due.includes(letter)) held.set(letter.id, letter);
  if (due.length === 0) return undefined;
  const sent = await queue.copyBack(due);
  await queue.remove(sent);
  await redis.hincrby(REDRIVE_KEY, 'moved', sent.length);
  return sent.length;
}

/** Whether SQS's own move has ended. */
async function followMove(parts: RedriveParts, redrive: Redrive): Promise<boolean> {
  const move = await parts.queue.lastMove();
  if (move) await parts.redis.hset(REDRIVE_KEY, { moved: move.moved });
  if (move?.state === 'running') return false;
  await finish(parts, redrive, move?.state ?? 'done', move?.why);
  return true;
}

async function finish(
  { redis, audit }: RedriveParts,
  { id, who }: Redrive,
  state: Redrive['state'],
  why?: string,
): Promise<void> {
  await audit.change(who, { action: 'end redrive', run: id }, async () => {
    const count = Number(await redis.hget(REDRIVE_KEY, 'moved'));
    if (!(await end(redis, state, why)))
      return { result: 'refused' as const, why: 'Somebody ended it first.' };
    return { result: 'done' as const, count, ...(why === undefined ? {} : { why }) };
  });
}
