import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { historyClient } from '../../src/history/connect.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import type { Services } from '../../src/runtime/services.ts';

export interface HistoryView {
  /** Orders and minor units that are kept. */
  read(): Promise<{ orders: number; minorUnits: number }>;
}

/**
 * A PostgreSQL of the demo's own, for the product to join; undefined where there can be none, which is said in a line, and
 * where the environment says itself what is kept.
 */
export async function tryHistory(
  env: NodeJS.ProcessEnv,
  dataDir: string,
  services: Services,
): Promise<HistoryView | undefined> {
  if (env.HISTORY || env.DATABASE_URL) return undefined;
  try {
    const { stop, joined: _, ...place } = await startEmbeddedPostgres(dataDir);
    services.add({ name: 'PostgreSQL of the demo', stop });
    return viewOf({ ...place, tls: false });
  } catch (error) {
    console.log(`Without a history: ${(error as Error).message.split('\n')[0]}`);
    return undefined;
  }
}

function viewOf(target: HistoryTarget): HistoryView {
  return {
    async read() {
      const client = historyClient(target, { as: 'demo', statementMs: 10_000 });
      await client.connect();
      try {
        const { rows } = await client.query(
          'SELECT count(*) AS orders, sum(minor_units) AS sum FROM history.orders',
        );
        return { orders: Number(rows[0].orders), minorUnits: Number(rows[0].sum ?? 0) };
      } finally {
        await client.end();
      }
    },
  };
}

const LIMIT_MS = 15_000;

/** Prints whether the history has grown by the same as the totals, once it has had its time. */
export async function reportHistory(
  view: HistoryView,
  before: { orders: number; minorUnits: number },
  grown: { counted: number; minorUnits: number },
): Promise<boolean> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const now = await view.read();
    const right =
      now.orders - before.orders === grown.counted && now.minorUnits - before.minorUnits === grown.minorUnits;
    if (right || Date.now() > deadline) {
      console.log(
        `In PostgreSQL: ${now.orders - before.orders} orders more, ${right ? 'as many, and worth as much, as counted' : 'which is not what counted'}.`,
      );
      return right;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}
