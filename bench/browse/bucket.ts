import { readFile } from 'node:fs/promises';
import { startRadosgw } from '../../test/peers/radosgw.js';
import { DAY_MS, WEEK_CAMERAS, WEEK_START, weekEntries, weekShards } from '../../test/simulators/week.js';
import { Filling } from './filling.js';
import { fleetObjects } from './fleet-footage.js';
import { passThrough } from './pass-through.js';

/**
 * Ceph's radosgw with a bucket to look at, on the far side of a line, where its children are as well: `bucket.ts ADDRESS PORT FILM PHOTO
 * week|fleet…`. Prints how to sign in to it, once it is filled. The films are there where somebody looks: of one camera's fifth day,
 * and with the motion of the last two days.
 */

const [address, port, filmFile, photoFile, ...wanted] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  ...string[],
];
const gateway = await startRadosgw();
process.on('SIGTERM', () => void gateway.stop().then(() => process.exit()));
const filling = await Filling.start(gateway);
if (wanted.includes('week')) await fillWeek(await readFile(filmFile), await readFile(photoFile));
if (wanted.includes('fleet')) for (const { key, text } of fleetObjects()) await filling.put(key, text);
await filling.finish();
await passThrough({ address, port: Number(port), to: gateway.endpoint });
const { credentials, region } = gateway;
console.log(JSON.stringify({ credentials, region }));

async function fillWeek(film: Buffer, photo: Buffer): Promise<void> {
  await filling.film(film);
  const [fifth, sixth, last] = [4, 5, 6].map((day) => WEEK_START + day * DAY_MS) as [number, number, number];
  for (const camera of WEEK_CAMERAS) {
    const entries = weekEntries(camera, { film, photo });
    for (const { key, text } of weekShards(camera, entries)) await filling.put(key, text);
    for (const entry of entries) {
      if (entry.type === 'snapshot' && entry.start >= last) await filling.put(entry.key, photo);
      if (entry.type !== 'segment') continue;
      const isSought = camera === 'gate' && entry.start >= fifth && entry.start < sixth;
      if (isSought || (entry.motion && entry.start >= sixth)) await filling.copyFilm(entry.key);
    }
  }
}
