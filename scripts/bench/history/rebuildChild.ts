import { Redis } from 'ioredis';
import { noProgress } from '../../../src/cli/kit/progress.ts';
import { rebuild } from '../../../src/cli/rebuild/rebuild.ts';
import { historyClient } from '../../../src/history/connect.ts';
import type { HistoryTarget } from '../../../src/history/target.ts';
import { chooseDurability } from '../../../src/store/durability.ts';
import { serveParent } from '../support/child.ts';

/* A rebuild in this process alone: how long it takes, and what is resident at each tenth of it. */

serveParent(async ({ url, target }: { url: string; target: HistoryTarget }) => {
  const redis = new Redis(url);
  const client = historyClient(target, { as: 'bench', statementMs: undefined });
  await client.connect();
  const rss: number[] = [];
  let [total, done] = [0, 0];
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await rebuild({
    client,
    redis,
    at: url,
    partitions: 1,
    ledgerRetentionDays: 35,
    userDetailDays: 400,
    durability: await chooseDurability(redis, 'memory'),
    incomplete: false,
    progress: {
      ...noProgress,
      begin(_, orders = 0) {
        total = orders;
      },
      add(orders) {
        done += orders;
        if (done >= ((rss.length + 1) * total) / 10) rss.push(process.memoryUsage().rss);
      },
    },
    signal: undefined,
  });
  const seconds = (performance.now() - started) / 1_000;
  await client.end();
  redis.disconnect();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpu: (user + system) / 1e6, rss };
});
