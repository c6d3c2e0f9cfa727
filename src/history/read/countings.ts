import type { ClientBase } from 'pg';
import type { Position } from '../positions.ts';
import { idsOf } from '../positions.ts';

/** One counting of an order, as the tables have it. */
export interface Counting {
  userId: string;
  orderId: string;
  minorUnits: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  digest: Buffer;
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
  position: Pick<Position, 'id' | 'tag' | 'seq'>,
  from: CountingPlace = BEFORE_ALL,
): AsyncGenerator<Counting[], void, undefined> {
  const [firstId, endId] = idsOf(position as Position);
  let [id, again, place] = from;
  const read = async () =>
    client.query<Row>({
      name: 'countings',
      text: ORDERS,
      rowMode: 'array',
      values: [Math.max(id, Number(firstId) - 1), endId, position.seq, ROWS_AT_ONCE],
    } as never) as unknown as Promise<{ rows: Row[] }>;
  for (;;) {
    const { rows } = await read();
    const isLast = rows.length < ROWS_AT_ONCE;
    const until = isLast ? position.seq : Number(rows.at(-1)?.[1]);
    const repeated = (await client.query({
      text: AGAIN,
      rowMode: 'array',
      values: [position.tag, again, place, until],
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
];

const COLUMNS =
  'seq, user_id, order_id, minor_units, day::text, digest, floor(extract(epoch FROM counted_at))::bigint';

const ORDERS = `
  SELECT id, ${COLUMNS} FROM history.orders
  WHERE id > $1 AND id < $2 AND seq <= $3
  ORDER BY id LIMIT $4`;

const AGAIN = `
  SELECT place, ${COLUMNS} FROM history.counted_again
  WHERE tag = $1 AND (seq, place) > ($2, $3) AND seq <= $4
  ORDER BY seq, place`;

const toCounting = (
  [, , userId, orderId, minorUnits, day, digest, countedAt]: Row,
  place: CountingPlace,
): Counting => ({
  userId,
  orderId,
  minorUnits: Number(minorUnits),
  day,
  digest,
  countedAt: Number(countedAt),
  place,
});

/** Of every tag that ever was one. */
export async function allPositions(client: ClientBase): Promise<Pick<Position, 'id' | 'tag' | 'seq'>[]> {
  const { rows } = await client.query('SELECT id, tag, seq FROM history.positions ORDER BY id');
  return rows.map(({ id, tag, seq }) => ({ id, tag, seq: Number(seq) }));
}
