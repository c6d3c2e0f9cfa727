import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { Client } from 'pg';
import type { Logger } from 'winston';
import type { Troubles } from '../runtime/troubles.ts';
import { readBacklog } from '../store/archiveStand.ts';
import type { Durability } from '../store/durability.ts';
import { archiveKeys } from '../store/keys.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { type ArchiveEvents, ArchivePartition } from './archivePartition.ts';
import { historyClient } from './connect.ts';
import { HistoryRefusal, historyAdvised, isOfPostgres } from './faults.ts';
import { claimInstallation } from './installation.ts';
import { migrate, pendingMigrations, refuseOtherSchema } from './migrate.ts';
import { lockPosition } from './positions.ts';
import { readUnaccepted, type Unaccepted } from './read/lacking.ts';
import { type HistoryTarget, historyAddress } from './target.ts';

export interface ArchiverParts {
  target: HistoryTarget;
  /** Fails fast; nobody else uses it: what it wrote last is what gets confirmed. */
  redis: Redis | Cluster;
  partitions: Partitions;
  durability: Durability;
  /** By Redis's clock, ms since 1970. */
  now: () => number;
  troubles: Troubles;
  logger: Logger;
}

export interface ArchiverHealth {
  /** `away` while PostgreSQL cannot be used, `standby` while other processes archive all partitions. */
  state: 'archiving' | 'standby' | 'away';
  archived_orders: number;
}

export interface Archiver {
  health(): ArchiverHealth;
  /** Ends with the batch in hand. */
  stop(): Promise<void>;
}

/** What a batch takes at most; PostgreSQL that takes longer is one that hangs. */
const STATEMENT_MS = 30_000;
/** Between looks at a stream with nothing new: of a second's promise, a fifth. */
const IDLE_MS = 200;
/** How soon a partition is taken over whose archiver has gone. */
const TAKE_OVER_MS = 2_000;
/** Between looks at what the history lacks; somebody may have taken note of it. */
const LOOK_MS = 5_000;
/** A session of whoever archives that is silent for so long is ended by the server: its host is gone, or stands still. */
const SILENCE_MS = 60_000;
/** What waits so long while others archive is a trouble: one of them hangs, and holds its lock. */
const STANDSTILL_MS = 60_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const TROUBLE = 'history';

/**
 * Carries what counted from Redis into PostgreSQL: it reads, inserts and moves its position in one transaction, trims. One
 * process at a time does it for a partition. Whatever fails is tried again from where PostgreSQL says that it stands; nothing
 * is trimmed that is not committed. Orders count meanwhile, and wait in Redis.
 */
