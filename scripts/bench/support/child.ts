import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A module run in a process of its own, so that its CPU and memory are its own. It answers one message at a time. */
export interface Child {
  pid: number;
  ask<T>(message: unknown): Promise<T>;
  kill(): Promise<void>;
}

/** As `npm start` and the image run Node; for every contender, so that none is ahead by them. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=64', '--no-allocation-site-pretenuring'];

/** `module` is relative to the caller; it says `ready` by `serveParent` once it can be asked. */
export async function startChild(
  module: URL,
  env: Record<string, string> = {},
  flags = NODE_FLAGS,
): Promise<Child> {
  const child: ChildProcess = fork(fileURLToPath(module), [], {
    execArgv: [...flags, '--import', 'tsx'],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit');
  const answer = async <T>(): Promise<T> => {
    const answered = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
    if (!answered) throw new Error(`${module.pathname.split('/').at(-1)} ended unexpectedly`);
    return answered[0] as T;
  };
  await answer();
  return {
    pid: child.pid as number,
    ask<T>(message: unknown) {
      const answered = answer<T>();
      child.send(message as object);
      return answered;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The child's side: says it is ready, then answers each message with what `handle` resolves to. */
export function serveParent(handle: (message: never) => Promise<unknown>): void {
  process.on('message', (message) => {
    handle(message as never).then(
      (answer) => process.send?.(answer ?? null),
      (error: Error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  // A parent that died must not leave load behind.
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}
