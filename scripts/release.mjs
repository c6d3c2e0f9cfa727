/**
 * Makes a version: its section of CHANGELOG.md, its number in package.json, lock file and chart, a commit that is signed
 * off and a signed tag that carries the notes.
 *
 *   npm run release -- 0.2.0              refuses unless all is committed
 *   npm run release -- 0.2.0 --notes      what the notes would be, and nothing else
 *
 * Git has to know a signing key (user.signingkey). Nothing is pushed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parser } from 'keep-a-changelog';
import { helmPath, howToGetHelm } from './helm.mjs';

const CHANGELOG = 'CHANGELOG.md';
const CHART = 'deploy/chart/Chart.yaml';
const VALUES = 'deploy/kubernetes/values.yaml';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { notes: { type: 'boolean', default: false } },
});
const [version = ''] = positionals;
const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const refuse = (why) => {
  console.error(why);
  process.exit(2);
};

if (!/^\d+\.\d+\.\d+$/.test(version))
  refuse(`A version is three numbers, as 0.2.0: got ${JSON.stringify(version)}`);
const { version: before } = JSON.parse(readFileSync('package.json', 'utf8'));
if (version.localeCompare(before, 'en', { numeric: true }) <= 0)
  refuse(`${version} is not newer than ${before}`);
const changelog = parser(readFileSync(CHANGELOG, 'utf8'));
const next = changelog.releases.find((release) => !release.version);
if (!next || next.isEmpty()) refuse(`Nothing stands under Unreleased in ${CHANGELOG}`);
next.setVersion(version);
next.setDate(new Date());
const notes = next.toString(changelog);
if (values.notes) {
  console.log(notes);
  process.exit(0);
}
if (git('status', '--porcelain') !== '') refuse('Commit first: what is released is what is committed');
try {
  git('config', 'user.signingkey');
} catch {
  refuse('Git knows no key to sign with: git config user.signingkey KEY');
}
if (helmPath() === undefined) refuse(`The chart cannot be rendered: ${howToGetHelm()}`);

writeFileSync(CHANGELOG, changelog.toString());
execFileSync('npm', ['version', version, '--no-git-tag-version', '--ignore-scripts'], { stdio: 'ignore' });
replaceIn(CHART, /^((?:appV|v)ersion): .*$/gm, `$1: ${version}`);
replaceIn(VALUES, /^( +tag): .*$/m, `$1: ${version}`);
execFileSync('npm', ['run', '--silent', 'chart'], { stdio: ['ignore', 'ignore', 'inherit'] });
git('add', '--all');
git('commit', '--signoff', '--message', `Version ${version}`);
git('tag', '--sign', '--cleanup=verbatim', '--message', `${version}\n\n${notes}`, `v${version}`);
console.log(`v${version} is committed and tagged here: git push --follow-tags`);

function replaceIn(file, what, by) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(what, by));
}
