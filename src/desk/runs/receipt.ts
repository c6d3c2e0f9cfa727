import type { RepairOutcome } from '../../queue/repairs.ts';
import { parsed } from '../../runtime/json.ts';
import { type InLedger, lookInLedger } from '../../stats/read/lookInLedger.ts';
import { queueKey, repairKeys, runKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { ofItsType, stored } from '../../store/stored.ts';
import { pairsOf } from '../pairs.ts';
import { type Row, rowShape } from './rows.ts';
import type { TryParts } from './tryRecipe.ts';

/** One order of a run, as it stands now. */
export interface ReceiptRow extends Row {
  job: string;
  partition: number;
  state: 'counted' | 'duplicate' | 'failed again' | 'under way' | 'left' | 'gone';
  /** What the ledger says of it now; of orders that were sent. */
  now?: InLedger;
}

/**
 * Money in minor units, of orders that the run has sent, each name once. What is in the ledger now was there before, was
 * brought there by the run, or by somebody else meanwhile: after = before + repaired + elsewhere.
 */
export interface ReceiptMoney {
  before: number;
  repaired: number;
  elsewhere: number;
  after: number;
}

export interface Receipt {
  money: ReceiptMoney;
  states: Record<ReceiptRow['state'], number>;
  /** As many as were asked for; in no order. */
  rows: ReceiptRow[];
}

const AT_ONCE = 200;

/** What a run did to each of its orders, and what became of it since. A round trip for each 200 orders and ledger. */
export async function readReceipt(parts: TryParts, run: string, mostRows: number): Promise<Receipt> {
  const receipt: Receipt = {
    money: { before: 0, repaired: 0, elsewhere: 0, after: 0 },
    states: { counted: 0, duplicate: 0, 'failed again': 0, 'under way': 0, left: 0, gone: 0 },
    rows: [],
  };
  const named = new Map<string, { minorUnits: number; before: boolean; repaired: boolean; after: boolean }>();
  for (const partition of parts.partitions.all) {
    for await (const rows of rowsIn(parts, partition, run)) {
      for (const row of rows) {
        receipt.states[row.state] += 1;
        if (receipt.rows.length < mostRows) receipt.rows.push(row);
        const { result, identity, minorUnits = 0, was, now, state } = row;
        if (result !== 'sent' || identity === undefined) continue;
        const known = named.get(identity);
        named.set(identity, {
          minorUnits,
          // The second of two orders of one name finds the first.
          before: was === 'same' && known?.before !== false,
          repaired: state === 'counted' || known?.repaired === true,
          after: now === 'same' || known?.after === true,
        });
      }
    }
  }
  for (const { minorUnits, before, repaired, after } of named.values()) {
    if (!after) continue;
    receipt.money.after += minorUnits;
    receipt.money[before ? 'before' : repaired ? 'repaired' : 'elsewhere'] += minorUnits;
  }
  return receipt;
}

async function* rowsIn(
  parts: TryParts,
  partition: Partition,
  run: string,
): AsyncGenerator<ReceiptRow[], void, undefined> {
  const { rows } = runKeys(partition, run);
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const scanned = parts.redis.hscan(rows, cursor, 'COUNT', AT_ONCE);
    const [next, flat] = await ofItsType(parts.redis, rows, scanned, ['0', []]);
    const found = pairsOf(flat).filter(([job]) => !seen.has(job));
    for (const [job] of found) seen.add(job);
    yield await standing(
      parts,
      partition,
      found.flatMap(([job, text]) => {
        const row = stored<Row>(parts.redis, { key: rows, field: job }, text, rowShape);
        return row ? [{ job, ...row }] : [];
      }),
    );
    cursor = next;
  } while (cursor !== '0');
}

async function standing(
  { redis, partitions, ledgerRetentionDays }: TryParts,
  partition: Partition,
  rows: readonly (Row & { job: string })[],
): Promise<ReceiptRow[]> {
  if (rows.length === 0) return [];
  const jobs = rows.map(({ job }) => job);
  const failed = await redis.zmscore(queueKey(partition, 'failed'), ...jobs);
  const repairs = await redis.hmget(repairKeys(partition).repairs, ...jobs);
  const now: (InLedger | undefined)[] = rows.map(() => undefined);
  const homes = rows.map(({ result, user }) =>
    result === 'sent' && user !== undefined ? partitions.of(user) : undefined,
  );
  for (const home of new Set(homes)) {
    if (home === undefined) continue;
    const places = [...homes.keys()].filter((at) => homes[at] === home);
    const entries = places.map((at) => ({
      identity: Buffer.from(rows[at]?.identity ?? '', 'hex'),
      digest: Buffer.from(rows[at]?.digest ?? '', 'hex'),
    }));
    const found = await lookInLedger(redis, home, entries, { retentionDays: ledgerRetentionDays });
    for (const [nth, at] of places.entries()) now[at] = found[nth];
  }
  return rows.map((row, at) => {
    const known = now[at];
    const outcome = outcomeIn(repairs[at], row.after);
    const state = row.result !== 'sent' ? row.result : stateOf(row, failed[at] != null, outcome, known);
    return { ...row, partition: partition.index, state, ...(known === undefined ? {} : { now: known }) };
  });
}

function stateOf(
  { was }: Row,
  isFailed: boolean,
  outcome: RepairOutcome['outcome'] | undefined,
  now: InLedger | undefined,
): ReceiptRow['state'] {
  if (isFailed) return 'failed again';
  if (outcome === 'counted' || outcome === 'duplicate') return outcome;
  if (now === 'same') return was === 'same' ? 'duplicate' : 'counted';
  return 'under way';
}

/** What a repair ends with; of the edit that the run made, not of another one of that id. */
function outcomeIn(
  repair: string | null | undefined,
  after: string | undefined,
): RepairOutcome['outcome'] | undefined {
  if (repair == null || after === undefined || !repair.includes(after)) return undefined;
  const at = repair.lastIndexOf(OUTCOME);
  const found = at === -1 ? undefined : parsed(repair.slice(at + OUTCOME.length - 1, -1));
  return (found as Partial<RepairOutcome> | null | undefined)?.outcome;
}

const OUTCOME = ',"outcome":{';
