import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { allPositions } from '../positions.ts';

/** Money is whole minor units. */
interface Totals {
  orders: number;
  minorUnits: number;
}

interface UserSums extends Totals {
  userId: string;
}

/** The last entry of each tag that is looked at: what came later has not happened. Tags that are not in it end where they are. */
export type Cut = ReadonlyMap<string, number>;

/** Rows of both kinds of counting up to a cut, which is parameters 1 and 2. */
const COUNTED = `
  WITH cut AS MATERIALIZED (
    SELECT p.id, p.tag, coalesce(c.seq, p.seq) AS seq
    FROM history.positions p LEFT JOIN unnest($1::text[], $2::bigint[]) AS c (tag, seq) ON c.tag = p.tag
  ), counted AS (
    SELECT o.user_id, o.day, o.minor_units FROM history.orders o JOIN cut ON cut.id = (o.id >> 40) WHERE o.seq <= cut.seq
    UNION ALL
    SELECT a.user_id, a.day, a.minor_units FROM history.counted_again a JOIN cut ON cut.tag = a.tag WHERE a.seq <= cut.seq
  )`;

const parametersOf = (cut: Cut) => [[...cut.keys()], [...cut.values()]];

/** What counted on each day, `YYYY-MM-DD`. */
export async function daysAt(client: ClientBase, cut: Cut): Promise<Map<string, Totals>> {
  const { rows } = await client.query(
    `${COUNTED} SELECT day::text, count(*) AS orders, sum(minor_units) AS minor_units FROM counted GROUP BY day`,
    parametersOf(cut),
  );
  return new Map(rows.map((row) => [row.day, totalsOf(row)]));
}

const USERS_AT_ONCE = 2_000;

/** What each user's orders come to, in pages, in no order. Inside a transaction: the pages are of one moment. */
export async function* usersAt(client: ClientBase, cut: Cut): AsyncGenerator<UserSums[], void, undefined> {
  await client.query(
    `DECLARE users_at NO SCROLL CURSOR FOR ${COUNTED}
     SELECT user_id, count(*) AS orders, sum(minor_units) AS minor_units FROM counted GROUP BY user_id`,
    parametersOf(cut),
  );
  for (;;) {
    const { rows } = await client.query(`FETCH ${USERS_AT_ONCE} FROM users_at`);
    if (rows.length > 0) yield rows.map((row) => ({ userId: row.user_id, ...totalsOf(row) }));
    if (rows.length < USERS_AT_ONCE) break;
  }
  await client.query('CLOSE users_at');
}

export async function userAt(client: ClientBase, cut: Cut, userId: string): Promise<Totals> {
  const { rows } = await client.query(
    `${COUNTED} SELECT count(*) AS orders, coalesce(sum(minor_units), 0) AS minor_units FROM counted WHERE user_id = $3`,
    [...parametersOf(cut), userId],
  );
  return totalsOf(rows[0]);
}

/** What Redis counted up to a cut and is not in the tables. */
export async function gapsAt(client: ClientBase, cut: Cut): Promise<Totals> {
  const { rows } = await client.query(
    `SELECT coalesce(sum(g.orders), 0) AS orders, coalesce(sum(g.minor_units), 0) AS minor_units
     FROM history.gaps g LEFT JOIN unnest($1::text[], $2::bigint[]) AS c (tag, seq) ON c.tag = g.tag
     WHERE g.in_redis AND (c.seq IS NULL OR g.seq <= c.seq)`,
    parametersOf(cut),
  );
  return totalsOf(rows[0]);
}

/** Those of some users that have no order here. */
export async function unknownUsers(client: ClientBase, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT user_id FROM unnest($1::text[]) AS asked (user_id)
     WHERE NOT EXISTS (SELECT FROM history.orders o WHERE o.user_id = asked.user_id AND o.seq IS NOT NULL)`,
    [userIds],
  );
  return rows.map(({ user_id }) => user_id);
}

/** How long an archiver may take to bring what counted until now. */
const ARCHIVE_MS = 30_000;
const LOOK_MS = 100;

/** Whether the tables have everything up to a cut, or get it within half a minute. */
export async function untilReached(client: ClientBase, cut: Cut): Promise<boolean> {
  for (const until = performance.now() + ARCHIVE_MS; ; ) {
    const seqs = new Map((await allPositions(client)).map(({ tag, seq }) => [tag, seq]));
    if ([...cut].every(([tag, seq]) => (seqs.get(tag) ?? 0) >= seq)) return true;
    if (performance.now() > until) return false;
    await delay(LOOK_MS);
  }
}

const totalsOf = ({ orders, minor_units }: Record<string, string>): Totals => ({
  orders: Number(orders),
  minorUnits: Number(minor_units),
});
