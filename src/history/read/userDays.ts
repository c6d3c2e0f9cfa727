import type { Pool } from 'pg';
import { historyPool } from '../connect.ts';
import type { HistoryTarget } from '../target.ts';

/** Money is whole minor units; days are `YYYY-MM-DD`, UTC. */
export interface UserDay {
  day: string;
  orders: number;
  minorUnits: number;
}

export interface UserDays {
  /** What a user ordered on each day of a range, both ends in it; undefined where the history lacks orders of anybody's. */
  read(userId: string, range: { startDay: string; endDay: string }): Promise<UserDay[] | undefined>;
  stop(): Promise<void>;
}

/** They are a user's own rows, by an index. */
const STATEMENT_MS = 2_000;
const CONNECTIONS = 2;

/** Connects when it is asked first. */
export function userDaysReader(target: HistoryTarget): UserDays {
  const pool: Pool = historyPool(target, { as: 'api', statementMs: STATEMENT_MS, size: CONNECTIONS });
  // One that breaks while nobody uses it: the next read opens another.
  pool.on('error', () => {});
  return {
    async read(userId, { startDay, endDay }) {
      const { rows } = await pool.query(SQL, [userId, startDay, endDay]);
      if (rows.some(({ is_whole }) => !is_whole)) return undefined;
      return rows.flatMap(({ day, orders, minor_units }) =>
        day === null ? [] : [{ day, orders: Number(orders), minorUnits: Number(minor_units) }],
      );
    },
    stop: () => pool.end(),
  };
}

const SQL = `
  SELECT NOT EXISTS (SELECT FROM history.gaps WHERE in_redis) AS is_whole, NULL AS day, NULL AS orders, NULL AS minor_units
  UNION ALL
  SELECT true, day::text, count(*), sum(minor_units) FROM (
    SELECT day, minor_units FROM history.orders WHERE user_id = $1 AND day BETWEEN $2 AND $3 AND seq IS NOT NULL
    UNION ALL
    SELECT day, minor_units FROM history.counted_again WHERE user_id = $1 AND day BETWEEN $2 AND $3
  ) AS counted GROUP BY day`;
