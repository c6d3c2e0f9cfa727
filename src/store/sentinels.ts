import { Redis } from 'ioredis';
import { advised } from './redisAdvice.ts';
import { address, type Endpoint, loginOptions, type SentinelTarget } from './redisTarget.ts';

/** A sentinel that hangs must not keep us from what the others say. */
const ANSWER_MS = 1_000;

/** What the sentinels know of a master and those that follow it. */
export interface SentinelView {
  master: Endpoint;
  /** Replicas that follow the master and may be made one: those of priority 0 never are. */
  promotable: number;
  /** Rises with every failover. */
  epoch: number;
}

/**
 * All sentinels are asked, and the one that knows of the newest failover is believed: one that was cut off, or has just
 * come back, still names the master of before. Rejects, saying why, when none names any.
 */
export async function askSentinels(target: SentinelTarget): Promise<SentinelView> {
  const answers = await Promise.allSettled(target.sentinels.map((sentinel) => askSentinel(sentinel, target)));
  const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [newest] = views.toSorted((a, b) => b.epoch - a.epoch || b.promotable - a.promotable);
  if (newest) return newest;
  const reasons = answers.flatMap((answer, index) => {
    if (answer.status === 'fulfilled') return [];
    const { message } = answer.reason as Error;
    return [`${address(target.sentinels[index] as Endpoint)}: ${message}`];
  });
  throw new Error(`no sentinel of REDIS_SENTINELS names a master (${reasons.join('; ')})`);
}

async function askSentinel(sentinel: Endpoint, target: SentinelTarget): Promise<SentinelView> {
  const { name, sentinelLogin } = target;
  const redis = new Redis({
    ...sentinel,
    ...loginOptions(sentinelLogin),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
  });
  // What went wrong with the connection says more than that it was closed.
  let fault: Error | undefined;
  redis.on('error', (error) => {
    fault ??= error;
  });
  try {
    await redis.connect();
    const [found, master, replicas] = await Promise.all([
      redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name) as Promise<[string, string] | null>,
      redis.call('SENTINEL', 'MASTER', name).then(fieldsOf),
      redis.call('SENTINEL', 'REPLICAS', name) as Promise<unknown[]>,
    ]);
    if (found === null) throw new Error(UNKNOWN(name));
    return {
      master: { host: found[0], port: Number(found[1]) },
      promotable: replicas.map(fieldsOf).filter(isPromotable).length,
      epoch: Number(master['config-epoch'] ?? 0),
    };
  } catch (error) {
    throw new Error(adviceOf(fault ?? (error as Error), target));
  } finally {
    redis.disconnect();
  }
}

/** One that was just promoted still counts: it does not confirm to the old master any more, which must be noticed. */
function isPromotable(replica: Record<string, string>): boolean {
  const { flags = '', 'slave-priority': priority, 'master-link-status': link } = replica;
  return !/[so]_down/.test(flags) && priority !== '0' && link === 'ok';
}

const UNKNOWN = (name: string) => `it knows no master ${JSON.stringify(name)}, see REDIS_SENTINEL_NAME`;

function adviceOf(fault: Error, { name, sentinelLogin }: SentinelTarget): string {
  const { message } = fault;
  if (/No such master/i.test(message)) return UNKNOWN(name);
  if (/NOAUTH|WRONGPASS|without any password/.test(message))
    return `${message} (see REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD)`;
  return advised(fault, sentinelLogin).message;
}

/** A map comes flat, or as one where the connection speaks RESP3. */
function fieldsOf(reply: unknown): Record<string, string> {
  if (!Array.isArray(reply)) return Object(reply) as Record<string, string>;
  return Object.fromEntries(
    Array.from({ length: reply.length / 2 }, (_, index) => [reply[2 * index], reply[2 * index + 1]]),
  );
}
