/** The totals as the product's own API tells them, in whole cents. */
export interface Api {
  global(): Promise<Totals>;
  /** Every user's totals, by the two top lists, and the order of each list. */
  users(): Promise<{ totals: Map<string, Totals>; spenders: string[]; buyers: string[] }>;
  /** What is told of one user alone; undefined when nothing is known. */
  user(userId: string): Promise<Totals | undefined>;
  days(first: string, last: string): Promise<Totals>;
}

export interface Totals {
  orders: number;
  cents: number;
}

interface Row {
  user_id: string;
  total_spend: number;
  order_count: number;
}

/** More than a schedule has users, so that nobody who should not be there goes unseen. */
const EVERYBODY = 1_000;

export function apiAt(url: string): Api {
  const get = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
    const body = await response.json();
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`);
    return body as T;
  };
  const totals = async (path: string): Promise<Totals> => {
    const { total_orders, total_revenue } = (await get(path)) as Record<string, number>;
    return { orders: total_orders as number, cents: toCents(total_revenue as number) };
  };

  return {
    global: () => totals('/stats/global'),
    days: (first, last) => totals(`/stats/by-date?start_date=${first}&end_date=${last}`),
    async users() {
      const spenders = (await get<Row[]>(`/stats/top-spenders?limit=${EVERYBODY}`)) ?? [];
      const buyers = (await get<Row[]>(`/stats/top-buyers?limit=${EVERYBODY}`)) ?? [];
      const names = new Set([...spenders, ...buyers].map((row) => row.user_id));
      const row = (rows: Row[], userId: string) => rows.find((each) => each.user_id === userId);
      return {
        totals: new Map(
          [...names].map((userId) => [
            userId,
            {
              orders: row(buyers, userId)?.order_count ?? 0,
              cents: toCents(row(spenders, userId)?.total_spend ?? 0),
            },
          ]),
        ),
        spenders: spenders.map((each) => each.user_id),
        buyers: buyers.map((each) => each.user_id),
      };
    },
    async user(userId) {
      const row = await get<Row>(`/users/${encodeURIComponent(userId)}/stats`);
      return row && { orders: row.order_count, cents: toCents(row.total_spend) };
    },
  };
}

const toCents = (amount: number): number => Math.round(amount * 100);
