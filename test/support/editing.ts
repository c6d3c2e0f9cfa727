import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { replaceData, storedData } from '../../src/desk/replaceData.ts';
import type { Partition } from '../../src/store/partitions.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Edits a failed order as the desk does, without the board in front. */
export async function editFailed(
  redis: Redis | Cluster,
  partition: Partition,
  jobId: string,
  data: unknown,
): Promise<void> {
  const seen = await storedData(redis, partition, jobId);
  if (seen === undefined) throw new Error(`there is no job ${jobId}`);
  const text = JSON.stringify(data);
  const edit = {
    at: new Date().toISOString(),
    by: { kind: 'user', name: 'anna' },
    before: sha256(seen),
    after: sha256(text),
  };
  const replaced = await replaceData(redis, partition, jobId, { seen, text, edit });
  if (replaced !== 'done') throw new Error(`it was not edited: ${replaced}`);
}
