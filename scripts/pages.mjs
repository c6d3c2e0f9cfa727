import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  for (const page of pages) {
    const html = readFileSync(path.join(web, page, `${page}.html`), 'utf8');
    const whole = html.replace(/<!-- head(?: (\S+))? -->/, (_, up = '') => headOf(page, up));
    writeFileSync(path.join(target, page, `${page}.html`), whole);
  }
}

/** What each page has in its head. `up`: the way from where it is shown to the root. */
const headOf = (page, up) =>
  [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    `<link rel="stylesheet" href="${up}${page}/${page}.css">`,
    `<script type="module" src="${up}${page}/${page}.js" blocking="render"></script>`,
  ].join('\n    ');

function pageNames() {
  if (!existsSync(web)) return [];
  return readdirSync(web).filter((name) => existsSync(path.join(web, name, `${name}.html`)));
}
