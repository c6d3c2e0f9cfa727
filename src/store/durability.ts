import { Cluster, type Redis } from 'ioredis';
import { masters } from './connections.ts';
import { isFrom, readInfo, serverName } from './info.ts';
import type { ReplicasToConfirm } from './replicasToConfirm.ts';

/**
 * When a job counts as safe, and its message may be deleted:
 * `memory` once Redis has taken it; `fsync` once it is in the append-only file on disk; `replicas:N` once N
 * replicas have it as well.
 */
export type DurabilityLevel = 'memory' | 'fsync' | `replicas:${number}`;

export interface Durability {
  level: DurabilityLevel;
  /** Why this level, for the start-up line. */
  why: string;
  /** What it does not withstand although one may think so; for a warning. */
  warning?: string;
  /**
   * Bulk adds that should be under way at once, each on a connection of its own. More than one only where Redis
   * makes a connection wait for the disk's next second or for replicas.
   */
  lanes: number;
  /** Rejects unless everything written on this connection so far has reached the level. */
  confirm(redis: Redis | Cluster): Promise<void>;
}

const ANSWER_LIMIT_MS = 5_000;
const LANES_WHILE_WAITING = 4;

const WAITAOF_SINCE = [7, 2] as const;

/** What a server can do. */
interface Abilities {
  /** As `Redis 7.4.1`. */
  name: string;
  hasWaitAof: boolean;
  appendOnly: boolean;
  /** Undefined where CONFIG is not allowed, as on most managed servers. */
  appendFsync: string | undefined;
  replicas: number;
}

/**
 * The level asked for, or without one the strongest this Redis gives on its own; where a replica may become the master,
 * a replica must have it. Throws, saying what to change, when the server cannot give that. Every master of a cluster is
 * asked and the weakest decides.
 *
 * With `toConfirm`, `replicas:N` waits for all of those, and N at least: sentinels that are asked for a failover promote
 * any of them, while the old master and the others go on confirming what the new one never gets.
 */
export async function chooseDurability(
  redis: Redis | Cluster,
  asked: DurabilityLevel | undefined,
  toConfirm?: ReplicasToConfirm,
): Promise<Durability> {
  if (!toConfirm) return durabilityOf(redis, asked);
  if (asked === undefined) {
    const durability = await durabilityOf(redis, 'replicas:1', toConfirm).catch((error: Error) => {
      const message = `${error.message}. It is the default with sentinels; memory and fsync can be asked for`;
      throw new Error(message, { cause: error });
    });
    return { ...durability, why: 'sentinels are set: after a failover there is what a replica had' };
  }
  const durability = await durabilityOf(redis, asked, toConfirm);
  return asked.startsWith('replicas:') ? durability : { ...durability, warning: LOST_AT_FAILOVER };
}

const LOST_AT_FAILOVER =
  'a failover loses acknowledged orders that no replica had yet; DURABILITY=replicas:1 waits for one';

async function durabilityOf(
  redis: Redis | Cluster,
  asked: DurabilityLevel | undefined,
  toConfirm?: ReplicasToConfirm,
): Promise<Durability> {
  const abilities = await Promise.all(masters(redis).map(abilitiesOf));
  const kinds = abilities.map(fsyncOf);
  const fsync = WEAKEST_FIRST.map((kind) => kinds.find((each) => each.kind === kind)).find(
    (each) => each,
  ) as Fsync;

  if (asked === undefined) {
    return fsync.kind === 'impossible'
      ? { ...MEMORY, why: `the strongest this Redis gives on its own: ${fsync.why}` }
      : { ...fsyncBy(fsync.kind), why: `the strongest this Redis gives on its own: ${fsync.why}` };
  }
  const why = 'DURABILITY is set';
  if (asked === 'memory') return { ...MEMORY, why };
  if (asked === 'fsync') {
    if (fsync.kind === 'impossible') throw new Error(`DURABILITY=fsync cannot be had: ${fsync.why}`);
    return { ...fsyncBy(fsync.kind), why: `${why}; ${fsync.why}` };
  }
  const wanted = Number(asked.slice('replicas:'.length));
  const replicas = Math.min(...abilities.map((each) => each.replicas));
  if (replicas < wanted) {
    throw new Error(`DURABILITY=${asked} cannot be had: a Redis master has ${replicas} connected replicas`);
  }
  return { ...replicated(wanted, toConfirm), level: asked, why };
}

