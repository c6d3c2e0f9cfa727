import { Worker } from 'node:worker_threads';

/** Run from source, a thread needs the loader for TypeScript that the process itself was given. */
const LOAD_FROM_SOURCE =
  "import('tsx/esm/api').then(({ register }) => { register(); return import(process.argv.at(-1)); })";

/**
 * Starts a module of this folder in a thread of its own. `name` is the file's without its ending, which is `.js`
 * once built.
 */
export function startThread(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  const { href } = new URL(`./${name}.ts`, import.meta.url);
  return new Worker(LOAD_FROM_SOURCE, { eval: true, argv: [href], workerData, execArgv: [] });
}
