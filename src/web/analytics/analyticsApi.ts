import { keptKey } from '../kit/apiKey.ts';
import { ask, troubleOf } from '../kit/ask.ts';

interface Sums {
  orders: number;
  revenue: number;
}

/** What the API answers, by the end of its path below /analytics. */
export interface Answers {
  products: ({ product_id: string; quantity: string } & Sums)[];
  'payment-methods': ({ payment_method: string | null } & Sums)[];
  hours: ({ weekday: number; hour: number } & Sums)[];
  'order-values': Sums & {
    average_order_value: number;
    percentiles: { percent: number; value: number }[];
    histogram: ({ from: number; to: number } & Sums)[];
  };
  customers: {
    users: number;
    repeat_users: number;
    repeat_share: number | null;
    revenue: number;
    repeat_revenue: number;
    steps: { from_orders: number; to_orders: number | null; users: number; revenue: number }[];
  };
  cohorts: {
    first_month: string;
    users: number;
    months: ({ months_since: number; users: number } & Sums)[];
  }[];
}

/** Asks for what is behind /analytics. `locked` hears when nobody may look. */
export function analyticsApi(root: string, locked: (why: string) => void) {
  const good = async (path: string, accept: string): Promise<string> => {
    const answer = await ask(`${root}analytics/${path}`, { key: keptKey(), accept });
    if (answer.ok) return answer.text;
    const trouble = troubleOf(answer);
    if (answer.status === 401 || answer.status === 403) locked(trouble.message);
    throw trouble;
  };
  return {
    async of<What extends keyof Answers>(what: What, query: string): Promise<Answers[What]> {
      return JSON.parse(await good(`${what}${query}`, 'application/json')) as Answers[What];
    },
    csv: (what: keyof Answers, query: string) => good(`${what}${query}`, 'text/csv'),
  };
}

export type AnalyticsApi = ReturnType<typeof analyticsApi>;
