import { PeopleStore } from '../../src/access/peopleStore.ts';
import { closeRedis, connectRedis } from '../../src/store/connections.ts';
import type { RedisTarget } from '../../src/store/redisTarget.ts';

const DAY_MS = 86_400_000;

/**
 * A link that signs in whoever opens it, once. Only who reads this terminal has it: a cookie for the first who comes
 * would go to whatever page of another site asks first, by a form, or by a name of its own that leads here. What stands
 * behind the `#` is sent to no server and stands in no log.
 */
export async function visitorLink(target: RedisTarget, url: string): Promise<string> {
  const redis = connectRedis(target, 'patient', { onError: () => {} });
  try {
    return `${url}/sign-in#${await new PeopleStore(redis).makeSignInLink(DAY_MS)}`;
  } finally {
    closeRedis(redis);
  }
}
