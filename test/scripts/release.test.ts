import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parser } from 'keep-a-changelog';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const NEXT = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
const CHANGELOG =
  '# Changelog\n\n## Unreleased\n### Added\n- A thing\n\n## 0.0.1 - 2026-01-01\n### Added\n- First\n';

describe('npm run release', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'order-pipeline-release-'));
    cpSync('package.json', path.join(folder, 'package.json'));
    writeFileSync(path.join(folder, 'CHANGELOG.md'), CHANGELOG);
    spawnSync('git', ['init', '--quiet'], { cwd: folder });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const release = (...args: string[]) =>
    spawnSync(process.execPath, [path.resolve('scripts/release.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
    });

  it('prints the notes of what is unreleased, headed by the version and its day, and writes nothing', () => {
    const { stdout, stderr, status } = release(NEXT, '--notes');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout).toMatch(new RegExp(`^## (\\[)?${NEXT}(\\])? - \\d{4}-\\d\\d-\\d\\d\n`));
    expect(stdout).toContain('### Added\n- A thing');
    expect(stdout).not.toContain('First');
    expect(readFileSync(path.join(folder, 'CHANGELOG.md'), 'utf8')).toBe(CHANGELOG);
  });

  it.each([
    ['no version', [], 'A version is three numbers, as 0.2.0: got ""'],
    ['a tag', ['v9.0.0'], 'A version is three numbers, as 0.2.0: got "v9.0.0"'],
    ['a version that was', [version], `${version} is not newer than ${version}`],
  ])('refuses %s', (_what, args, why) => {
    expect(release(...args)).toMatchObject({ status: 2, stderr: `${why}\n` });
  });

  it('refuses while something is not committed', () => {
    expect(release(NEXT)).toMatchObject({ status: 2, stderr: expect.stringContaining('Commit first') });
  });

  it('refuses when there is nothing to tell', () => {
    writeFileSync(
      path.join(folder, 'CHANGELOG.md'),
      '# Changelog\n\n## 0.0.1 - 2026-01-01\n### Added\n- First\n',
    );
    expect(release(NEXT)).toMatchObject({ status: 2, stderr: expect.stringContaining('Unreleased') });
  });
});

it('the changelog is one that the command can read', () => {
  const titles = parser(readFileSync('CHANGELOG.md', 'utf8')).releases.map((each) => each.version);
  expect(titles.at(-1)).toBe('0.1.0');
});
