import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { HttpProblem } from './problem.ts';

export interface Answer {
  /** Media type with its charset. */
  type: string;
  body: string | Buffer;
  /** Request headers besides Accept-Encoding that the body depends on. */
  varies?: 'Accept';
  /** What a browser should save it as: letters, digits, - and a point. */
  fileName?: string;
  /** Target of `Link: …; rel="next"`. */
  next?: string | undefined;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

/** Below this, compressing costs more than the bytes it saves; one network packet holds it anyway. */
const COMPRESS_FROM_BYTES = 1_024;

/**
 * Sends an answer that may be kept as long as it is asked about first: `no-cache` with an ETag. Stats are at most as
 * old as the server's own second then, and asking again costs a 304. `private`, because keys decide who may read.
 *
 * The ETag is weak: it names the content, whatever coding it travels in.
 */
export async function sendRevalidated(request: Request, response: Response, answer: Answer): Promise<void> {
  const { body } = answer;
  const etag = etagOf(body);
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'private, no-cache');
  vary(response, answer.varies ? `${answer.varies}, Accept-Encoding` : 'Accept-Encoding');
  if (answer.next !== undefined) response.setHeader('Link', `<${answer.next}>; rel="next"`);
  if (answer.fileName !== undefined) {
    response.setHeader('Content-Disposition', `attachment; filename="${answer.fileName}"`);
  }
  if (isUnchanged(request.headers['if-none-match'], etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const coding = body.length >= COMPRESS_FROM_BYTES ? codingFor(request) : undefined;
  if (coding) response.setHeader('Content-Encoding', coding);
  sendWhole(request, response, answer.type, coding ? await COMPRESS[coding](Buffer.from(body)) : body);
}

/** Sends an answer that is only true now: a clock, a state of health. */
export function sendUnstored(request: Request, response: Response, { type, body }: Answer): void {
  response.setHeader('Cache-Control', 'no-store');
  sendWhole(request, response, type, body);
}

/** Text goes out in one piece with the headers; bytes would be a second one. */
function sendWhole(request: Request, response: Response, type: string, body: string | Buffer): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  // Past Express's own send, which would work out type, ETag and freshness once more.
  if (request.method === 'HEAD') response.end();
  else response.end(body);
}

const etagOf = (body: string | Buffer): string => `W/"${hash('sha1', body, 'base64')}"`;

/**
 * RFC 9110's weak comparison. Express's own also looks at the request's Cache-Control, which is said to caches on the
 * way: browsers add `no-cache` whenever a page sets If-None-Match itself, and would never see a 304.
 */
function isUnchanged(given: string | undefined, etag: string): boolean {
  if (given === undefined) return false;
  if (given === etag || given.trim() === '*') return true;
  const opaque = etag.slice('W/'.length);
  return given.split(',').some((each) => each.trim().replace(/^W\//, '') === opaque);
}

function vary(response: Response, names: string): void {
  const before = response.getHeader('Vary');
  response.setHeader('Vary', before === undefined ? names : `${before}, ${names}`);
}

const brotli = promisify(brotliCompress);
const COMPRESS = {
  // Quality 4 is about as fast as gzip and smaller; the default 11 is made for files packed once.
  br: (body: Buffer): Promise<Buffer> =>
    brotli(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  gzip: promisify<Buffer, Buffer>(gzip),
};

function codingFor(request: Request): keyof typeof COMPRESS | undefined {
  const header = request.headers['accept-encoding'];
  if (header === undefined) return undefined;
  // Browsers name gzip first and mean no order by it. Whoever gives weights does, and gets what they prefer.
  if (!header.includes('q=') && request.acceptsEncodings('br')) return 'br';
  const best = request.acceptsEncodings(['br', 'gzip', 'identity']);
  return best === 'br' || best === 'gzip' ? best : undefined;
}

/** JSON unless the client would rather have CSV where there is any; a problem when it wants neither. */
export function chooseFormat(request: Request, hasCsv: boolean): 'json' | 'csv' {
  const { accept } = request.headers;
  // What nearly every client sends.
  if (!accept || accept === '*/*' || accept === 'application/json') return 'json';
  const offered = hasCsv ? ['application/json', 'text/csv'] : ['application/json'];
  const chosen = request.accepts(offered);
  if (chosen === 'text/csv') return 'csv';
  if (chosen) return 'json';
  throw new HttpProblem(406, {
    kind: 'not-acceptable',
    detail: `This can be answered as ${offered.join(' or ')} only`,
  });
}

/** Nothing here reads a body; one that is sent all the same points to a client that meant something else. */
export function refuseBody({ headers, method }: Request): void {
  if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > 0)) return;
  throw new HttpProblem(400, { kind: 'unexpected-body', detail: `A ${method} request has no body here` });
}
