/**
 * The bridge's delivery tests against any SQS:
 *
 *   npm run test:sqs -- http://127.0.0.1:4566 [jest arguments]
 *
 * What an emulator cannot do fails by its name; leave it out with -t.
 */
import { exitWith, SetupFailure } from './steps.mjs';

const [url, ...args] = process.argv.slice(2);
if (url === undefined || !URL.canParse(url))
  exitWith(new SetupFailure('usage: npm run test:sqs -- URL [jest arguments]'));
process.env.SQS_TEST_URL = url;
const tests = ['--tests', '--testMatch', '<rootDir>/test/bridge/sqs.emulators.ts', '--verbose'];
process.argv.splice(2, Number.POSITIVE_INFINITY, ...tests, ...args);
await import('./launch.mjs');
