import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './api.ts';
import type { Difference } from './compare.ts';
import type { Model } from './model.ts';

const LOOK_EVERY_MS = 200;

/**
 * Reads the totals while everything breaks. They may lag behind what was sent, and the API may be away; but they
 * must never be more, and on one Redis never shrink: every write is on disk before anybody is told of it.
 */
export function watchTotals(
  api: Api,
  model: Model,
  { mayShrink }: { mayShrink: boolean },
): { stop(): Promise<Difference[]> } {
  const found: Difference[] = [];
  const stopping = new AbortController();
  let seen = 0;

  const look = async () => {
    const { orders } = await api.global();
    const most = model.atMost;
    if (orders > most)
      found.push({ kind: 'double', orders: orders - most, what: `${orders} orders while ${most} were sent` });
    if (orders < seen && !mayShrink)
      found.push({ kind: 'lost', orders: seen - orders, what: `${orders} orders after there were ${seen}` });
    seen = orders;
  };
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await look().catch(() => {});
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return found;
    },
  };
}
