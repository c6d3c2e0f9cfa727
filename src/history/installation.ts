import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { INSTALLATION_KEY } from '../store/keys.ts';
import { HistoryRefusal } from './faults.ts';

/**
 * Binds Redis and PostgreSQL together at their first meeting, and refuses strangers later: the orders of another
 * installation, or those that an emptied Redis counts from the beginning, would be taken for the same ones.
 */
export async function claimInstallation(client: ClientBase, redis: Redis | Cluster): Promise<void> {
  const kept = await keptInstallation(client);
  const own = await redis.get(INSTALLATION_KEY);
  if (kept !== undefined && kept === own) return;
  if (kept !== undefined)
    throw new HistoryRefusal(
      `PostgreSQL has the history of ${own === null ? 'another Redis, or of this one before it was emptied' : 'another installation'}: ` +
        'name an empty database in DATABASE_URL; if it is the history of this Redis, say so by order-pipeline history adopt',
    );
  await redis.set(INSTALLATION_KEY, randomUUID(), 'NX');
  await client.query('INSERT INTO history.installation (id) VALUES ($1) ON CONFLICT DO NOTHING', [
    await redis.get(INSTALLATION_KEY),
  ]);
  return claimInstallation(client, redis);
}

/** Undefined while there is no history. */
export async function keptInstallation(client: ClientBase): Promise<string | undefined> {
  const { rows } = await client.query('SELECT id FROM history.installation');
  return rows[0]?.id;
}

/** Makes this Redis the one that the history is of. */
export async function adoptInstallation(client: ClientBase, redis: Redis | Cluster): Promise<boolean> {
  const kept = await keptInstallation(client);
  if (kept !== undefined) await redis.set(INSTALLATION_KEY, kept);
  return kept !== undefined;
}
