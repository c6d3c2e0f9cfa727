/** What the command may touch of the process around it. */
export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Results only, so that they can be piped. */
  stdout: NodeJS.WritableStream;
  /** Progress and problems. */
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** Stops sending; what was sent is still reported. */
  signal?: AbortSignal;
}

/** Exit codes: done, something was not sent, wrong use or wrong file, stopped by the user. */
export const EXIT = { done: 0, unsent: 1, misuse: 2, stopped: 130 } as const;
