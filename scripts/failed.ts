/**
 * Orders that failed, given to the workers once more.
 *
 *   npm run failed -- retry
 *   npm run failed -- retry --reason order_value_mismatch --dry-run
 *   npm run failed -- --help
 */
import { failed } from '../src/cli/failed/run.ts';

process.exitCode = await failed(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
