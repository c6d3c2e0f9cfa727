import type { Cluster, Redis } from 'ioredis';

interface Script {
  lua: string;
  /** Else the first argument says how many. */
  numberOfKeys?: number;
  /** Replicas may answer it. */
  readOnly?: boolean;
  /** It answers with bytes, not with text. */
  buffers?: boolean;
}

type Call<Answer> = (...args: (string | number | Buffer)[]) => Promise<Answer>;

/** A script of ours as a function. Each connection is taught it once; one that Redis has forgotten is ioredis's affair. */
export const redisScript =
  <Answer>(name: string, { buffers = false, ...definition }: Script) =>
  (redis: Redis | Cluster, ...args: Parameters<Call<Answer>>): Promise<Answer> => {
    if (!(name in redis)) redis.defineCommand(name, definition);
    const command = (redis as unknown as Record<string, Call<Answer>>)[buffers ? `${name}Buffer` : name];
    return (command as Call<Answer>).apply(redis, args);
  };
