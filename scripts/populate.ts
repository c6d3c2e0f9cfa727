/**
 * Sends orders to the inbox, generated or from a file, and prints what must come out:
 *
 *   npm run populate -- --count 10000 --invalid 0.1 --duplicates 0.05 --users 1000 --seed 7 --rate 500
 *   npm run populate -- --file orders.csv
 *   npm run populate -- --help
 */
import { populate } from '../src/cli/send/run.ts';

const stop = new AbortController();
// Only the first Ctrl-C is caught: a second one ends the process as usual.
process.once('SIGINT', () => stop.abort());

process.exitCode = await populate(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
