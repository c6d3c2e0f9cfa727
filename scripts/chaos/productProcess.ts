import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../src/config/roles.ts';
import type { CrashPoint } from './points.ts';

/** A process of the product that is started again whenever it ends, as an orchestrator would do. */
export interface ProductProcess {
  readonly role: Role;
  /** Where its HTTP answers, whenever it lives. */
  readonly url: string;
  /** Whether it runs, has said that it is ready, and is not frozen. */
  readonly isUp: boolean;
  /** The last lines it printed, over all its lives. */
  readonly output: string;
  kill(): void;
  /** SIGTERM: it drains, ends by itself, and is started again. */
  stop(): void;
  freeze(ms: number): Promise<void>;
  /** From its next life on it dies no more by itself. */
  calm(): void;
  /** Kills it for good. */
  end(): Promise<void>;
}

export interface ProductOptions {
  main: string;
  role: Role;
  port: number;
  env: Record<string, string>;
  /** Where it dies in each of its lives; afterwards it lives. */
  lives: readonly (CrashPoint | undefined)[];
  guard: (child: ChildProcess) => void;
  /** It killed itself at the point. */
  onCrash: (point: CrashPoint) => void;
  /** It ended by itself with an error; `lastWords` is the last line it printed. */
  onExit: (code: number, lastWords: string) => void;
}

const CRASH_AT = fileURLToPath(new URL('./crashAt.mjs', import.meta.url));
const RESTART_AFTER_MS = 50;
const KEPT_OUTPUT = 8_000;

export function startProduct(options: ProductOptions): ProductProcess {
  const lives = [...options.lives];
  let child: ChildProcess;
  let output = '';
  let ready = false;
  let frozen = false;
  let ended = false;
  let killed = false;

  const live = () => {
    const point = lives.shift();
    ready = false;
    frozen = false;
    killed = false;
    child = spawn(process.execPath, [...(point ? ['--import', CRASH_AT] : []), options.main, options.role], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(options, point),
    });
    options.guard(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-KEPT_OUTPUT);
        if (ready) return;
        said += text;
        ready = / INFO {2}ready\b/.test(said);
      });
    }
    child.once('exit', (code, signal) => {
      ready = false;
      if (ended) return;
      if (point && signal === 'SIGKILL' && !killed) options.onCrash(point);
      else if (!killed && code !== null && code !== 0)
        options.onExit(code, output.trimEnd().split('\n').at(-1) ?? '');
      void delay(RESTART_AFTER_MS).then(() => ended || live());
    });
  };

  live();
  return {
    role: options.role,
    url: `http://127.0.0.1:${options.port}`,
    get isUp() {
      return ready && !frozen;
    },
    get output() {
      return output;
    },
    kill() {
      killed = true;
      child.kill('SIGKILL');
    },
    stop() {
      child.kill('SIGTERM');
    },
    async freeze(ms) {
      const one = child;
      frozen = true;
      one.kill('SIGSTOP');
      await delay(ms);
      one.kill('SIGCONT');
      if (one === child) frozen = false;
    },
    calm() {
      lives.length = 0;
    },
    async end() {
      ended = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'close');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Nothing of ours is in it, so that what this machine has set cannot change a schedule. */
function environment({ env, port }: ProductOptions, point: CrashPoint | undefined): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    PORT: String(port),
    LOG_FORMAT: 'text',
    ...env,
    ...(point ? { CRASH_AT: point.at, CRASH_PASS: String(point.pass) } : {}),
  };
}
