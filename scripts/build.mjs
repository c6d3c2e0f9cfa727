import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { bundlePages } from './pages.mjs';
import { alone, exitWith, isEntryPoint, root, runQuietly, step } from './steps.mjs';

const src = path.join(root, 'src');
const web = path.join(src, 'web');
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.sources');

/** By content, not by time: a checkout or a copy changes times at will, and a deleted file has none. */
export function isBuilt() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash();
}

/** The old build stays whole until the new one is, so a start beside us never loads half of each. */
export async function build() {
  // Taken before the compiler reads: a file saved meanwhile makes the next start build again.
  const sources = sourcesHash();
  // Beside dist, because source maps point to src relative to where the compiler wrote them.
  const next = `${dist}.next`;
  const old = `${dist}.old`;
  rmSync(next, { recursive: true, force: true });
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await runQuietly(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', next]);
  copyAssets(next);
  await bundlePages(path.join(next, 'web'));
  writeFileSync(path.join(next, path.basename(stamp)), sources);

  rmSync(old, { recursive: true, force: true });
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(next, dist);
  rmSync(old, { recursive: true, force: true });
}

function copyAssets(target) {
  const isAsset = (file) => !file.endsWith('.ts') && !file.startsWith(web + path.sep);
  for (const file of filesUnder(src).filter(isAsset)) {
    const copy = path.join(target, path.relative(src, file));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
}

function sourcesHash() {
  const hash = createHash('sha256');
  for (const file of [...filesUnder(src), 'tsconfig.json', 'tsconfig.build.json']) {
    const content = readFileSync(path.resolve(root, file));
    hash.update(`${path.relative(root, path.resolve(root, file))}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

if (isEntryPoint(import.meta.url)) await alone(() => step('Building', build)).catch(exitWith);
