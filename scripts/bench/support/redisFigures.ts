import type { Redis } from 'ioredis';

/** User + system of some servers together since they started, microseconds. */
export async function redisCpu(...servers: readonly Redis[]): Promise<number> {
  const infos = await Promise.all(servers.map((redis) => redis.info('cpu')));
  return infos.reduce((sum, info) => {
    const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
    return sum + (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
  }, 0);
}

/**
 * Calls since the statistics were reset, those within scripts among them and what a benchmark itself asks left out; and
 * the microseconds that scripts took, with all that they called.
 */
export async function commandFigures(redis: Redis): Promise<{ calls: number; scriptMicroseconds: number }> {
  const stats = await redis.info('commandstats');
  const figures = { calls: 0, scriptMicroseconds: 0 };
  for (const [, name = '', calls, usec] of stats.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)) {
    if (ASKED_HERE.has(name)) continue;
    figures.calls += Number(calls);
    if (name === 'evalsha' || name === 'eval') figures.scriptMicroseconds += Number(usec);
  }
  return figures;
}

const ASKED_HERE = new Set(['info', 'llen', 'zcard', 'config|resetstat']);

/** Bytes in use. */
export async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
