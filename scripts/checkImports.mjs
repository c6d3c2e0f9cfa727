/**
 * The direction of imports inside src, checked. Each stage can be read, tested and run without the others
 * only as long as none of them reaches sideways.
 *
 *   node scripts/checkImports.mjs [folder, default src]
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What of http is not about the stats: how a request is read and how it is answered. */
const HTTP_TRANSPORT = ['http/address.ts', 'http/person.ts', 'http/problem.ts', 'http/requestLimits.ts'];

/** What each part of src may import besides itself: a folder, one file of a folder, or anything. */
const MAY_IMPORT = {
  orders: [],
  runtime: [],
  queue: ['orders', 'runtime'],
  stats: ['orders', 'queue', 'runtime'],
  bridge: ['queue', 'orders', 'runtime'],
  worker: ['queue', 'orders', 'runtime', 'stats/forgetDetail.ts', 'stats/recordOrder.ts'],
  access: ['runtime'],
  audit: ['runtime'],
  desk: ['queue', 'orders', 'runtime', 'access', 'audit', ...HTTP_TRANSPORT],
  http: [
    'queue',
    'orders',
    'runtime',
    'access',
    'stats/readStats.ts',
    'stats/readErrors.ts',
    'stats/watch.ts',
  ],
  // Pages know the API and nothing of what answers it.
  web: [],
  config: [],
  compose: ['anything'],
  'app.ts': ['anything'],
  'main.ts': ['anything'],
};

/** The only places that may use these. */
const ONLY_IN = {
  '@aws-sdk/*': [
    'bridge/sqsInbox.ts',
    'bridge/sqsClient.ts',
    'bridge/sqsCredentials.ts',
    'bridge/openInbox.ts',
  ],
  express: ['http', 'desk'],
  'process.env': ['config'],
};

// A comment, a string, a template or a regular expression: whichever begins first hides the others in it.
const TOKENS = new RegExp(
  [
    String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
    String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`,
    '`(?:\\\\[\\s\\S]|[^`\\\\])*`',
    String.raw`(?<=(?:[(,=:[!&|?{};>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/`,
  ].join('|'),
  'g',
);
const IMPORT_BEFORE = /(?:\b(?:from|import)|\b(?:import|require)\s*\()\s*$/;

const src = path.resolve(process.argv[2] ?? 'src');
const files = readdirSync(src, { recursive: true })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => /\.[cm]?tsx?$/.test(file))
  .sort();
const faults = files.flatMap((file) => faultsOf(file, readFileSync(path.join(src, file), 'utf8')));

for (const { file, line, text } of faults) console.error(`${path.basename(src)}/${file}:${line} ${text}`);
if (faults.length > 0) process.exit(1);
console.log(`${files.length} files import only what they may`);

function faultsOf(file, source) {
  const code = blank(source);
  const at = (index, text) => ({ file, line: source.slice(0, index).split('\n').length, text });
  if (!(partOf(file) in MAY_IMPORT))
    return [at(0, `${partOf(file)} is not in the table of checkImports.mjs`)];

  const imports = importsOf(source, code).flatMap(({ index, specifier }) => {
    const fault = faultOfImport(file, specifier);
    return fault ? [at(index, fault)] : [];
  });
  const computed = [...code.matchAll(/\bimport\s*\(\s*(?!\s|['"])/g)].map(({ index }) =>
    at(index, 'imports a computed path, which cannot be checked'),
  );
  const environment = mayUse(file, 'process.env')
    ? []
    : environmentReads(source, code).map((index) => at(index, misplaced('process.env')));
  return [...imports, ...computed, ...environment].sort((a, b) => a.line - b.line);
}

function faultOfImport(file, specifier) {
  if (!/^(\.|\/|#|file:)/.test(specifier)) {
    const restricted = Object.keys(ONLY_IN).find((name) => isWithin(specifier, name.replace(/\/\*$/, '')));
    return restricted && !mayUse(file, restricted) ? misplaced(restricted, specifier) : undefined;
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (!specifier.startsWith('.') || target.startsWith('..'))
    return `imports ${specifier}, which is not in src`;
  const part = partOf(file);
  const allowed = [part, ...MAY_IMPORT[part]];
  if (allowed.some((name) => name === 'anything' || isWithin(target, name))) return undefined;
  return `${part} must not import ${target}`;
}

/** The source at its own offsets, without what comments, strings and regular expressions say. */
function blank(source) {
  return source.replace(TOKENS, (token) => {
    if (token.startsWith('`')) return token;
    const hidden = token.replace(/[^\n]/g, ' ');
    return token.startsWith('/') ? hidden : token[0] + hidden.slice(2) + token[0];
  });
}

function importsOf(source, code) {
  return [...source.matchAll(TOKENS)]
    .map(({ 0: token, index }) => ({ token, index, before: code.slice(Math.max(0, index - 200), index) }))
    .filter(({ token, before }) => /^['"]/.test(token) && IMPORT_BEFORE.test(before))
    .map(({ token, index, before }) => ({ index, before, specifier: token.slice(1, -1) }));
}

function environmentReads(source, code) {
  const direct = [
    ...code.matchAll(/\bprocess\s*(?:\??\.\s*env\b|(?:\?\.)?\[)|\benv\b[^{}]*\}\s*=\s*process\b/g),
  ];
  const imported = importsOf(source, code).filter(
    ({ specifier, before }) =>
      /^(node:)?process$/.test(specifier) && /\benv\b[^{}]*\}\s*from\s*$/.test(before),
  );
  return [...direct, ...imported].map(({ index }) => index);
}

function misplaced(name, specifier = name) {
  return `uses ${specifier}, which belongs in ${ONLY_IN[name].join(' or ')} only`;
}

function mayUse(file, name) {
  return ONLY_IN[name].some((place) => isWithin(file, place));
}

function isWithin(name, parent) {
  return name === parent || name.startsWith(`${parent}/`);
}

function partOf(file) {
  return file.split('/')[0];
}
