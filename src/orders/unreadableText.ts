import { withoutMark } from './bodyText.ts';

/** As much of the text as is looked at: what it is shows at its beginning, and it may be a megabyte. */
const LOOKED_AT = 4_096;

/** What text that is not JSON looks like, and what to do, in one sentence; undefined when nobody can tell. */
export function unreadableLookalike(text: string): string | undefined {
  const start = withoutMark(text).slice(0, LOOKED_AT).trim();
  const sent = { text, start, bare: withoutStrings(start), end: text.slice(-LOOKED_AT).trim() };
  return UNREADABLE.find(([looksSo]) => looksSo(sent))?.[1];
}

interface Sent {
  text: string;
  /** Its first characters, without white space around them; and these with every string in quotes emptied. */
  start: string;
  bare: string;
  /** Its last ones. */
  end: string;
}

/** The first that fits is taken: what is surest comes first. */
const UNREADABLE: readonly [looksSo: (sent: Sent) => boolean, sentence: string][] = [
  [({ text }) => text === '', 'It is empty: its sender sent nothing.'],
  [({ text }) => text.trim() === '', 'It is nothing but white space: its sender sent nothing.'],
  [
    ({ text }) => text.startsWith('\u001f\u008b') || text.startsWith('\u001f\ufffd'),
    'It looks like gzip, whose bytes do not survive as text: let its sender send plain JSON.',
  ],
  [
    ({ start }) => start.startsWith('H4sI') && BASE64.test(start),
    'It looks like gzip in base64: let its sender send plain JSON.',
  ],
  [
    ({ start }) => /^e(J[w-z]|A[E-H]|N[o-r]|F[4-7])[A-Za-z0-9+/_-]{17}/.test(start) && BASE64.test(start),
    'It looks like zlib in base64: let its sender send plain JSON.',
  ],
  [
    ({ start }) => /^eyJ[\w-]+\.eyJ[\w-]+\./.test(start),
    'It looks like a signed token (JWT): let its sender send what it holds as plain JSON.',
  ],
  [
    ({ start }) => BASE64.test(start) && BEGINS_JSON.test(decoded(start)),
    'It looks like JSON in base64: let its sender send it as it is.',
  ],
  [
    ({ text }) => UTF_16_MARKS.some((mark) => text.startsWith(mark)) || isEveryOtherNul(text),
    'It looks like UTF-16 that was read as something else: let its sender encode it as UTF-8.',
  ],
  [
    ({ text }) => text.startsWith('ï»¿'),
    'It looks like UTF-8 that was read as Latin-1 and encoded again: let its sender encode it once.',
  ],
  [({ text }) => text.startsWith('Obj\u0001'), 'It looks like an Avro file: let its sender send plain JSON.'],
  [
    ({ text }) => text.startsWith('\u0000') && text.length > 5,
    'It looks like Avro or Protobuf with the id of a schema in front: let its sender send plain JSON.',
  ],
  [
    ({ start }) => isBinary(start),
    'It looks like binary data, such as Protobuf, Avro or MessagePack: let its sender send plain JSON.',
  ],
  [
    ({ start }) => /^<(!doctype html|html)\b/i.test(start),
    'It looks like a web page, perhaps an error of a proxy on the way: let its sender look there.',
  ],
  [({ start }) => /^<[?!a-z]/i.test(start), 'It looks like XML: let its sender send JSON.'],
  [
    ({ start }) => /^%7b%22/i.test(start) || /^[\w.[\]%-]+=%7b%22/i.test(start),
    'It looks like JSON that was encoded for a URL: let its sender send it as it is.',
  ],
  [
    ({ start }) => /^[\w.[\]%+-]+=[^&\s{}"=][^&\s{}"]*(&[\w.[\]%+-]+=[^&\s{}"]*)*$/.test(start),
    'It looks like the fields of a form: let its sender send JSON.',
  ],
  [({ start }) => /^(---(\s|$)|order_id: )/.test(start), 'It looks like YAML: let its sender send JSON.'],
  [({ start }) => /^(UNA|UNB\+|ISA\*)/.test(start), 'It looks like EDI: it has to be mapped to JSON first.'],
  [
    ({ text }) => isLines(text),
    'It looks like several JSON values in one message, a line each: send a message for each.',
  ],
  [
    ({ bare }) => /\}\s*\{/.test(bare),
    'It looks like several JSON objects one behind the other: send a message for each.',
  ],
  [
    ({ start, bare }) => /^[{[]/.test(start) && /\/\/|\/\*|(^|\s)#/.test(bare),
    'It looks like JSON with comments: let its sender leave them out.',
  ],
  [
    ({ start }) => /^\{\s*'/.test(start),
    "It looks like Python's or JavaScript's way of writing an object: let its sender serialise it to JSON.",
  ],
  [
    ({ bare }) => /[:[,]\s*-?(NaN|Infinity|undefined|None|True|False)\b/.test(bare),
    'It looks like JSON with a value that JSON does not know, such as NaN or None: let its sender write null or leave it out.',
  ],
  [
    ({ bare }) => /,\s*[}\]]/.test(bare),
    'It looks like JSON with a comma too many before a closing bracket: let its sender serialise it with a library.',
  ],
  [
    ({ bare }) => /^[{,]\s*[A-Za-z_]\w*\s*:/.test(bare),
    'It looks like JSON whose names are not in quotes: let its sender serialise it with a library.',
  ],
  [
    ({ start, end }) => /^[{[]/.test(start) && !/[}\]]$/.test(end),
    'It looks like JSON that was cut off: let its sender look for a limit on the way.',
  ],
];

const BASE64 = /^[A-Za-z0-9+/_\s-]{8,}={0,2}$/;
const BEGINS_JSON = /^\ufeff?\s*(\{\s*["}]|\[\s*[[{"\d])/;
const UTF_16_MARKS = ['\ufffe', 'ÿþ', 'þÿ', '\ufffd\ufffd{', '\ufffd\ufffd\u0000', '\ufffd\ufffd"'];

const decoded = (start: string): string => Buffer.from(start.slice(0, 64), 'base64').toString();

function isEveryOtherNul(text: string): boolean {
  const [first, second, third, fourth] = [...text.slice(0, 4)].map((character) => character === '\u0000');
  return fourth !== undefined && first !== second && first === third && second === fourth;
}

/** Control characters that no text has, or bytes that were no UTF-8. */
function isBinary(start: string): boolean {
  const strange = start.match(/(?!\s)[\p{Cc}\ufffd]/gu)?.length ?? 0;
  return strange > 0 && strange >= start.length / 50;
}

/** Two lines at least, and each of the first is JSON by itself. */
function isLines(text: string): boolean {
  const [first = '', second = ''] = text.trim().split(/\r?\n/, 2);
  return [first, second].every((line) => /^[{[]/.test(line) && isJson(line));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What stands in quotes is data, whatever it looks like. */
const withoutStrings = (json: string): string => json.replace(/"(?:\\.|[^"\\])*("|$)/g, '""');
