import type { Cluster, Redis } from 'ioredis';
import { PeopleStore } from '../access/peopleStore.ts';
import type { Config } from '../config/config.ts';

/**
 * In production a desk that nobody can open is no desk, and one that anybody can is worse. People are kept in Redis, so that is
 * asked once it is there. Throws when there is nobody.
 */
export async function refuseNobody(config: Config, redis: Redis | Cluster): Promise<void> {
  const { production, admin, provider } = config;
  if (!production || admin || provider || (await new PeopleStore(redis).mayAnybodySignIn())) return;
  throw new Error(
    'NODE_ENV=production needs somebody who may sign in: invite one into this Redis, order-pipeline people invite NAME ' +
      '--role admin, or set ADMIN_USER and ADMIN_PASSWORD, or OIDC_ISSUER',
  );
}
