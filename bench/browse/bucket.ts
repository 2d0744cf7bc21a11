import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';

/**
 * As much of S3 as browsing asks for: lists and small objects from a file `{key: text}`, and one film for every key that ends in
 * .mp4. Run as a program of its own, on the far side of a line: `bucket.ts ADDRESS PORT OBJECTS FILM`. `GET /counts` tells how many
 * lists and gets there were, and bytes of films.
 */

const [address, port, objectsFile, film] = process.argv.slice(2) as [string, string, string, string];
const objects = new Map(Object.entries(JSON.parse(await readFile(objectsFile, 'utf8')) as Record<string, string>));
const filmBytes = (await stat(film)).size;
const counts = { lists: 0, gets: 0, bytes: 0 };
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://bucket');
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
  if (url.pathname === '/counts') return void response.end(JSON.stringify(counts));
  if (key === '') return list(url.searchParams, response);
  counts.gets++;
  if (key.endsWith('.mp4')) return sendFilm(request.headers.range, response);
  const text = objects.get(key);
  if (text === undefined) return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
  response.writeHead(200, { 'content-length': Buffer.byteLength(text), etag: '"0"' }).end(text);
});

function list(query: URLSearchParams, response: ServerResponse): void {
  counts.lists++;
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const folders = new Set<string>();
  const found: string[] = [];
  for (const key of objects.keys()) {
    if (!key.startsWith(prefix)) continue;
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    if (end >= 0) folders.add(key.slice(0, end + 1));
    else found.push(key);
  }
  const contents = found.map(
    (key) => `<Contents><Key>${xml(key)}</Key><Size>${Buffer.byteLength(objects.get(key)!)}</Size>
      <ETag>"0"</ETag><LastModified>2026-05-03T00:00:00.000Z</LastModified></Contents>`,
  );
  const prefixes = [...folders].map((folder) => `<CommonPrefixes><Prefix>${xml(folder)}</Prefix></CommonPrefixes>`);
  response.setHeader('content-type', 'application/xml');
  response.end(`<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>
    ${contents.join('')}${prefixes.join('')}</ListBucketResult>`);
}

function sendFilm(range: string | undefined, response: ServerResponse): void {
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const [start, end] = [Number(from), to === '' ? filmBytes - 1 : Math.min(Number(to), filmBytes - 1)];
  response.writeHead(range ? 206 : 200, {
    'content-type': 'video/mp4',
    'accept-ranges': 'bytes',
    'content-length': end - start + 1,
    ...(range && { 'content-range': `bytes ${start}-${end}/${filmBytes}` }),
  });
  createReadStream(film, { start, end })
    .on('error', () => response.destroy())
    .on('data', (data) => (counts.bytes += data.length))
    .pipe(response)
    .on('error', () => undefined);
}

server.listen(Number(port), address, () => console.log('ready'));
