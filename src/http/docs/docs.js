/** Shows openapi.json and lets each operation be tried. The key stays in its field: it is never stored. */

/** Where the API begins, whatever it is mounted under. This file is at <root>/docs/docs.js. */
const root = new URL('..', import.meta.url);
const settings = {
  key: document.querySelector('#api-key'),
  prefix: document.querySelector('#prefix'),
};

/** The headers that say something about an answer, in this order. */
const TELLING = [
  'content-type',
  'content-encoding',
  'etag',
  'cache-control',
  'vary',
  'link',
  'allow',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-process-time',
  'x-request-id',
];
const MOST_SHOWN = 200_000;

load().catch((error) => {
  document
    .querySelector('#main')
    .replaceChildren(element('p', {}, `openapi.json cannot be shown: ${error.message}`));
});

async function load() {
  const response = await fetch(new URL('openapi.json', root));
  if (!response.ok) throw new Error(`status ${response.status}`);
  const api = await response.json();
  const resolve = resolver(api);
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      ...operation,
    })),
  );
  if (root.pathname.endsWith('/v1/')) {
    root.pathname = root.pathname.slice(0, -'v1/'.length);
    settings.prefix.value = '/v1';
  }

  const main = [element('section', { class: 'about' }, ...prose(api.info.description))];
  const contents = [];
  for (const { name, description } of api.tags) {
    const ofTag = operations.filter(({ tags }) => tags.includes(name));
    if (ofTag.length === 0) continue;
    main.push(element('h2', {}, name), ...prose(description), ...ofTag.map((each) => section(each, resolve)));
    const links = ofTag.map(({ operationId, path }) =>
      element('li', {}, element('a', { href: `#${operationId}`, class: 'path' }, path)),
    );
    contents.push(element('div', {}, element('h2', {}, name), element('ul', {}, ...links)));
  }
  document.querySelector('#main').replaceChildren(...main);
  document.querySelector('#contents').replaceChildren(...contents);
  // The browser looked for it before it was there.
  if (location.hash) document.querySelector(`#${CSS.escape(location.hash.slice(1))}`)?.scrollIntoView();
}

function section(operation, resolve) {
  const { operationId, method, path, summary, description = '', parameters, responses } = operation;
  const fields = parameters.map((parameter) => field(operationId, parameter));
  const csv = responses['200']?.content['text/csv'] !== undefined;
  const format = csv ? formatField(operationId) : undefined;
  const curl = element('pre', { class: 'curl' });
  const result = element('div', { class: 'result', 'aria-live': 'polite', hidden: '' });
  const copy = element('button', { type: 'button' }, 'Copy curl');
  const send = element('button', { class: 'main' }, 'Send');
  const rows = [...fields, ...(format ? [format] : [])].flatMap(({ row }) => row);
  const form = element(
    'form',
    { autocomplete: 'off' },
    ...(rows.length > 0 ? [element('div', { class: 'parameters' }, ...rows)] : []),
    element('div', { class: 'actions' }, send, copy),
    curl,
  );

  const request = () => requestOf(operation, fields, format);
  const refresh = () => {
    curl.textContent = curlOf(request());
  };
  const go = async () => {
    send.disabled = true;
    result.hidden = false;
    result.replaceChildren(await answerTo(request(), nextPage));
    send.disabled = false;
  };
  const nextPage = (cursor) => {
    fields.find(({ name }) => name === 'cursor').input.value = cursor;
    refresh();
    go();
  };
  form.addEventListener('input', refresh);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go();
  });
  copy.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(curl.textContent);
    copy.textContent = 'Copied';
  });
  for (const input of Object.values(settings)) input.addEventListener('input', refresh);
  refresh();

  return element(
    'section',
    { class: 'operation', id: operationId },
    element('h3', {}, summary, element('span', { class: 'path' }, `${method} `, ...pathParts(path))),
    ...prose(description),
    form,
    result,
    answers(responses, resolve),
  );
}

/** A path with its parameters marked. */
function pathParts(path) {
  return path.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? element('b', {}, part) : part));
}

function field(operationId, { name, in: place, required, description, schema, example }) {
  const id = `${operationId}-${name}`;
  const input = schema.enum
    ? element(
        'select',
        { id },
        ...(required ? [] : [element('option', { value: '' }, '')]),
        ...schema.enum.map((value) => element('option', { value }, value)),
      )
    : element('input', { id, spellcheck: 'false', placeholder: String(schema.default ?? example ?? '') });
  if (required && example !== undefined) input.value = example;
  const label = element(
    'label',
    { for: id },
    name,
    ...(required ? [element('i', { title: 'required' }, ' *')] : []),
  );
  const hint = element(
    'span',
    { class: 'hint' },
    ...inline([description, boundsOf(schema)].filter(Boolean).join(' ')),
  );
  return { name, place, input, row: [label, input, hint] };
}

function formatField(operationId) {
  const id = `${operationId}-format`;
  const input = element(
    'select',
    { id },
    ...['application/json', 'text/csv'].map((type) => element('option', { value: type }, type)),
  );
  const hint = element('span', { class: 'hint' }, 'A header, not a parameter: how the list is written.');
  return { input, row: [element('label', { for: id }, 'Accept'), input, hint] };
}

function boundsOf({ type, minimum, maximum, default: byDefault, enum: choices }) {
  if (choices) return '';
  const bounds = type === 'integer' ? `A whole number from ${minimum} to ${maximum}` : '';
  const fallback = byDefault === undefined ? '' : `${byDefault} by default`;
  const text = [bounds, fallback].filter(Boolean).join(', ');
  return text && `${text}.`;
}

