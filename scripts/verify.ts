/**
 * Recomputes what can be recomputed of the stats, and exits with 1 and the differences when something is wrong:
 *
 *   npm run verify
 *   npm run verify -- --json
 *   npm run verify -- --help
 */
import { verify } from '../src/cli/verify/run.ts';

const stop = new AbortController();
// Only the first Ctrl-C is caught: a second one ends the process as usual.
process.once('SIGINT', () => stop.abort());

process.exitCode = await verify(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
