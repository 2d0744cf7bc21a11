import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Short films with real pictures in the formats that cameras and recorders deliver; resolves to the file. */
export function film(dir: string, name: string, seconds = 2): string {
  const file = join(dir, name);
  const isPicture = name.endsWith('.jpg');
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=160x120:rate=10:duration=${seconds}`],
    ...(isPicture ? ['-frames:v', '1'] : ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10']),
    file,
  ]);
  return file;
}

/** The same film as a Dahua recorder packs it: each picture between `DHAV` and `dhav`, with the local time of its second. */
export function davOf(pictures: readonly Buffer[], perSecond: number, [h, m, s]: [number, number, number]): Buffer {
  const frames = pictures.map((picture, n) => {
    const second = s + Math.floor(n / perSecond);
    // 160 × 120 in units of 8, H.264, pictures a second.
    const about = Buffer.from([0x80, 0, 20, 15, 0x81, 0, 2, perSecond]);
    const head = Buffer.alloc(24);
    const length = 24 + about.length + picture.length + 8;
    head.write('DHAV', 0, 'latin1');
    head[4] = n % perSecond === 0 ? 0xfd : 0xfc;
    head.writeUInt32LE(n, 8);
    head.writeUInt32LE(length, 12);
    head.writeUInt32LE(((26 << 26) | (5 << 22) | (3 << 17) | (h << 12) | (m << 6) | second) >>> 0, 16);
    head[22] = about.length;
    head[23] = head.subarray(0, 23).reduce((sum, byte) => (sum + byte) & 0xff, 0);
    const tail = Buffer.alloc(8);
    tail.write('dhav', 0, 'latin1');
    tail.writeUInt32LE(length, 4);
    return Buffer.concat([head, about, picture, tail]);
  });
  return Buffer.concat(frames);
}

/** The pictures of an H.264 film, each with what comes before it. */
export function picturesOf(annexB: Buffer): Buffer[] {
  const starts: number[] = [];
  for (
    let at = annexB.indexOf('\0\0\0\x01', 0, 'latin1');
    at >= 0;
    at = annexB.indexOf('\0\0\0\x01', at + 4, 'latin1')
  ) {
    // An access unit begins with its parameter sets (7) or, without, with its picture (1).
    const type = annexB[at + 4]! & 31;
    if (type === 7 || (type === 1 && starts.length > 0)) starts.push(at);
  }
  return starts.map((start, n) => annexB.subarray(start, starts[n + 1]));
}
