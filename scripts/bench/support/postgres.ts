import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { startEmbeddedPostgres } from '../../../src/embedded/postgres.ts';
import { historyClient } from '../../../src/history/connect.ts';
import type { HistoryTarget } from '../../../src/history/target.ts';

export interface BenchPostgres {
  target: HistoryTarget;
  client: Client;
  /** Where it keeps its data. */
  dir: string;
  stop(): Promise<void>;
}

/** A PostgreSQL of the benchmark's own. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-bench-'));
  // As root the server runs as somebody else, who has to come through here.
  chmodSync(dir, 0o711);
  const { stop, joined: _, ...place } = await startEmbeddedPostgres(dir);
  const target: HistoryTarget = { ...place, tls: false };
  const client = historyClient(target, { as: 'bench', statementMs: undefined });
  await client.connect();
  return {
    target,
    client,
    dir,
    async stop() {
      await client.end();
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