const MEMORY = { level: 'memory', lanes: 1, confirm: async () => {} } as const;

const WEAKEST_FIRST = ['impossible', 'by_waitaof', 'by_reply'] as const;

interface Fsync {
  kind: (typeof WEAKEST_FIRST)[number];
  why: string;
}

function fsyncOf({ name, hasWaitAof, appendOnly, appendFsync }: Abilities): Fsync {
  if (!appendOnly)
    return { kind: 'impossible', why: 'its append-only file is off (appendonly yes turns it on)' };
  // With `always` Redis answers only after the write is on disk: the reply is the confirmation.
  if (appendFsync === 'always') return { kind: 'by_reply', why: 'appendfsync is always' };
  if (hasWaitAof) return { kind: 'by_waitaof', why: `${name} confirms by WAITAOF` };
  return {
    kind: 'impossible',
    why: `${name} has no WAITAOF (Redis ${WAITAOF_SINCE.join('.')} has), so appendfsync would have to be always and is ${appendFsync ?? 'unknown'}`,
  };
}

function fsyncBy(kind: 'by_reply' | 'by_waitaof'): Omit<Durability, 'why'> {
  if (kind === 'by_reply') return { level: 'fsync', lanes: 1, confirm: async () => {} };
  return {
    level: 'fsync',
    lanes: LANES_WHILE_WAITING,
    async confirm(redis) {
      const reply = await askServers(redis, 'WAITAOF', 1, 0, ANSWER_LIMIT_MS);
      const [local] = reply as [number, number];
      if (local < 1)
        throw new Error(`Redis did not confirm the write to disk within ${ANSWER_LIMIT_MS / 1_000} s`);
    },
  };
}

function replicated(least: number, toConfirm?: ReplicasToConfirm): Pick<Durability, 'lanes' | 'confirm'> {
  // Sentinels watch a single server and its replicas, never a cluster.
  const needed = async (redis: Redis | Cluster) =>
    toConfirm ? Math.max(least, await toConfirm(redis as Redis)) : least;
  return {
    lanes: LANES_WHILE_WAITING,
    async confirm(redis) {
      const before = await needed(redis);
      const confirmed = Number(await askServers(redis, 'WAIT', before, ANSWER_LIMIT_MS));
      const count = Math.max(before, await needed(redis));
      if (confirmed < count) {
        throw new Error(
          `${confirmed} of ${count} replicas confirmed the write within ${ANSWER_LIMIT_MS / 1_000} s`,
        );
      }
    },
  };
}

/**
 * Both commands speak of what was written on the connection they are sent on, so a cluster is asked on each
 * master's, and the weakest answer counts.
 */
async function askServers(redis: Redis | Cluster, command: string, ...args: number[]): Promise<unknown> {
  if (!(redis instanceof Cluster)) return redis.call(command, ...args);
  const replies = await Promise.all(masters(redis).map((node) => node.call(command, ...args)));
  return replies.sort((a, b) => Number([a].flat()[0]) - Number([b].flat()[0]))[0];
}

async function abilitiesOf(server: Redis): Promise<Abilities> {
  const info = await readInfo(server, 'server', 'persistence', 'replication');
  return {
    name: serverName(info),
    hasWaitAof: isFrom(info, WAITAOF_SINCE),
    appendOnly: info.get('aof_enabled') === '1',
    appendFsync: await server.config('GET', 'appendfsync').then(
      (reply) => (reply as string[])[1],
      () => undefined,
    ),
    replicas: Number(info.get('connected_slaves') ?? 0),
  };
}
