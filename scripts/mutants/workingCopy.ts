import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Edit } from './mutant.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'src',
  'test',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'jest.config.mjs',
  'README.md',
];

/** A copy of the tree to be broken; the packages are shared. */
export interface WorkingCopy {
  folder: string;
  /** Breaks it; the returned function mends it. Throws when a text is not there exactly once. */
  apply(edits: readonly Edit[]): () => void;
  /** What the compiler says against the sources; empty when it takes them. */
  compile(): Promise<string>;
  remove(): void;
}

export function makeWorkingCopy(): WorkingCopy {
  const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-mutants-'));
  for (const each of COPIED) cpSync(join(root, each), join(folder, each), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    apply(edits) {
      const before = new Map<string, string>();
      const mend = () => {
        for (const [file, text] of before) writeFileSync(join(folder, file), text);
      };
      try {
        for (const { file, from, to } of edits) {
          const text = readFileSync(join(folder, file), 'utf8');
          const times = text.split(from).length - 1;
          if (times !== 1) throw new Error(`${file} holds this ${times} times, not once:\n${from}`);
          if (!before.has(file)) before.set(file, text);
          writeFileSync(
            join(folder, file),
            text.replace(from, () => to),
          );
        }
      } catch (error) {
        mend();
        throw error;
      }
      return mend;
    },
    async compile() {
      const compiler = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
      const args = [compiler, '-p', 'tsconfig.build.json', '--noEmit'];
      return promisify(execFile)(process.execPath, args, { cwd: folder }).then(
        () => '',
        (error: { stdout: string; message: string }) => error.stdout || error.message,
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
