import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

/** SQS in this process, in memory: for trying out. What it holds is gone when the process ends. */
export interface EmbeddedSqs {
  endpoint: string;
  /** Another process of the same data folder serves it. */
  joined: boolean;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Serves SQS (Query and JSON protocols) on the port, or joins the process of the same data folder that does.
 * Throws when the port belongs to anyone else: sharing a stranger's inbox would mean taking each other's orders.
 */
export async function startEmbeddedSqs(port: number, region: string, dataDir: string): Promise<EmbeddedSqs> {
  const endpoint = `http://${HOST}:${port}`;
  const ownerFile = resolve(dataDir, `sqs-${port}.pid`);
  mkdirSync(resolve(dataDir), { recursive: true });
  try {
    const thread = await serveInThread(port, region);
    writeFileSync(ownerFile, String(process.pid));
    return {
      endpoint,
      joined: false,
      async stop() {
        rmSync(ownerFile, { force: true });
        await thread.terminate();
      },
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (isAlive(ownerFile)) return { endpoint, joined: true, stop: async () => {} };
    throw new Error(
      `port ${port} for the embedded SQS is in use: set EMBEDDED_SQS_PORT to a free one, ` +
        `or SQS_ENDPOINT=${endpoint} if that is the SQS you mean`,
    );
  }
}

/**
 * A thread of this process: its event loop has a request for every few messages, and sharing it would make every
 * order wait behind them.
 */
async function serveInThread(port: number, region: string): Promise<Worker> {
  const thread = startThread('sqsThread', { host: HOST, port, region });
  const [answer] = (await once(thread, 'message')) as [
    { listening: true } | { code: string; message: string },
  ];
  if ('listening' in answer) return thread;
  await thread.terminate();
  throw Object.assign(new Error(answer.message), { code: answer.code });
}

function isAlive(ownerFile: string): boolean {
  try {
    process.kill(Number(readFileSync(ownerFile, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

/** Run from source, a thread needs the loader for TypeScript that the process itself was given. */
const LOAD_FROM_SOURCE =
  "import('tsx/esm/api').then(({ register }) => { register(); return import(process.argv.at(-1)); })";

/**
 * Starts a module of this folder in a thread of its own. `name` is the file's without its ending, which is `.js`
 * once built.
 */
function startThread(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  const { href } = new URL(`./${name}.ts`, import.meta.url);
  return new Worker(LOAD_FROM_SOURCE, { eval: true, argv: [href], workerData, execArgv: [] });
}
