import { Worker } from 'node:worker_threads';

/**
 * Starts a module of this folder in a thread of its own. `name` is the file's without its ending, which is `.js`
 * once built; run from source, the thread needs the loader for TypeScript that the process itself was given.
 */
export function startThread(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  const module = JSON.stringify(new URL(`./${name}.ts`, import.meta.url));
  const load = `import('tsx/esm/api').then(({ register }) => { register(); return import(${module}); })`;
  return new Worker(load, { eval: true, workerData, execArgv: [] });
}
