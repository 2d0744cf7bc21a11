import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { S3Reader } from '../../lib/objects/s3-reader.js';
import { archivePages } from '../../src/app-archive.js';
import { BUCKET } from './filling.js';

/**
 * What `nvr-uplink browse` runs over a bucket, as a program of its own on the near side of a line: `pages.ts ENDPOINT ACCESS BUILT-PAGES
 * SCRATCH SITE…`. Prints the address that signs a browser in.
 */

const [endpoint, access, pages, scratch, ...sites] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  ...string[],
];
const reader = new S3Reader({ endpoint, ...JSON.parse(access), bucket: BUCKET });
const { url, run } = await archivePages({
  ...{ reader, sites, timezone: 'UTC', version: 'bench', pages, ffmpeg: 'ffmpeg', scratch },
  ...{ listen: { host: '127.0.0.1', port: 0 }, clock: systemClock, log: createLog() },
});
console.log(url);
await run(new AbortController().signal);
