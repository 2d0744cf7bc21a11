import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { App } from '../../src/app.js';
import { configSchema } from '../../src/config/schema.js';
import type { FileRow } from '../../src/ledger/files.js';
import { encodeClip, packetHashes, type RtspServer, serveClip } from '../peers/rtsp.js';
import { Sshd } from '../peers/sshd.js';
import { until } from '../peers/until.js';

/**
 * Parts nobody here wrote at both ends: GStreamer streams a real clip, OpenSSH takes the uploads. What arrives must be the
 * clip, every packet once, across the borders of segments; bare `ffmpeg -f segment` beside it is the reference.
 */
const ENGINES = ['auto', 'ffmpeg'] as const;
const account = { username: 'viewer', password: "p@ss:w/rd 'quoted'" };
let dir: string;
let clip: string;
let camera: RtspServer;
let sshd: Sshd;
let recorded: Record<(typeof ENGINES)[number], FileRow[]>;
let reference: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'real-input-'));
  clip = join(dir, 'clip.mp4');
  encodeClip(clip, 50);
  camera = await serveClip(clip, account);
  sshd = await Sshd.start();
  await writeFile(join(dir, 'key'), sshd.privateKey, { mode: 0o600 });
  const bare = recordBare(camera.url, join(dir, 'bare'));
  // Side by side, and looked at afterwards: looking takes this process away from the recorders.
  const [auto, ffmpeg] = await Promise.all(ENGINES.map(recordOurs));
  recorded = { auto: auto!, ffmpeg: ffmpeg! };
  reference = await bare.stop();
}, 120_000);

afterAll(async () => {
  await camera?.stop();
  await sshd?.stop();
  await rm(dir, { recursive: true });
});

async function recordOurs(engine: (typeof ENGINES)[number]): Promise<FileRow[]> {
  const config = configSchema.parse({
    site: engine,
    storage: { dir: join(dir, engine), min_free: '1MB' },
    record: { segment: '5s', engine },
    index: { every: '2s' },
    cameras: { gate: { streams: { main: camera.url }, ...account } },
    remotes: {
      ssh: {
        ...{ type: 'sftp', host: sshd.host, port: sshd.port, username: sshd.username },
        ...{ key_file: join(dir, 'key'), host_key: sshd.fingerprint },
      },
    },
  });
  const ffmpeg = await findFfmpeg();
  const app = await App.open({ config, ffmpeg, clock: systemClock, log: createLog({ level: 'silent' }) });
  const stop = new AbortController();
  const running = app.run(stop.signal);
  const delivered = () =>
    app.ledger.files.between('gate', 0, Number.MAX_SAFE_INTEGER).filter((file) => file.verifiedAt && file.run);
  try {
    await until('five delivered segments', () => delivered().length >= 5, 60_000);
    return delivered();
  } finally {
    stop.abort();
    await running;
  }
}

function recordBare(url: string, folder: string) {
  const { username, password } = account;
  const signedIn = url.replace(
    '://',
    `://${encodeURIComponent(username)}:${encodeURIComponent(password).replaceAll("'", '%27')}@`,
  );
  const started = mkdir(folder).then(() =>
    spawn(
      'ffmpeg',
      [
        ...['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', signedIn, '-map', '0', '-c', 'copy'],
        ...['-f', 'segment', '-segment_time', '5', '-segment_format', 'mp4', join(folder, '%03d.mp4')],
      ],
      { stdio: 'ignore' },
    ),
  );
  return {
    async stop() {
      const child = await started;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      return (await readdir(folder)).sort().map((name) => join(folder, name));
    },
  };
}

describe.each(ENGINES)('a clip from GStreamer, recorded and uploaded to OpenSSH (engine %s)', (engine) => {
  let files: FileRow[];
  beforeAll(() => {
    files = recorded[engine];
  });

  it('delivers at least three whole segments, each with the SHA-256 the ledger has', async () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const stored = await readFile(join(sshd.dir, file.key));
      expect(createHash('sha256').update(stored).digest('hex')).toBe(file.sha256);
    }
  });

  it.each(['v', 'a'] as const)('holds every packet of the source once and in order, across borders (%s)', (stream) => {
    const source = packetHashes(clip, stream);
    const packets = files.flatMap((file) => packetHashes(join(sshd.dir, file.key), stream));
    expect(new Set(source).size).toBe(source.length);
    const first = source.indexOf(packets[0]!);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(packets).toEqual(source.slice(first, first + packets.length));
    expect(packets.length).toBeGreaterThan(stream === 'v' ? 15 * 25 : 15 * 46);
  });

  it('loses no more at the start than bare ffmpeg does', () => {
    const source = packetHashes(clip, 'v');
    const ours = source.indexOf(packetHashes(join(sshd.dir, files[0]!.key), 'v')[0]!);
    const bare = source.indexOf(packetHashes(reference[0]!, 'v')[0]!);
    expect(ours).toBeLessThanOrEqual(bare);
    const bareRecorded = reference.flatMap((file) => packetHashes(file, 'v'));
    expect(bareRecorded).toEqual(source.slice(bare, bare + bareRecorded.length));
  });

  it('cuts at wall-clock multiples, joins segments without a gap, and seals each for instant seeking', async () => {
    for (const [index, file] of files.entries()) {
      if (index > 0) {
        expect(file.start).toBe(files[index - 1]!.end);
        // The first keyframe (one a second) after the multiple, plus the time packets take.
        expect(file.start % 5_000).toBeLessThan(3_500);
      }
      const media = await describeMp4(join(sshd.dir, file.key));
      expect(media).toMatchObject({ faststart: true, width: 640, height: 360 });
      expect(media!.codecs).toEqual(['avc1.42c01e', 'mp4a.40.2']);
      // Pictures of 40 ms.
      expect(Math.abs(media!.durationMs - (file.end - file.start))).toBeLessThan(80);
    }
  });

  it('writes index shards that name the same files', async () => {
    const folder = join(
      sshd.dir,
      `${engine}/index/gate`,
      ...new Date(files[0]!.start).toISOString().slice(0, 10).split('-'),
    );
    const lines: string[] = [];
    for (const name of (await readdir(folder)).sort())
      lines.push(...(await readFile(join(folder, name), 'utf8')).trim().split('\n'));
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const file of files.slice(0, 3)) {
      expect(entries).toContainEqual(
        expect.objectContaining({ key: file.key, sha256: file.sha256, bytes: file.bytes }),
      );
    }
  });
});
