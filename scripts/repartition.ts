/**
 * Spreads the users over another number of partitions, while the product is stopped; killed, it goes on when it is
 * run again:
 *
 *   npm run repartition -- --to 8
 *   npm run repartition -- --cancel
 *   npm run repartition -- --help
 */
import { repartitionCommand } from '../src/cli/repartition/run.ts';

const stop = new AbortController();
// Only the first Ctrl-C is caught: a second one ends the process as usual, which does no harm either.
process.once('SIGINT', () => stop.abort());

process.exitCode = await repartitionCommand(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
