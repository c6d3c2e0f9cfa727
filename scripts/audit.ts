/**
 * Who changed what by hand, from the audit log.
 *
 *   npm run audit
 *   npm run audit -- --since 7d --job ID
 *   npm run audit -- --json
 *   npm run audit -- --help
 */
import { audit } from '../src/cli/audit/run.ts';

process.exitCode = await audit(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
