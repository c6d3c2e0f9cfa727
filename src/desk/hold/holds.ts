import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import { type CauseSums, readCauses } from '../../queue/failures/readCauses.ts';
import { parsed } from '../../runtime/json.ts';
import { HOLDS_KEY } from '../../store/keys.ts';
import { redisDate } from '../../store/redisTime.ts';
import { inWords } from '../matching.ts';
import { Refused } from '../refused.ts';
import type { RunParts } from '../runs/runs.ts';

/** A cause that somebody knows of: it is out of the list until more orders fail for it. */
export interface Hold {
  by: Author;
  /** ISO, UTC. */
  at: string;
  because: string;
  /** When the newest of its orders had failed first by then; ISO, UTC. One that is newer ends the hold. */
  newest: string;
}

const MOST_HOLDS = 500;
const LONGEST_NOTE = 500;

/** By cause; also those that are over, whose note may still help. */
export async function readHolds(redis: Redis | Cluster): Promise<Map<string, Hold>> {
  const stored = Object.entries(await redis.hgetall(HOLDS_KEY));
  // What somebody else wrote there holds nothing, and keeps nobody from the causes.
  return new Map(
    stored.flatMap(([cause, text]) => {
      const hold = parsed(text) as Hold | null | undefined;
      return hold?.by === undefined ? [] : [[cause, hold] as const];
    }),
  );
}

/** Orders that were known then and fail again after a retry do not end it. */
export const isOver = (hold: Hold, cause: CauseSums): boolean => cause.newest > hold.newest;

/**
 * Takes a cause out of the list; its orders stay as they are. A second hold replaces the first.
 *
 * @throws Refused when nothing fails for it, the note is too long, or too much is on hold; NoTrace
 */
export async function holdCause(
  { redis, partitions, audit }: RunParts,
  who: Author,
  cause: string,
  because: string,
): Promise<Hold> {
  if (because.length > LONGEST_NOTE) throw new Refused(`A note has ${LONGEST_NOTE} characters at most.`);
  const causes = await readCauses(redis, partitions.all);
  const found = causes.find(({ id }) => id === cause);
  if (found === undefined) throw new Refused('No order fails for such a cause now.', 'missing');
  const hold: Hold = { by: who, at: await redisDate(redis), because, newest: found.newest };
  const change = { action: 'hold cause', filter: inWords({ cause }), reason: because, count: found.orders };
  const outcome = await audit.change(who, change, async () => {
    if (!(await hasRoom(redis, causes)))
      return { result: 'refused' as const, why: `${MOST_HOLDS} causes are on hold: release some first.` };
    await redis.hset(HOLDS_KEY, cause, JSON.stringify(hold));
    return { result: 'done' as const };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  return hold;
}

/** Puts a cause back into the list. @throws Refused when it is not on hold; NoTrace */
export async function releaseCause(
  { redis, audit }: RunParts,
  who: Author,
  cause: string,
  because: string,
): Promise<void> {
  const change = { action: 'release cause', filter: inWords({ cause }), reason: because };
  const outcome = await audit.change(who, change, async () =>
    (await redis.hdel(HOLDS_KEY, cause)) === 1
      ? { result: 'done' as const }
      : { result: 'refused' as const, why: 'This cause is not on hold.' },
  );
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
}

/** Those of causes that are gone make room for others. */
async function hasRoom(redis: Redis | Cluster, causes: readonly CauseSums[]): Promise<boolean> {
  if ((await redis.hlen(HOLDS_KEY)) < MOST_HOLDS) return true;
  const known = new Set(causes.map(({ id }) => id));
  const gone = [...(await readHolds(redis)).keys()].filter((id) => !known.has(id));
  if (gone.length > 0) await redis.hdel(HOLDS_KEY, ...gone);
  return gone.length > 0;
}
