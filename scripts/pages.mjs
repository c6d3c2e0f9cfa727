import { cpSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root, SetupFailure } from './steps.mjs';

const web = path.join(root, 'src', 'web');

/**
 * Bundles the pages for browsers. A folder of src/web that holds an HTML file of its own name is a page: its script
 * and its style start from the files of that name beside it, and what they import is bundled in.
 */
export async function bundlePages(target) {
  const pages = pageNames();
  if (pages.length === 0) return;
  // Only now: the set-up that loads this file also runs before there are packages.
  const { build } = await import('esbuild');
  await build({
    entryPoints: pages.flatMap((page) => [`${page}/${page}.ts`, `${page}/${page}.css`]),
    absWorkingDir: web,
    outbase: web,
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    // Where light-dark(), popovers and nesting are known. Nothing is rewritten for anything older.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    logLevel: 'silent',
  }).catch((cause) => {
    throw new SetupFailure(cause.message, { cause });
  });
  for (const page of pages)
    cpSync(path.join(web, page, `${page}.html`), path.join(target, page, `${page}.html`));
}

function pageNames() {
  if (!existsSync(web)) return [];
  return readdirSync(web).filter((name) => existsSync(path.join(web, name, `${name}.html`)));
}
