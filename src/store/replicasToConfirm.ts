import type { Redis } from 'ioredis';
import { readInfo } from './info.ts';
import { address, type Endpoint, isSamePlace, type SentinelTarget } from './redisTarget.ts';
import { masterOf } from './sentinelConnector.ts';
import { askSentinels, type SentinelView } from './sentinels.ts';

/**
 * How many replicas have to have a write, so that whichever of them the sentinels make the master has it. Rejects when
 * another server leads already than the one behind this connection. It is asked for before and after the write is
 * confirmed, because both sources of it may be behind what happens.
 */
export type ReplicasToConfirm = (redis: Redis) => Promise<number>;

const KNOWN_FOR_MS = 1_000;
/** Longer than it takes from a replica's promotion until the sentinels name it. */
const BELIEVE_FEWER_AFTER_MS = 15_000;

/**
 * A replica that was promoted leaves the old master, which goes on taking writes that the other replicas confirm until
 * all of them are told. So each that followed the master a moment ago is still waited for, in vain if it was promoted.
 * What the sentinels could promote beside these is waited for too, one that is about to follow again for example.
 */
export function replicasToConfirm(target: SentinelTarget): ReplicasToConfirm {
  const look = lookAtSentinels(target);
  const followers = countFollowers();
  return async (redis) => {
    const server = masterOf(redis);
    if (!server) throw new Error('the connection to Redis was lost');
    const info = await readInfo(redis, 'replication');
    const online = [...info].filter(
      ([field, value]) => /^slave\d+$/.test(field) && /state=online/.test(value),
    );
    const following = followers(server, online.length);
    let view = await look.known();
    // A connection may be newer than what is known.
    if (!isSamePlace(view.master, server)) view = await look.now();
    if (!isSamePlace(view.master, server))
      throw new Error(`${address(server)} is not the master any more, ${address(view.master)} is`);
    return Math.max(following, view.promotable);
  };
}

/** The most that have followed the server lately. */
function countFollowers(): (server: Endpoint, count: number) => number {
  let known = { server: { host: '', port: 0 }, count: 0, at: 0 };
  return (server, count) => {
    const isOver =
      !isSamePlace(known.server, server) || performance.now() > known.at + BELIEVE_FEWER_AFTER_MS;
    if (isOver || count >= known.count) known = { server, count, at: performance.now() };
    return known.count;
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
          until = performance.now() + KNOWN_FOR_MS;
        });
      view = asking;
    }
    return asking;
  }
  return { now, known: () => (view && performance.now() < until ? view : now()) };
}
