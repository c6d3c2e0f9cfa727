import type { ClientBase } from 'pg';

/** What these tables do not agree with Redis about, since ever. Money is whole minor units. */
export interface Lacking {
  /** What Redis counted and is not in the tables, by why; orders undefined where nobody knows how many. */
  gaps: {
    kind: 'opening' | 'not_kept' | 'entries_lost';
    orders: number | undefined;
    minorUnits: number;
    /** When the last of them was found, ISO, UTC: the tables are complete from there on at the latest. */
    foundAt: string;
  }[];
  /** Orders of the tables that Redis counted and lost when it was set back, and that have not come again. */
  lost: { orders: number; minorUnits: number };
  /** Rises with whatever changes orders that are in the tables already: Redis was set back, a person was erased. */
  changes: number;
}

/** Cheap: looks at what is out of the ordinary alone. */
export async function readLacking(client: ClientBase): Promise<Lacking> {
  const { rows: gaps } = await client.query(`
    SELECT kind, CASE WHEN bool_or(orders IS NULL) THEN NULL ELSE sum(orders) END AS orders,
      coalesce(sum(minor_units), 0) AS minor_units, max(found_at) AS found_at
    FROM history.gaps WHERE in_redis GROUP BY kind ORDER BY kind DESC`);
  const { rows } = await client.query(`
    SELECT count(*) AS orders, coalesce(sum(minor_units), 0) AS minor_units,
      (SELECT count(*) FROM history.set_back) + (
        SELECT count(DISTINCT user_id) FROM history.orders WHERE user_id >= 'ERASED-' AND user_id < 'ERASED.'
      ) AS changes
    FROM history.orders WHERE seq IS NULL`);
  return {
    gaps: gaps.map(({ kind, orders, minor_units, found_at }) => ({
      kind,
      orders: orders === null ? undefined : Number(orders),
      minorUnits: Number(minor_units),
      foundAt: found_at.toISOString(),
    })),
    lost: { orders: Number(rows[0].orders), minorUnits: Number(rows[0].minor_units) },
    changes: Number(rows[0].changes),
  };
}

/** What nobody has accepted yet: orders that counted and are not kept, and orders that Redis has lost. */
export interface Unaccepted {
  kind: 'gaps' | 'set_back';
  /** Undefined where nobody knows. */
  orders: number | undefined;
  /** When the first of it was found, ISO, UTC. */
  since: string;
}

/** That a history begins after some orders is no news. */
export async function readUnaccepted(client: ClientBase): Promise<Unaccepted[]> {
  const { rows } = await client.query(`
    SELECT 'gaps' AS kind, CASE WHEN bool_or(orders IS NULL) THEN NULL ELSE sum(orders) END AS orders, min(found_at) AS since
    FROM history.gaps WHERE NOT accepted AND in_redis AND kind <> 'opening' HAVING count(*) > 0
    UNION ALL
    SELECT 'set_back', sum(orders), min(found_at) FROM history.set_back WHERE NOT accepted HAVING count(*) > 0`);
  return rows.map(({ kind, orders, since }) => ({
    kind,
    orders: orders === null ? undefined : Number(orders),
    since: since.toISOString(),
  }));
}

/** From here on it is known, and no trouble any more. */
export async function acceptAll(client: ClientBase): Promise<void> {
  await client.query('UPDATE history.gaps SET accepted = true WHERE NOT accepted');
  await client.query('UPDATE history.set_back SET accepted = true WHERE NOT accepted');
}
