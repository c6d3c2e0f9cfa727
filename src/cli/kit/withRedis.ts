import type { Cluster, Redis } from 'ioredis';
import { NoTrace } from '../../audit/auditLog.ts';
import { type Config, ConfigError, readConfig } from '../../config/config.ts';
import type { Part } from '../../config/embedded.ts';
import { startEmbeddedRedis } from '../../embedded/redis.ts';
import { closeRedis, connectRedis, untilReady } from '../../store/connections.ts';
import { permissionAdvised } from '../../store/redisAdvice.ts';
import { isOfRedis } from '../../store/redisFaults.ts';
import { type RedisTarget, redisAddress } from '../../store/redisTarget.ts';
import { DAMAGED, sayOnce } from '../../store/stored.ts';
import { complain, refuse, type Surroundings } from './surroundings.ts';

/**
 * Does `work` on the product's Redis and lets go of it; what a user can mend is one line, and exit code 2. `uses` is what of
 * the configuration has to be right before anything is opened.
 */
export async function withRedis(
  around: Surroundings,
  work: (open: OpenRedis, config: Config) => Promise<number>,
  uses: readonly Part[] = ['redis'],
): Promise<number> {
  let open: OpenRedis | undefined;
  try {
    const config = readConfig(around.env, uses);
    open = await openRedis(config);
    const say = sayOnce(({ key, field }) =>
      complain(`left out, because it cannot be read: ${[key, field].join(' ').trim()}`, around),
    );
    open.redis.on(DAMAGED, say);
    return await work(open, config);
  } catch (error) {
    return refuseMendable(error, around);
  } finally {
    await open?.close();
  }
}

/** @throws what nobody at a terminal can mend */
export function refuseMendable(error: unknown, around: Surroundings): number {
  if (error instanceof NoTrace) {
    const why = permissionAdvised(error.cause as Error);
    return refuse([why === error.cause ? error.message : `${error.message}: ${why.message}`], around);
  }
  if (!isMendable(error)) throw error;
  return refuse([permissionAdvised(error).message], around);
}

/** The product's Redis, for a command that runs beside it. */
export interface OpenRedis {
  redis: Redis | Cluster;
  /** Where it is, without a password. */
  at: string;
  /** The embedded server goes on while other processes use it. */
  close(): Promise<void>;
}

/** Redis cannot be reached; the message says where it was looked for. */
class NoRedis extends Error {}

const CONNECT_MS = 3_000;
/** Every command here is short: one that takes longer will never be answered. All are harmless to repeat. */
const COMMAND_MS = 30_000;

/**
 * Connects as the product does, to the embedded server of the data folder when no other is configured.
 *
 * @throws NoRedis when nothing answers within seconds.
 */
export async function openRedis(config: Config): Promise<OpenRedis> {
  if (config.redis.kind !== 'embedded') return connect(config.redis, async () => {});
  const { host, port, stop } = await startEmbeddedRedis(config.dataDir);
  return connect({ kind: 'server', host, port, tls: false }, stop);
}

async function connect(target: RedisTarget, after: () => Promise<void>): Promise<OpenRedis> {
  let trouble = '';
  const redis = connectRedis(target, 'patient', {
    commandTimeout: COMMAND_MS,
    onError: (error) => {
      trouble = error.message || String((error as NodeJS.ErrnoException).code ?? '');
    },
  });
  const at = redisAddress(target);
  const close = async () => {
    closeRedis(redis);
    await after();
  };
  try {
    await untilReady(redis, AbortSignal.timeout(CONNECT_MS));
  } catch {
    await close();
    throw new NoRedis(`no Redis answers at ${at}${trouble === '' ? '' : ` (${trouble})`}`);
  }
  return { redis, at, close };
}

/** What a user can mend and one line says all about: a command that cannot run, and why. */
export class CannotRun extends Error {}

/** Faults of the configuration or of Redis, and refusals of ours: their message is all there is to say. */
export function isMendable(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof ConfigError || error instanceof NoRedis || error instanceof CannotRun || isOfRedis(error)
  );
}