/** What the form asks for, as a URL and headers. Empty fields are left out. */
function requestOf({ path, method }, fields, format) {
  const filled = fields.filter(({ input }) => input.value !== '');
  const inPath = fields.filter(({ place }) => place === 'path');
  const query = filled
    .filter(({ place }) => place === 'query')
    .map(({ name, input }) => `${name}=${encodeURIComponent(input.value)}`);
  const filledPath = inPath.reduce(
    (text, { name, input }) => text.replace(`{${name}}`, encodeURIComponent(input.value)),
    path,
  );
  const url = `${root.origin}${root.pathname.slice(0, -1)}${settings.prefix.value}${filledPath}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  return { url, method, accept: format?.input.value, key: settings.key.value.trim() };
}

/** The key itself is not written out: a command is copied, pasted and kept. */
function curlOf({ url, accept, key }) {
  const parts = ['curl', '-i'];
  if (key) parts.push(`-H "Authorization: Bearer $API_KEY"`);
  if (accept && accept !== 'application/json') parts.push(`-H 'Accept: ${accept}'`);
  return [...parts, `'${url.replaceAll("'", '%27')}'`].join(' ');
}

async function answerTo({ url, method, accept, key }, nextPage) {
  const headers = {
    Accept: accept ?? 'application/json',
    ...(key ? { Authorization: `Bearer ${key}` } : {}),
  };
  const started = performance.now();
  let response;
  let text;
  try {
    response = await fetch(url, { method, headers, cache: 'no-store', credentials: 'omit' });
    text = await response.text();
  } catch (error) {
    return element('p', { class: 'status bad' }, `No answer: ${error.message}`);
  }
  const ms = Math.round(performance.now() - started);
  const answer = document.createDocumentFragment();
  answer.append(
    element(
      'p',
      { class: `status ${response.ok ? 'good' : 'bad'}` },
      `${response.status} ${response.statusText} `,
      element('span', { class: 'took' }, `in ${ms} ms, ${new Blob([text]).size} bytes`),
    ),
    element(
      'dl',
      { class: 'headers' },
      ...TELLING.filter((name) => response.headers.has(name)).flatMap((name) => [
        element('dt', {}, name),
        element('dd', {}, response.headers.get(name)),
      ]),
    ),
    element('pre', { class: 'body', tabindex: '0' }, shown(text, response.headers.get('content-type') ?? '')),
  );
  const next = cursorOf(response.headers.get('link'));
  if (next) {
    const button = element('button', { type: 'button' }, 'Next page');
    button.addEventListener('click', () => nextPage(next));
    answer.append(button);
  }
  return answer;
}

function shown(text, type) {
  let pretty = text;
  if (type.includes('json')) {
    try {
      pretty = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Shown as it came.
    }
  }
  return pretty.length > MOST_SHOWN ? `${pretty.slice(0, MOST_SHOWN)}\n… cut here` : pretty;
}

function cursorOf(link) {
  const [, target] = /<([^>]*)>; rel="next"/.exec(link ?? '') ?? [];
  return target === undefined ? undefined : new URL(target, root).searchParams.get('cursor');
}

function answers(responses, resolve) {
  const table = element('tbody', {});
  const forms = [];
  for (const [status, given] of Object.entries(responses)) {
    const { description, content = {} } = resolve(given);
    table.append(
      element(
        'tr',
        {},
        element('td', {}, element('code', {}, status)),
        element('td', {}, ...inline(description)),
      ),
    );
    const json = status === '200' && content['application/json'];
    if (json) {
      forms.push(
        element('h4', {}, 'Fields'),
        element(
          'div',
          { class: 'scroll' },
          element('table', {}, element('tbody', {}, ...fieldsOf(json.schema, resolve).map(fieldRow))),
        ),
        element('h4', {}, 'Example'),
        element('pre', {}, JSON.stringify(json.example, null, 2)),
      );
    }
  }
  return element(
    'details',
    {},
    element('summary', {}, 'Answers'),
    ...forms,
    element('h4', {}, 'Statuses'),
    element('div', { class: 'scroll' }, element('table', {}, table)),
  );
}

const fieldRow = ({ name, type, description }) =>
  element(
    'tr',
    {},
    element('td', {}, element('code', {}, name)),
    element('td', {}, type),
    element('td', {}, ...inline(description)),
  );

/** The leaves of a schema, each with its place: `users[].user_id`. */
function fieldsOf(given, resolve, name = '') {
  const schema = resolve(given);
  if (schema.type === 'array') return fieldsOf(schema.items, resolve, `${name}[]`);
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([key, value]) =>
      fieldsOf(value, resolve, name === '' ? key : `${name}.${key}`),
    );
  }
  const types = schema.anyOf ? schema.anyOf.map(({ type }) => type) : [schema.type].flat();
  const type = schema.enum ? schema.enum.join(' | ') : (schema.const ?? types.join(' or '));
  return [{ name, type: String(type), description: schema.description ?? '' }];
}

/** Follows a `$ref` inside the document. */
function resolver(api) {
  return function resolve(value) {
    if (value?.$ref === undefined) return value;
    const target = value.$ref
      .slice(2)
      .split('/')
      .reduce((at, key) => at[key], api);
    return resolve(target);
  };
}

/** Paragraphs of text with `code` in it. */
function prose(text) {
  return text === '' ? [] : text.split('\n\n').map((paragraph) => element('p', {}, ...inline(paragraph)));
}

function inline(text) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}

/** Everything goes in as text, never as markup: ids and messages come from elsewhere. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
