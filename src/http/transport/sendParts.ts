import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';

/**
 * Sends a file in parts, as fast as they are taken. What goes wrong before the first one is thrown, and answered as ever;
 * after it the connection ends in the middle, so that nobody takes a part for the whole.
 */
export async function sendParts(
  request: Request,
  response: Response,
  {
    type,
    name,
    parts,
  }: { type: string; name: string; parts: AsyncGenerator<string | Uint8Array, void, undefined> },
): Promise<void> {
  const first = await parts.next();
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  if (first.done || request.method === 'HEAD') {
    await parts.return();
    response.end();
    return;
  }
  await pipeline(Readable.from(from(first.value, parts)), response).catch(() => response.destroy());
}

async function* from<Part>(first: Part, rest: AsyncGenerator<Part, void, undefined>): AsyncGenerator<Part> {
  yield first;
  yield* rest;
}
