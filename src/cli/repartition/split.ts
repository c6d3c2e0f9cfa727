import { USER_HASH_RANGE } from '../../orders/identity.ts';
import { makePartitions, type Partition, type Partitions } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';

/** Which share of the users goes from which old partition to which new one. */
export interface Split {
  from: Partitions;
  to: Partitions;
  /** The keys of a new partition, made once: they are asked for with every user and entry. */
  keysOf(target: Partition): StatsKeys;
  /** The new partition of an entry of the ledger, which carries its user's hash. */
  ofIdentity(identity: Buffer): Partition;
  /** The new partition that takes over what of an old one cannot be told apart by user. */
  heirOf(old: Partition): Partition;
  /** The old partitions that share users with a new one. */
  sourcesOf(target: Partition): Partition[];
}

export function makeSplit(from: number, to: number): Split {
  const [old, next] = [makePartitions(from), makePartitions(to)];
  // The same ranges as makePartitions, for a hash whose user is not known any more.
  const at = (partitions: Partitions, hash: number) =>
    partitions.all[Math.floor((hash * partitions.all.length) / USER_HASH_RANGE)] as Partition;
  const sources = next.all.map(() => new Set<Partition>());
  const heirs = new Map<Partition, Partition>();
  for (let hash = 0; hash < USER_HASH_RANGE; hash += 1) {
    const [source, target] = [at(old, hash), at(next, hash)];
    sources[target.index]?.add(source);
    if (!heirs.has(source)) heirs.set(source, target);
  }
  const keys = next.all.map(statsKeys);
  return {
    keysOf: ({ index }) => keys[index] as StatsKeys,
    from: old,
    to: next,
    ofIdentity: (identity) => at(next, identity.readUInt16BE(0)),
    heirOf: (source) => heirs.get(source) as Partition,
    sourcesOf: (target) => [...(sources[target.index] ?? [])],
  };
}
