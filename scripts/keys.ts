/**
 * Keys of the API: made, listed, revoked.
 *
 *   npm run keys -- create --name dashboard --role read --expires 90d
 *   npm run keys -- list
 *   npm run keys -- revoke ID
 *   npm run keys -- --help
 */
import { keys } from '../src/cli/keys/run.ts';

process.exitCode = await keys(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
