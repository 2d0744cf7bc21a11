import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';

const compress = promisify(gzip);

/** Below this, compression gains nothing. */
const WORTHWHILE = 1_000;

/** A reply that may be long: a day of a camera is 150 kB of text, and a fifth of that compressed. */
export async function sendJson(request: Request, response: Response, value: unknown): Promise<void> {
  const text = Buffer.from(JSON.stringify(value));
  response.vary('Accept-Encoding').type('json');
  if (text.length < WORTHWHILE || request.acceptsEncodings('gzip') !== 'gzip') response.send(text);
  else response.set('Content-Encoding', 'gzip').send(await compress(text));
}
