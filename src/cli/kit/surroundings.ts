import { visibleLines } from '../../runtime/visibleText.ts';

/** What a command may touch of the process around it. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Results only, so that they can be piped. */
  stdout: NodeJS.WritableStream;
  /** Progress and problems. */
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** Ends what is under way in an orderly manner; what was done is still reported. */
  signal?: AbortSignal;
}

/** Runs one command of the program; returns the exit code. Throws only what is a fault of this program. */
export type RunCommand = (args: readonly string[], around: Surroundings) => Promise<number>;

/** Exit codes that mean the same in every command; 1 is each command's own "it ran, and the answer is no". */
export const EXIT = { done: 0, no: 1, misuse: 2, inconclusive: 3, stopped: 130 } as const;

export function refuse(problems: readonly string[], around: Surroundings): number {
  complain(problems.join('\n'), around);
  return EXIT.misuse;
}

/** What it says may hold names from a file, a Redis or the command line: none of them steers the terminal. */
export function complain(lines: string, { stderr }: Pick<Surroundings, 'stderr'>): void {
  stderr.write(`${visibleLines(lines)}\n`);
}
