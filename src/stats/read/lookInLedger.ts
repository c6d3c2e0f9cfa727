import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { part } from '../record/recordOrder.ts';

const SCRIPT = [
  part('arguments'),
  `\ndo\n${part('ledger')}end\n`,
  readFileSync(new URL('./lookUp.lua', import.meta.url), 'utf8'),
].join('');

/** What names an order in the ledger, and what tells it from another of that name; see orders/identity.ts. */
export interface LedgerEntry {
  identity: Buffer;
  digest: Buffer;
}

/** `other`: an order of this name was counted with another content. */
export type InLedger = 'absent' | 'same' | 'other';

const callScript = redisScript<Buffer[]>('lookInLedger', { numberOfKeys: 1, lua: SCRIPT, buffers: true });

/** What the ledger of a partition says of its orders. Reads only. */
export async function lookInLedger(
  redis: Redis | Cluster,
  partition: Partition,
  entries: readonly LedgerEntry[],
  window: { retentionDays: number },
): Promise<InLedger[]> {
  const identities = entries.map(({ identity }) => identity);
  const found = await digestsInLedger(redis, partition, identities, window);
  return entries.map(({ digest }, at) => {
    const known = found[at];
    if (known === undefined) return 'absent';
    return known.equals(digest) ? 'same' : 'other';
  });
}

/** What was counted under some names, a digest each; undefined for none. Reads only. */
export async function digestsInLedger(
  redis: Redis | Cluster,
  partition: Partition,
  identities: readonly Buffer[],
  { retentionDays }: { retentionDays: number },
): Promise<(Buffer | undefined)[]> {
  if (identities.length === 0) return [];
  const { ledger, prefix } = statsKeys(partition);
  const found = await callScript(
    redis,
    ledger,
    prefix,
    retentionDays * DAY_SECONDS,
    Buffer.concat(identities),
    '[]',
  );
  return identities.map((_, at) => (found[at]?.length ? found[at] : undefined));
}
