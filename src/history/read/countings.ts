import type { ClientBase } from 'pg';
import { identityOf } from '../../orders/identity.ts';
import { type AnyPosition, idsOf } from '../positions.ts';

/** One counting of an order, as the tables have it. */
export interface Counting {
  userId: string;
  orderId: string;
  minorUnits: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  digest: Buffer;
  /** In the ledger. */
  identity: Buffer;
  /** Seconds since 1970, by the clock of Redis. */
  countedAt: number;
  place: CountingPlace;
}

/** How far a reader of one tag's countings is: the last of the orders, and of those that counted again. */
export type CountingPlace = readonly [id: number, again: number, place: number];

export const BEFORE_ALL: CountingPlace = [0, 0, -1];

/** Whether a counting comes after a place that another reader of the same tag was at. */
export const isAfter = ([id, again, place]: CountingPlace, [lastId, lastAgain, lastPlace]: CountingPlace) =>
  id > lastId || again > lastAgain || (again === lastAgain && place > lastPlace);

const ROWS_AT_ONCE = 5_000;

/**
 * What counted in the partition of a tag, up to the entry of its position and in the order of counting, in pages. What Redis
 * has lost since is not among it. Ids are given in the order of counting, so a page begins where the one before ended.
 */
export async function* countingsOf(
  client: ClientBase,
  position: AnyPosition,
  from: CountingPlace = BEFORE_ALL,
  /** Seconds since 1970: none that counted before. */
  since = 0,
): AsyncGenerator<Counting[], void, undefined> {
  const [firstId, endId] = idsOf(position);
  let [id, again, place] = from;
  const read = async () =>
    client.query<Row>({
      name: 'countings',
      text: ORDERS,
      rowMode: 'array',
      values: [Math.max(id, Number(firstId) - 1), endId, position.seq, since, ROWS_AT_ONCE],
    } as never) as unknown as Promise<{ rows: Row[] }>;
  for (;;) {
    const { rows } = await read();
    const isLast = rows.length < ROWS_AT_ONCE;
    const until = isLast ? position.seq : Number(rows.at(-1)?.[1]);
    const repeated = (await client.query({
      text: AGAIN,
      rowMode: 'array',
      values: [position.tag, again, place, until, since],
    } as never)) as unknown as { rows: Row[] };
    const page: Counting[] = [];
    let at = 0;
    const take = (row: Row, isAgain: boolean) => {
      if (isAgain) [again, place] = [Number(row[1]), Number(row[0])];
      else id = Number(row[0]);
      page.push(toCounting(row, [id, again, place]));
    };
    for (const row of rows) {
      for (; at < repeated.rows.length; at += 1) {
        const one = repeated.rows[at] as Row;
        if (Number(one[1]) >= Number(row[1])) break;
        take(one, true);
      }
      take(row, false);
    }
    for (const one of repeated.rows.slice(at)) take(one, true);
    if (page.length > 0) yield page;
    if (isLast) return;
  }
}

type Row = [
  id: string,
  seq: string,
  userId: string,
  orderId: string,
  minorUnits: string,
  day: string,
  digest: Buffer,
  countedAt: string,
  identity: Buffer | null,
];

const COLUMNS =
  'seq, user_id, order_id, minor_units, day::text, digest, floor(extract(epoch FROM counted_at))::bigint, identity';

const ORDERS = `
  SELECT id, ${COLUMNS} FROM history.orders
  WHERE id > $1 AND id < $2 AND seq <= $3 AND counted_at >= to_timestamp($4)
  ORDER BY id LIMIT $5`;

const AGAIN = `
  SELECT place, ${COLUMNS} FROM history.counted_again
  WHERE tag = $1 AND (seq, place) > ($2, $3) AND seq <= $4 AND counted_at >= to_timestamp($5)
  ORDER BY seq, place`;

/** Those before an instant (seconds since 1970), the last first: orders alone, as what counted again is later. */
export async function* countingsBefore(
  client: ClientBase,
  position: AnyPosition,
  instant: number,
): AsyncGenerator<Counting[], void, undefined> {
  const [firstId] = idsOf(position);
  let [, beforeId] = idsOf(position);
  for (;;) {
    const { rows } = (await client.query({
      text: `SELECT id, ${COLUMNS} FROM history.orders
        WHERE id >= $1 AND id < $2 AND seq <= $3 AND counted_at < to_timestamp($4) ORDER BY id DESC LIMIT $5`,
      rowMode: 'array',
      values: [firstId, beforeId, position.seq, instant, ROWS_AT_ONCE],
    } as never)) as unknown as { rows: Row[] };
    if (rows.length > 0) yield rows.map((row) => toCounting(row, BEFORE_ALL));
    if (rows.length < ROWS_AT_ONCE) return;
    beforeId = (rows.at(-1) as Row)[0];
  }
}

/** The names in the ledger, hexadecimal, of what counted again since an instant, seconds since 1970. */
export async function countedAgainSince(client: ClientBase, instant: number): Promise<ReadonlySet<string>> {
  const { rows } = await client.query(
    'SELECT user_id, order_id, identity FROM history.counted_again WHERE counted_at >= to_timestamp($1)',
    [instant],
  );
  return new Set(
    rows.map(({ user_id, order_id, identity }) =>
      (identity ?? identityOf({ userId: user_id, orderId: order_id })).toString('hex'),
    ),
  );
}

const toCounting = (
  [, , userId, orderId, minorUnits, day, digest, countedAt, identity]: Row,
  place: CountingPlace,
): Counting => ({
  userId,
  orderId,
  minorUnits: Number(minorUnits),
  day,
  digest,
  identity: identity ?? identityOf({ userId, orderId }),
  countedAt: Number(countedAt),
  place,
});
