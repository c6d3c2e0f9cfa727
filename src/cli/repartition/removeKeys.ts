import type { Cluster, Redis } from 'ioredis';
import { masters } from '../../store/connections.ts';
import type { Partition } from '../../store/partitions.ts';
import type { Progress } from '../kit/progress.ts';
import { keysOf, replies } from '../verify/reading.ts';

/** Removes everything of some partitions, in small steps. `before` is awaited ahead of each, and may refuse it. */
export async function removeKeys(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  progress: Progress,
  before: () => Promise<void>,
): Promise<void> {
  const sizes = await Promise.all(masters(redis).map((server) => server.dbsize()));
  progress.begin(
    'keys looked at, to remove some',
    sizes.reduce((sum, size) => sum + size, 0),
  );
  for await (const { server, keys } of keysOf(redis, partitions, (looked) => progress.add(looked))) {
    await before();
    const pipe = server.pipeline();
    // Frees large values in the background.
    for (const key of keys) pipe.unlink(key);
    await replies(pipe);
  }
}
