import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** The product as its users run it: a process of its own, with nothing of ours in its environment. */
export interface Product {
  pid: number;
  /** Where HTTP answers, once it does. */
  url: string;
  /** Everything printed so far. */
  output(): string;
  /** Resolves when everything it was asked to do runs; rejects when it ended instead. */
  ready(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves to the exit code; null when a signal ended it. */
  exited: Promise<number | null>;
}

export interface Products {
  /** A folder of this test's own, for DATA_DIR. */
  dataDir: string;
  start(args: readonly string[], env?: Record<string, string>): Promise<Product>;
  /** Ends what still runs. */
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The build when it is that of the present sources, because it starts twice as fast; else the sources. */
function program(): string[] {
  const ask = "import('./scripts/build.mjs').then(({ isBuilt }) => process.exit(isBuilt() ? 0 : 1))";
  const { status } = spawnSync(process.execPath, ['-e', ask], { cwd: ROOT });
  return status === 0 ? [join(ROOT, 'dist/main.js')] : ['--import', 'tsx', join(ROOT, 'src/main.ts')];
}

export function makeProducts(): Products {
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-process-'));
  const children: ChildProcess[] = [];
  const run = program();
  return {
    dataDir,
    async start(args, env = {}) {
      const port = env.PORT ?? String(await freePort());
      const child = spawn(process.execPath, [...run, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH,
          DATA_DIR: dataDir,
          LOG_DIR: join(dataDir, 'logs'),
          LOG_FORMAT: 'text',
          PORT: port,
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
          ...env,
        },
      });
      children.push(child);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      // `close` comes after `exit`, when everything printed has been read.
      const exited = once(child, 'close').then(([code]) => code as number | null);
      return {
        pid: child.pid as number,
        url: `http://127.0.0.1:${port}`,
        output: () => output,
        async ready() {
          await until(() => isReady(output) || child.exitCode !== null, `ready: ${output}`);
          if (!isReady(output)) throw new Error(`it ended instead of getting ready:\n${output}`);
        },
        signal: (name) => {
          child.kill(name);
        },
        exited,
      };
    },
    async stop() {
      for (const child of children.filter((each) => each.exitCode === null && each.signalCode === null)) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const isReady = (output: string): boolean => / INFO {2}ready\b/.test(output);
