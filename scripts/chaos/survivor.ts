import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type SurvivorRequest =
  | { do: 'open' | 'left' | 'close'; queue: string }
  | { do: 'guard' | 'release'; pid: number };

/** The inbox as its owner sees it, messages in flight included. */
export interface Left {
  visible: number;
  hidden: number;
}

/** The process that no fault touches: SQS, and the guard over what a campaign starts. */
export interface Survivor {
  endpoint: string;
  /** Creates an empty inbox and resolves to its URL. */
  open(queue: string): Promise<string>;
  left(queue: string): Promise<Left>;
  close(queue: string): Promise<void>;
  /** Has the process ended should the campaign be killed, until it has exited by itself. */
  guard(child: ChildProcess): void;
  stop(): Promise<void>;
}

export async function startSurvivor(): Promise<Survivor> {
  const module = fileURLToPath(new URL('./survivorProcess.ts', import.meta.url));
  const child = fork(module, [], { execArgv: ['--import', 'tsx'] });
  const waiting = new Map<number, (answer: unknown) => void>();
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  const answered = (id: number) => new Promise<unknown>((resolve) => waiting.set(id, resolve));
  let asked = 0;
  const ask = (request: SurvivorRequest) => {
    asked += 1;
    const answer = answered(asked);
    child.send({ id: asked, ...request });
    return answer;
  };

  // It says where it listens as if it had been asked.
  const endpoint = (await answered(0)) as string;
  return {
    endpoint,
    open: (queue) => ask({ do: 'open', queue }) as Promise<string>,
    left: (queue) => ask({ do: 'left', queue }) as Promise<Left>,
    close: (queue) => ask({ do: 'close', queue }) as Promise<void>,
    guard(guarded) {
      const pid = guarded.pid as number;
      void ask({ do: 'guard', pid });
      // Its id may soon be another process's.
      guarded.once('exit', () => {
        if (child.connected) void ask({ do: 'release', pid });
      });
    },
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
