import type { Partition } from './partitions.ts';

/**
 * Every stats key of one partition. Writers, readers and the Lua script agree through this file; the script
 * builds the keys of single users, days and ledger buckets from `prefix`, with the endings given here.
 */
export interface StatsKeys {
  prefix: string;
  /** hash: where the ledger stands (generation, since, buckets, size, …), `duplicates`, and where the `archive` does */
  ledger: string;
  /** hash: total_orders, total_revenue (minor units) */
  global: string;
  /** zset: user → minor units */
  bySpend: string;
  /** zset: user → orders */
  byCount: string;
  /** hash: `<day>:orders`, `<day>:revenue` */
  days: string;
  /** hash: `<month>:orders`, `<month>:revenue` */
  months: string;
  /** hash: `<year>:orders`, `<year>:revenue` */
  years: string;
  /** hash: order_count, total_spend (minor units) */
  user: (userId: string) => string;
  /** zset: user → minor units, of one day or one month */
  spend: (period: string) => string;
  /** hash: user → orders, of one day or one month */
  counts: (period: string) => string;
  /**
   * hash: `<day>`, `<month>`, `<year>`: users whose first counted order, by arrival, lies there; `after`, the last day that
   * may lack some, and `before`, the users there were when this began to be kept. Apart from the hashes above: an older
   * version adds up whatever is in them.
   */
  newUsers: string;
  /** hash: `from`, the first day (YYYY-MM-DD) that spend and counts by day are kept from; absent when from the first */
  detail: string;
}

export function statsKeys(partition: Partition): StatsKeys {
  const prefix = `${partition.tag}:`;
  return {
    prefix,
    ledger: `${prefix}ledger`,
    global: `${prefix}global:stats`,
    bySpend: `${prefix}users:by_spend`,
    byCount: `${prefix}users:by_count`,
    days: `${prefix}stats:days`,
    months: `${prefix}stats:months`,
    years: `${prefix}stats:years`,
    user: (userId) => `${prefix}user:${userId}`,
    spend: (period) => `${prefix}spend:${period}`,
    counts: (period) => `${prefix}counts:${period}`,
    newUsers: `${prefix}stats:new_users`,
    detail: `${prefix}stats:detail`,
  };
}
