import { keptKey } from '../kit/apiKey.ts';
import { type Answer, ask, troubleOf } from '../kit/ask.ts';

/** What GET /desk/api/audit answers. */
export interface Change {
  id: string;
  at: string;
  who: { kind: string; name?: string; address?: string };
  action: string;
  partition: number | null;
  job: string | null;
  filter: string | null;
  count: number | null;
  reason: string | null;
  run: string | null;
  before: string | null;
  after: string | null;
  result: 'done' | 'refused' | 'failed' | null;
  why: string | null;
}

export interface Page {
  changes: Change[];
  next_cursor: string | null;
}

/** What GET /desk/api/audit/chain answers. */
export interface Chain {
  state: 'whole' | 'broken' | 'busy';
  oldest: string | null;
  kept_days: number;
  gaps: { id: string | null; problem: string }[];
  sentence: string;
}

/** The names of the filters, as addresses and the API have them. */
export const FILTERS = ['who', 'what', 'since', 'until', 'order'] as const;
export type Filters = Readonly<Partial<Record<string, string>>>;

/** Asks for what is behind /desk/api/audit. `locked` hears when nobody may look. */
export function auditApi(root: string, locked: (why: string) => void) {
  const addressOf = (path: string, values: Filters): string => {
    const filled = Object.entries(values).filter(([, value]) => value);
    const query = new URLSearchParams(filled as [string, string][]).toString();
    return `${root}desk/api/audit${path}${query === '' ? '' : `?${query}`}`;
  };
  const good = async (url: string, accept?: string): Promise<Answer> => {
    const answer = await ask(url, { accept, key: keptKey() });
    if (answer.ok) return answer;
    const trouble = troubleOf(answer);
    if (answer.status === 401 || answer.status === 403) locked(trouble.message);
    throw trouble;
  };
  return {
    page: async (filters: Filters, cursor?: string) =>
      JSON.parse((await good(addressOf('', { ...filters, cursor }))).text) as Page,
    chain: async () => JSON.parse((await good(addressOf('/chain', {}))).text) as Chain,
    exportAddress: (format: string, filters: Filters) => addressOf('/export', { ...filters, format }),
    file: async (url: string) => (await good(url, '*/*')).text,
  };
}

export type AuditApi = ReturnType<typeof auditApi>;
