import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the product and puts a copy of the build into `folder`; returns its entry point. A campaign takes long, and
 * a build that changes below it would mix two versions of the product in one schedule.
 */
export async function copyBuild(folder: string): Promise<string> {
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'setup.mjs')], { cwd: root });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  return join(folder, 'dist', 'main.js');
}
