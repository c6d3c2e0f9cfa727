import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Partition } from '../../store/partitions.ts';
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

type ScriptedRedis = (Redis | Cluster) & {
  lookInLedgerBuffer(...args: (string | number | Buffer)[]): Promise<Buffer[]>;
};

/** What the ledger of a partition says of its orders. Reads only. */
export async function lookInLedger(
  redis: Redis | Cluster,
  partition: Partition,
  entries: readonly LedgerEntry[],
  { retentionDays }: { retentionDays: number },
): Promise<InLedger[]> {
  if (entries.length === 0) return [];
  if (!('lookInLedger' in redis)) redis.defineCommand('lookInLedger', { numberOfKeys: 1, lua: SCRIPT });
  const { ledger, prefix } = statsKeys(partition);
  const identities = Buffer.concat(entries.map(({ identity }) => identity));
  const found = await (redis as ScriptedRedis).lookInLedgerBuffer(
    ledger,
    prefix,
    retentionDays * DAY_SECONDS,
    identities,
    '[]',
  );
  return entries.map(({ digest }, at) => {
    const known = found[at];
    if (known === undefined || known.length === 0) return 'absent';
    return known.equals(digest) ? 'same' : 'other';
  });
}
