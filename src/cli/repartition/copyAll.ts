import type { Cluster, Redis } from 'ioredis';
import type { IdCase } from '../../orders/ids.ts';
import { failuresPart, jobParts } from './copyJobs.ts';
import { type LedgerSizes, ledgerParts, standOf } from './copyLedger.ts';
import { repairParts } from './copyRepairs.ts';
import { runParts } from './copyRuns.ts';
import { statsParts } from './copyStats.ts';
import { totalsPart } from './copyTotals.ts';
import type { Part } from './part.ts';
import type { Split } from './split.ts';

/**
 * Everything there is to copy, in an order that is the same at every run as long as nobody writes: how many items
 * are done says where to go on.
 */
export async function listParts(
  redis: Redis | Cluster,
  split: Split,
  sizes: LedgerSizes,
  idCase: IdCase,
): Promise<Part[]> {
  const stands = await Promise.all(split.to.all.map((target) => standOf(redis, target, split, sizes)));
  const parts: Part[] = [];
  for (const source of split.from.all) {
    parts.push(...(await statsParts(redis, source, split)));
    parts.push(...(await ledgerParts(redis, source, split, stands)));
    parts.push(...(await jobParts(redis, source, split, idCase)));
    parts.push(...(await repairParts(redis, source, split)));
    parts.push(await runParts(redis, source, split));
  }
  parts.push(failuresPart(redis, split));
  parts.push(totalsPart(redis, split, stands));
  return parts;
}

export const sizeOf = (parts: readonly Part[]): number => parts.reduce((sum, { size }) => sum + size, 0);

/** Copies from item `done` on. `onDone` is awaited after every batch, with how many items are done then. */
export async function copyParts(
  parts: readonly Part[],
  done: number,
  onDone: (done: number) => Promise<void>,
): Promise<void> {
  let start = 0;
  for (const part of parts) {
    let from = Math.max(0, done - start);
    while (from < part.size) {
      const to = Math.min(part.size, from + part.batch);
      await part.copy(from, to);
      await onDone(start + to);
      from = to;
    }
    start += part.size;
  }
}
