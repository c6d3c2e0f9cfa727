import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How a run of a test file ended. `broken` names files that could not run at all: that is no verdict. */
export interface TestRun {
  failed: string[];
  broken: string[];
}

interface JestReport {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

const LONGEST_MS = 300_000;

/** Runs a test file in a tree, as `npm test` does. Not ending in time counts as failing. */
export async function runTests(folder: string, file: string): Promise<TestRun> {
  const report = join(folder, 'results.json');
  rmSync(report, { force: true });
  const options = ['--json', `--outputFile=${report}`, '--runTestsByPath', file];
  const jest = spawn(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js'), ...options], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
  });
  const abandon = () => jest.kill();
  process.once('exit', abandon);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    jest.kill('SIGKILL');
  }, LONGEST_MS);
  await once(jest, 'exit');
  clearTimeout(timer);
  process.off('exit', abandon);
  if (late) return { failed: [`${file} does not end`], broken: [] };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
  if (testResults.length === 0) return { failed: [], broken: [`${file}: jest runs no such file`] };
  return {
    failed: testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => `${name.slice(folder.length + 1)}: ${fullName}`),
    ),
    broken: testResults
      .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
      .map(({ name, message }) => `${name.slice(folder.length + 1)}: ${message}`),
  };
}
