import type { Redis } from 'ioredis';

/** User + system of some servers together since they started, microseconds. */
export async function redisCpu(...servers: readonly Redis[]): Promise<number> {
  const infos = await Promise.all(servers.map((redis) => redis.info('cpu')));
  return infos.reduce((sum, info) => {
    const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
    return sum + (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
  }, 0);
}

/** Bytes in use. */
export async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
