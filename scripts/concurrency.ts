/**
 * How many orders every worker process takes in hand at once, changed while they run.
 *
 *   npm run concurrency            shows the setting
 *   npm run concurrency -- 20      sets it for the whole fleet
 *   npm run concurrency -- reset   every process goes back to its own WORKER_CONCURRENCY
 */

import { openRedis } from '../src/cli/verify/openRedis.ts';
import { ConfigError, readConfig } from '../src/config/config.ts';
import { MAX_CONCURRENCY, readFleetConcurrency, setFleetConcurrency } from '../src/queue/fleetConcurrency.ts';

const [wanted, ...rest] = process.argv.slice(2);

async function main(): Promise<void> {
  if (rest.length > 0 || (wanted !== undefined && wanted !== 'reset' && !isConcurrency(wanted))) {
    throw new ConfigError([
      `the concurrency must be 1 to ${MAX_CONCURRENCY}, or reset, got "${process.argv.slice(2).join(' ')}"`,
    ]);
  }
  const config = readConfig(process.env, ['redis']);
  const { redis, close } = await openRedis(config);
  try {
    if (wanted !== undefined)
      await setFleetConcurrency(redis, wanted === 'reset' ? undefined : Number(wanted));
    const concurrency = await readFleetConcurrency(redis);
    console.log(
      concurrency === undefined
        ? 'every worker process uses its own WORKER_CONCURRENCY'
        : `every worker process takes ${concurrency} orders in hand at once`,
    );
  } finally {
    await close();
  }
}

const isConcurrency = (text: string): boolean =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_CONCURRENCY;

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
