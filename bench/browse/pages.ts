import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { S3Reader } from '../../lib/objects/s3-reader.js';
import { archivePages } from '../../src/app-archive.js';

/**
 * What `nvr-uplink browse` runs over a bucket, as a program of its own on the near side of a line: `pages.ts ENDPOINT BUILT-PAGES`.
 * Prints the address that signs a browser in.
 */

const [endpoint, pages] = process.argv.slice(2) as [string, string];
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench-bench-bench' };
const reader = new S3Reader({ endpoint, region: 'us-east-1', credentials, bucket: 'bucket' });
const { url, run } = await archivePages({
  ...{ reader, sites: ['home'], timezone: 'UTC', version: 'bench', pages, ffmpeg: 'ffmpeg' },
  ...{ scratch: await mkdtemp(join(tmpdir(), 'bench-pages-')), listen: { host: '127.0.0.1', port: 0 } },
  ...{ clock: systemClock, log: createLog() },
});
console.log(url);
await run(new AbortController().signal);
