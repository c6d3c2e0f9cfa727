import type { Redis } from 'ioredis';
import { address, isSamePlace, type SentinelTarget } from './redisTarget.ts';
import { masterOf } from './sentinelConnector.ts';
import { askSentinels, type SentinelView } from './sentinels.ts';

/**
 * How many replicas the sentinels could make the master in place of the server that this connection leads to. Rejects
 * when another one leads already: the old master goes on taking writes until it is told, and the replicas that have not
 * been told either go on confirming them, while what the sentinels say of replicas is about those of the new one.
 */
export type PromotableReplicas = (redis: Redis) => Promise<number>;

const KNOWN_FOR_MS = 1_000;

export function promotableReplicas(target: SentinelTarget): PromotableReplicas {
  const look = lookAtSentinels(target);
  return async (redis) => {
    const server = masterOf(redis);
    if (!server) throw new Error('the connection to Redis was lost');
    let view = await look.known();
    // A connection may be newer than what is known.
    if (!isSamePlace(view.master, server)) view = await look.now();
    if (!isSamePlace(view.master, server))
      throw new Error(`${address(server)} is not the master any more, ${address(view.master)} is`);
    return view.promotable;
  };
}

/** Asks once a second at most for all that want to know; sentinels that are away promote nobody. */
function lookAtSentinels(target: SentinelTarget) {
  let view: Promise<SentinelView> | undefined;
  let asking: Promise<SentinelView> | undefined;
  let until = 0;

  function now(): Promise<SentinelView> {
    if (!asking) {
      const before = view;
      asking = askSentinels(target)
        .catch((error) => before ?? Promise.reject(error))
        .finally(() => {
          asking = undefined;
          until = Date.now() + KNOWN_FOR_MS;
        });
      view = asking;
    }
    return asking;
  }
  return { now, known: () => (view && Date.now() < until ? view : now()) };
}
