import { type Config, readConfig } from '../../config/config.ts';
import { permissionAdvised } from '../../store/redisAdvice.ts';
import { isMendable } from './mendable.ts';
import { type OpenRedis, openRedis } from './openRedis.ts';
import { refuse, type Surroundings } from './surroundings.ts';

/** Does `work` on the product's Redis and lets go of it; what a user can mend is one line, and exit code 2. */
export async function withRedis(
  around: Surroundings,
  work: (open: OpenRedis, config: Config) => Promise<number>,
): Promise<number> {
  let open: OpenRedis | undefined;
  try {
    const config = readConfig(around.env, ['redis']);
    open = await openRedis(config);
    return await work(open, config);
  } catch (error) {
    if (!isMendable(error)) throw error;
    return refuse([permissionAdvised(error).message], around);
  } finally {
    await open?.close();
  }
}
