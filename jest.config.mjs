// The SDK would look everywhere for credentials, in the middle of what a test measures, and for the machine's own for
// seconds where none answers.
process.env.AWS_ACCESS_KEY_ID = 'local';
process.env.AWS_SECRET_ACCESS_KEY = 'local';
process.env.AWS_EC2_METADATA_DISABLED = 'true';

/**
 * Long ones, of which `npm run test:long` runs all and `npm test` none, so that a change is judged in ten minutes: whole stories,
 * kills and outages that others show in parts.
 */
const LONG = [
  'test/chaos',
  'test/sentinel',
  'test/bridge/pace',
  'test/browser/deskStory',
  'test/process/badConditions',
  'test/process/qualityClocks',
  'test/process/qualityFailover',
  'test/process/repairRun',
  'test/process/shutdown',
  'test/web/docs.browser',
].map((name) => `<rootDir>/${name}.test.ts`);

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Only these are crawled and watched: dist and .data change while tests run.
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/scripts'],
  ...(process.env.TESTS === 'long'
    ? { testMatch: LONG }
    : { testMatch: ['<rootDir>/test/**/*.test.ts'], testPathIgnorePatterns: ['/node_modules/', ...LONG] }),
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript' },
          transform: { verbatimModuleSyntax: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/bundlePages.mjs',
  // Whole-pipeline tests start Redis and product processes of their own, and wait for them more than they compute: one more
  // than the cores of a small machine; a fourth only fights for them.
  maxWorkers: 3,
  setupFilesAfterEnv: ['<rootDir>/test/support/noLeaks.ts'],
  // Generous: a machine with other work on it is slower, not wrong.
  testTimeout: 120_000,
};
