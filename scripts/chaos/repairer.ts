import { insist } from './insist.ts';
import { MEND, type RunStep } from './misprints.ts';

/** A person at the desk: begins runs of repairs, asks again where nothing was answered, and waits for their end. */
export interface Repairer {
  /** Resolves when the run is over, or nothing is meant; rejects when it never ends. */
  run(wanted: Pick<RunStep, 'where' | 'rate'>): Promise<void>;
  /** Every run there is; one that nobody was told of may be among them. */
  runs(): Promise<RepairRun[]>;
}

export interface RepairRun {
  run: string;
  state: string;
  orders: number;
  counts: Record<'todo' | 'sent' | 'under_way' | 'ended' | 'failed_again' | 'left' | 'gone', number>;
}

/** What was sent a moment ago may not have failed yet. */
const UNTIL_ANY_FAILED_MS = 3_000;
const NOTHING_MEANT = 'nothing is meant';
const OVER = ['done', 'cancelled'];
/** More than a schedule has. */
const ALL_RUNS = 100;

export function startRepairer(url: string): Repairer {
  const ask = (path: string, body?: object) =>
    fetch(`${url}/desk/api/${path}`, {
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
      signal: AbortSignal.timeout(5_000),
    });
  const answered = async <T>(response: Response): Promise<T> => {
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${response.status} ${await response.text()}`);
  };

  /** What was not answered may have begun a run all the same: then two of them are after the same orders. */
  const begin = (wanted: Pick<RunStep, 'where' | 'rate'>) => {
    const latest = Date.now() + UNTIL_ANY_FAILED_MS;
    return insist(async () => {
      const response = await ask('repair', { ...wanted, recipe: MEND, because: 'commas' });
      if (response.status === 409) return Date.now() > latest ? NOTHING_MEANT : undefined;
      return (await answered<RepairRun>(response)).run;
    }, 'a run begins');
  };

  /** It stops by itself where messages delivered again have failed again; whoever repairs lets it go on. */
  const isOver = async (run: string): Promise<true | undefined> => {
    const response = await ask(`runs/${run}`);
    // A failover has undone its beginning.
    if (response.status === 404) return true;
    const { state } = await answered<RepairRun>(response);
    if (state === 'stopped') await ask(`runs/${run}/resume`, {});
    return OVER.includes(state) ? true : undefined;
  };

  return {
    async run(wanted) {
      const run = await begin(wanted);
      if (run !== NOTHING_MEANT) await insist(() => isOver(run), `run ${run} ends`);
    },
    runs: async () => (await answered<{ runs: RepairRun[] }>(await ask(`runs?limit=${ALL_RUNS}`))).runs,
  };
}