export function startArchiver(parts: ArchiverParts): Archiver {
  const { target, troubles, logger } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const confirm = confirmation(parts);
  const seen: ArchiverHealth = { state: 'away', archived_orders: 0 };
  const at = historyAddress(target);
  const sleep = (ms: number) => delay(ms, undefined, { signal }).catch(() => {});
  let told: string | undefined;
  const stands = standstill(parts);

  const fail = (error: Error) => {
    seen.state = 'away';
    const isRedis = !isOfPostgres(error);
    const { message } = isRedis ? error : historyAdvised(error, at);
    troubles.report(TROUBLE, `nothing becomes history, orders count and wait in Redis: ${message}`);
    if (message !== told) logger.warn('history: nothing is archived at present', { error: message });
    told = message;
  };
  const work = () => {
    if (told !== undefined) logger.info('history: archiving goes on');
    told = undefined;
    troubles.end(TROUBLE);
  };

  async function run(): Promise<void> {
    for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const client = historyClient(target, { as: 'archiver', statementMs: STATEMENT_MS });
      // A connection that breaks rejects what is under way; the event would end the process.
      client.on('error', () => {});
      try {
        await client.connect();
        await prepare(client, parts);
        wait = FIRST_WAIT_MS;
        await archiveAll(client, parts, { signal, sleep, seen, work, fail, stands, confirm });
      } catch (error) {
        if (!signal.aborted) fail(error as Error);
      } finally {
        await client.end().catch(() => {});
      }
      await sleep(wait);
    }
  }
  const running = run();
  return {
    health: () => ({ ...seen }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Brings the schema up to date where the role may; else says who should. */
async function prepare(client: Client, { redis, logger }: ArchiverParts): Promise<void> {
  if ((await pendingMigrations(client)).length > 0) {
    try {
      for (const { name } of await migrate(client)) logger.info('history: schema', { migrated: name });
    } catch (error) {
      if ((error as { code?: string }).code !== '42501') throw error;
      await refuseOtherSchema(client);
    }
  }
  // By the names that this server knows: the first came with PostgreSQL 14.
  await client.query(
    `SELECT set_config(name, $1, false) FROM pg_settings
     WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout')`,
    [String(SILENCE_MS)],
  );
  await claimInstallation(client, redis);
}

interface Course {
  signal: AbortSignal;
  sleep: (ms: number) => Promise<void>;
  seen: ArchiverHealth;
  work: () => void;
  fail: (error: Error) => void;
  /** What is wrong where others archive, and do not. */
  stands: () => Promise<Error | undefined>;
  confirm: (partition: Partition) => Promise<void>;
}

async function archiveAll(
  client: Client,
  parts: ArchiverParts,
  { signal, sleep, seen, work, fail, stands, confirm }: Course,
): Promise<void> {
  const { redis, partitions, now } = parts;
  const events = eventsOf(parts, seen);
  const ours = new Map<Partition, ArchivePartition>();
  let askAgainAt = 0;
  let lookAgainAt = 0;
  let stalled: Error | undefined;
  while (!signal.aborted) {
    const others = partitions.all.filter((partition) => !ours.has(partition));
    if (others.length > 0 && performance.now() >= askAgainAt) {
      askAgainAt = performance.now() + TAKE_OVER_MS;
      for (const partition of others) {
        if (await lockPosition(client, partition))
          ours.set(partition, new ArchivePartition({ client, redis, partition, confirm, now, events }));
      }
    }
    seen.state = ours.size > 0 ? 'archiving' : 'standby';
    let more = false;
    for (const archive of ours.values()) {
      if (signal.aborted) return;
      more = (await archive.step()) || more;
    }
    if (performance.now() >= lookAgainAt) {
      lookAgainAt = performance.now() + LOOK_MS;
      tellLacking(parts.troubles, await readUnaccepted(client));
      stalled = await stands();
    }
    if (stalled && ours.size < partitions.all.length) fail(stalled);
    else work();
    if (!more) await sleep(IDLE_MS);
  }
}

function standstill({ redis, partitions, now }: ArchiverParts): () => Promise<Error | undefined> {
  let last: number | undefined;
  let since = now();
  return async () => {
    const { entries, archivedAt } = await readBacklog(redis, partitions);
    if (entries === 0 || archivedAt !== last) since = now();
    last = archivedAt;
    if (now() - since < STANDSTILL_MS) return undefined;
    return new HistoryRefusal(
      'another session has the lock and takes nothing: pg_stat_activity shows what order-pipeline archiver waits for',
    );
  };
}

const LACKING = { gaps: 'history incomplete', set_back: 'redis set back' } as const;

function tellLacking(troubles: Troubles, found: readonly Unaccepted[]): void {
  for (const kind of ['gaps', 'set_back'] as const) {
    const one = found.find((each) => each.kind === kind);
    if (!one) {
      troubles.end(LACKING[kind]);
      continue;
    }
    const orders = one.orders === undefined ? 'orders' : `${one.orders} orders`;
    const what =
      kind === 'gaps'
        ? `${orders} counted and are not in the history`
        : `Redis was set back, and lost ${orders} that had counted and are in the history`;
    troubles.report(
      LACKING[kind],
      `${what}: see order-pipeline history lacking, which also takes note of it by --accept`,
      one.since,
    );
  }
}

/**
 * Redis confirms what a connection wrote, so each batch writes something: where that is safe, so is all that was read before.
 * A connection that was lost in between may have confirmed on a server that never had it.
 */
function confirmation({ redis, durability }: ArchiverParts): (partition: Partition) => Promise<void> {
  // Where nothing is waited for, Redis has answered a read with what is as safe as it gets.
  if (durability.lanes === 1) return async () => {};
  let losses = 0;
  for (const event of ['close', '-node', 'node error']) {
    redis.on(event, () => {
      losses += 1;
    });
  }
  let before = losses;
  return async (partition) => {
    const lost = losses !== before;
    before = losses;
    await redis.hset(archiveKeys(partition).position, 'confirmed', Date.now());
    await durability.confirm(redis);
    if (lost || losses !== before)
      throw new Error('the Redis connection was lost before what was read from it was confirmed');
  };
}

function eventsOf({ logger }: ArchiverParts, seen: ArchiverHealth): ArchiveEvents {
  return {
    onArchived(orders, again) {
      seen.archived_orders += orders;
      if (again > 0) logger.warn('history: orders counted again beyond the ledger', { orders: again });
    },
    onSetBack({ tag }, { orders, seq, was }) {
      logger.error('history: Redis was set back, and has lost orders that the history keeps', {
        partition: tag,
        orders,
        from_entry: seq,
        to_entry: was,
      });
    },
    onGap({ tag }, { kind, orders }) {
      if (kind === 'opening')
        logger.info('history: it begins after orders that counted before', { partition: tag, orders });
      else
        logger.warn('history: it lacks orders', {
          partition: tag,
          because: kind,
          orders: orders ?? 'unknown',
        });
    },
  };
}
