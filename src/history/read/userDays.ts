import type { HistoryReads } from './historyPool.ts';

interface Row {
  is_whole: boolean;
  day: string | null;
  orders: string;
  minor_units: string;
}

/**
 * What a user ordered on each day of a range, both ends in it, `YYYY-MM-DD`, UTC, money in minor units; undefined where the history lacks orders of anybody's.
 * Throws HistoryUnavailable.
 */
export async function readUserDays(
  history: HistoryReads,
  userId: string,
  { startDay, endDay }: { startDay: string; endDay: string },
): Promise<[day: string, { orders: number; minorUnits: number }][] | undefined> {
  const rows = await history.ask<Row>({ sql: SQL, values: [userId, startDay, endDay] });
  if (rows.some(({ is_whole }) => !is_whole)) return undefined;
  return rows.flatMap(({ day, orders, minor_units }) =>
    day === null ? [] : [[day, { orders: Number(orders), minorUnits: Number(minor_units) }]],
  );
}

const SQL = `
  SELECT NOT EXISTS (SELECT FROM history.gaps WHERE in_redis) AS is_whole, NULL AS day, NULL AS orders, NULL AS minor_units
  UNION ALL
  SELECT true, day::text, count(*), sum(minor_units) FROM (
    SELECT day, minor_units FROM history.orders WHERE user_id = $1 AND day BETWEEN $2 AND $3 AND seq IS NOT NULL
    UNION ALL
    SELECT day, minor_units FROM history.counted_again WHERE user_id = $1 AND day BETWEEN $2 AND $3
  ) AS counted GROUP BY day`;
