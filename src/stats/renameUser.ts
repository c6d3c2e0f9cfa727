import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Partition } from '../store/partitions.ts';
import { statsKeys } from '../store/statsKeys.ts';

const SCRIPT = readFileSync(new URL('./renameUser.lua', import.meta.url), 'utf8');

export interface Renaming {
  userId: string;
  name: string;
  /** The last entry of the archive that may name the user. */
  seq: number;
}

/** Renames a user; or says what renaming of the partition has begun and is not ended. Undefined for one without orders. */
export async function renameUser(
  redis: Redis | Cluster,
  partition: Partition,
  userId: string,
  name: string,
): Promise<Renaming | undefined> {
  const { ledger, prefix } = statsKeys(partition);
  const reply = (await redis.eval(SCRIPT, 1, ledger, prefix, userId, name)) as string[];
  const [of, as, seq] = reply;
  return of === undefined || as === undefined ? undefined : { userId: of, name: as, seq: Number(seq) };
}

/** After all else that names the user was done. */
export async function endRenaming(redis: Redis | Cluster, partition: Partition): Promise<void> {
  await redis.hdel(statsKeys(partition).ledger, 'erasing');
}
