import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { type ArchivedOrder, readArchiveLine } from '../orders/archivedOrder.ts';
import { archiveKeys } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';

/** One entry of the archive: what one call of the record script counted. */
export interface Entry {
  seq: number;
  /** Of all that is in it, so that another entry of the same number does not pass for this one. */
  digest: string;
  /** By the clock of Redis, ISO, UTC, to the microsecond. */
  countedAt: string;
  /** Of all entries until this one. */
  bytes: number;
  /** What counted before it, since the entry before, without being archived. */
  gap: { orders: number; minorUnits: number } | undefined;
  lines: string[];
}

/** An order as its entry has it. */
export interface CountedOrder extends ArchivedOrder {
  seq: number;
  /** Within the entry. */
  place: number;
  countedAt: string;
}

/** Entries from number `from` on, the oldest first. */
export async function readEntries(
  redis: Redis | Cluster,
  partition: Partition,
  from: number,
  count: number,
): Promise<Entry[]> {
  const { stream } = archiveKeys(partition);
  return (await redis.xrange(stream, `${from}-0`, '+', 'COUNT', count)).map(toEntry);
}

function toEntry([id, flat]: [string, string[]]): Entry {
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at] as string, flat[at + 1] as string);
  const hash = createHash('sha256').update(id);
  for (const text of flat) hash.update('\0').update(text);
  const [orders, minorUnits] = (fields.get('gap') ?? '').split(' ').map(Number);
  return {
    seq: Number(id.split('-')[0]),
    digest: hash.digest('hex').slice(0, 16),
    countedAt: isoOfMicroseconds(fields.get('at') ?? ''),
    bytes: Number(fields.get('bytes')),
    gap: orders === undefined || minorUnits === undefined ? undefined : { orders, minorUnits },
    lines: (fields.get('orders') ?? '').split('\n'),
  };
}

/** Throws when a line is none of ours. */
export const ordersOf = ({ seq, countedAt, lines }: Entry): CountedOrder[] =>
  lines.map((line, place) => ({ ...readArchiveLine(line), seq, place, countedAt }));

function isoOfMicroseconds(text: string): string {
  const milliseconds = Number(text.slice(0, -3));
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${text.slice(-3)}Z`;
}

/** Drops what is archived but for the last entry, which shows that the stream goes on from there, and says how far that is. */
export async function trimTo(
  redis: Redis | Cluster,
  partition: Partition,
  { seq, bytes }: Pick<Entry, 'seq' | 'bytes'>,
  now: number,
): Promise<void> {
  const { stream, position } = archiveKeys(partition);
  await redis.xtrim(stream, 'MINID', `${seq}-0`);
  await redis.hset(position, { seq, bytes, at: now });
  await redis.hdel(position, 'start');
}
